/** What somebody's own addresses are, and by what ways mail comes to them. */
import type { Queryable } from "../db/client.ts";
import { reachersOf } from "../directory/reverse.ts";
import { type EntryView, readEntry } from "./entries.ts";

/** An alias that somebody has or owns. `is_own`: one of their own addresses, which cannot be turned off. */
export type OwnAlias = Pick<
  EntryView,
  "address" | "targets" | "starts_at" | "expires_at" | "disabled" | "moved_to" | "moved_delivers" | "version"
> & { readonly is_own: boolean };

/** Somebody who owns more sees these, and the rest under Addresses. */
const MOST = 100;

/** The aliases that name one of these addresses as owner, or are one. */
export async function ownAliases(db: Queryable, owners: readonly string[]): Promise<{ items: readonly OwnAlias[]; more: boolean }> {
  const { rows } = await db.query<{ address: string }>({
    text: `select address from entries where kind = 'alias' and (owner = any($1::text[]) or address = any($1::text[]))
            order by address <> all($1::text[]), address limit $2`,
    values: [owners, MOST + 1],
  });
  const entries = await Promise.all(rows.slice(0, MOST).map(({ address }) => readEntry(db, address)));
  const items = entries.flatMap((entry) => (entry === null ? [] : [aliasOf(entry, owners.includes(entry.address))]));
  return { items, more: rows.length > MOST };
}

const aliasOf = (entry: EntryView, isOwn: boolean): OwnAlias => ({
  address: entry.address,
  targets: entry.targets.slice(0, 20),
  starts_at: entry.starts_at,
  expires_at: entry.expires_at,
  disabled: entry.disabled,
  moved_to: entry.moved_to,
  moved_delivers: entry.moved_delivers,
  version: entry.version,
  is_own: isOwn,
});

/** Something that brings mail to somebody. `via`: through what, when it is not straight. */
export type Way = {
  readonly address: string;
  readonly kind: "alias" | "list" | "group";
  readonly via: string | null;
  readonly owner: string | null;
  readonly may_leave: boolean;
};

/** Everything that leads to these addresses and mailboxes, but they themselves and the aliases they own. */
export async function waysTo(
  db: Queryable,
  owners: readonly string[],
  mailboxes: readonly string[],
): Promise<{ items: readonly Way[]; more: boolean }> {
  const own = [...new Set([...owners, ...mailboxes])];
  const isOwners = (owner: string | null): boolean => owner !== null && owners.includes(owner);
  const answers = await Promise.all(own.map((key) => reachersOf(db, key)));
  const found = new Map<string, Way>();
  for (const { reachers } of answers)
    for (const { address, kind, owner, via } of reachers)
      if (kind !== "person" && !own.includes(address) && !found.has(address) && !(kind === "alias" && isOwners(owner)))
        found.set(address, { address, kind, owner, via: own.includes(via) ? null : via, may_leave: false });
  const lists = [...found.values()].filter(({ kind, via }) => kind === "list" && via === null).map(({ address }) => address);
  const { rows } = await db.query<{ address: string }>({
    text: "select address from entries where address = any($1::text[]) and kind = 'list' and may_leave",
    values: [lists],
  });
  const leavable = new Set(rows.map(({ address }) => address));
  return {
    items: [...found.values()].map((way) => ({ ...way, may_leave: leavable.has(way.address) })),
    more: answers.some(({ more }) => more),
  };
}

/** A list that somebody looks after. */
export type OwnList = {
  readonly address: string;
  readonly posting: string;
  readonly members: number;
  readonly more_members: boolean;
  readonly note: string | null;
  readonly expires_at: string | null;
  readonly disabled: string | null;
};

/** Members that are counted; of more it is said that there are more. */
const COUNTED = 1000;

/** One page of the lists that name one of these addresses as owner, in order of address. */
export async function ownLists(db: Queryable, owners: readonly string[], after: string, limit: number): Promise<readonly OwnList[]> {
  const { rows } = await db.query<Omit<OwnList, "expires_at" | "more_members"> & { expires_at: Date | null }>({
    text: `select address, posting, note, expires_at, disabled,
                  (select count(*)::integer from (select from targets t where t.address = e.address limit ${COUNTED + 1}) x) as members
             from entries e where kind = 'list' and owner = any($1::text[]) and address > $2 order by address limit $3`,
    values: [owners, after, limit],
  });
  return rows.map(({ expires_at, members, ...row }) => ({
    ...row,
    members: Math.min(members, COUNTED),
    more_members: members > COUNTED,
    expires_at: expires_at?.toISOString() ?? null,
  }));
}
