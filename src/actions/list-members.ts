/** Who is on a list: read in pages, and changed by many at once. */
import type { Db, Queryable } from "../db/client.ts";
import { filterOf } from "../directory/filter-address.ts";
import { mailboxOfKey } from "../mail/mailbox.ts";
import { listsAnsweredFor } from "../resolve/generated.ts";
import { readMailbox, targetsOf } from "./address.ts";
import type { Author, Changed } from "./change.ts";
import type { EntryView, ListRole } from "./entries.ts";
import type { TargetDates } from "./life.ts";
import { addMembers, removeMembers } from "./lists.ts";
import { Refusal } from "./refusal.ts";
import { together } from "./rehearse.ts";
import { entryToChange, type Scope } from "./scope.ts";
import { literal, STATE } from "./search/find.ts";

/** What an address on a list is. `own`: one that a list has by itself; `unknown`: at a domain of ours, and nothing there. */
type MemberKind = "alias" | "list" | "person" | "group" | "outside" | "own" | "unknown";

export type MemberRow = {
  readonly member: string;
  readonly kind: MemberKind;
  /** `off`, `moved`, `expired` and `not-yet` are those of the member's own entry or of its dates here. */
  readonly state: "active" | "off" | "moved" | "expired" | "not-yet" | "unknown";
  /** Of people and groups: the LDAP source. */
  readonly source: string | null;
  readonly added_at: Date;
  readonly starts_at: Date | null;
  readonly expires_at: Date | null;
};

export type MembersAsked = {
  readonly role: ListRole;
  /** A part of the address, as it stands. */
  readonly q: string;
  readonly after: string | null;
  readonly limit: number;
};

/** One page of those who are this to a list, in order of address, and how many there are in all. */
export async function membersOf(
  db: Queryable,
  list: string,
  { role, q, after, limit }: MembersAsked,
): Promise<{ readonly rows: readonly MemberRow[]; readonly total: number }> {
  const people =
    role === "member"
      ? "select target as member, added_at, starts_at, expires_at from targets where address = $1 and $2 = 'member'"
      : "select mailbox as member, added_at, null::timestamptz as starts_at, null::timestamptz as expires_at from list_roles where address = $1 and role = $2";
  const values = [list, role, q === "" ? null : `%${literal(q.toLowerCase())}%`];
  const matching = `from (${people}) p where ($3::text is null or lower(p.member) like $3)`;
  const [{ rows }, { rows: counts }] = await Promise.all([
    db.query<MemberRow>({
      text: described(`select p.* ${matching} and p.member > $4 order by p.member limit $5`),
      values: [...values, after ?? "", limit],
    }),
    db.query<{ total: number }>({ text: `select count(*)::integer as total ${matching}`, values }),
  ]);
  return { rows: await withOwn(db, rows), total: counts[0]?.total ?? 0 };
}

/** A tag behind `+` and the other name of a domain do not make somebody unknown. */
const described = (page: string): string => `
  select m.member, m.added_at, m.starts_at, m.expires_at, a.source,
         coalesce(e.kind, a.kind, case when d.domain is null then 'outside' else 'unknown' end) as kind,
         case when m.expires_at <= now() then 'expired' when m.starts_at > now() then 'not-yet'
              when e.address is not null then e.state when a.kind is null and d.domain is not null then 'unknown' else 'active' end as state
    from (${page}) m
    left join domains d on d.domain = split_part(m.member, '@', -1)
    left join lateral (select left(m.member, -1 - length(d.domain)) as local_part, coalesce(d.alias_of, d.domain) as at_domain) w on d.domain is not null
    left join lateral (select e.address, e.kind, ${STATE} as state from entries e
                        where e.address in (w.local_part || '@' || w.at_domain, split_part(w.local_part, '+', 1) || '@' || w.at_domain)
                        order by length(e.address) desc limit 1) e on true
    left join lateral (select a.kind, a.source from ldap_answers a
                        where e.address is null and a.address in (m.member, split_part(w.local_part, '+', 1) || '@' || w.at_domain)
                        order by a.source limit 1) a on true
   order by m.member`;

/** What lists have by themselves (LIST-owner and so on) is in no table. */
async function withOwn(db: Queryable, rows: readonly MemberRow[]): Promise<readonly MemberRow[]> {
  const unknown = rows.filter(({ kind }) => kind === "unknown").map(({ member }) => member);
  const own = await ownAddressesAmong(db, unknown);
  return own.size === 0
    ? rows
    : rows.map((row) => (own.has(row.member) ? { ...row, kind: "own", state: row.state === "unknown" ? "active" : row.state } : row));
}

async function ownAddressesAmong(db: Queryable, addresses: readonly string[]): Promise<ReadonlySet<string>> {
  const lists = addresses.flatMap((address) => {
    const parsed = mailboxOfKey(address);
    if (!parsed.ok) return [];
    return listsAnsweredFor(parsed.mailbox.localPart).map(({ localPart }) => [address, `${localPart}@${parsed.mailbox.domain}`] as const);
  });
  if (lists.length === 0) return new Set();
  const { rows } = await db.query<{ address: string }>({
    text: "select address from entries where address = any($1) and kind = 'list'",
    values: [lists.map(([, list]) => list)],
  });
  const there = new Set(rows.map(({ address }) => address));
  return new Set(lists.flatMap(([address, list]) => (there.has(list) ? [address] : [])));
}

/** Addresses as somebody pasted them, told from what is none. */
export function sortedOut(texts: readonly string[]): {
  readonly good: readonly string[];
  readonly bad: readonly { readonly at: number; readonly text: string; readonly detail: string }[];
} {
  const read = texts.map((text, at) => ({ at, text, mailbox: readMailbox(text) }));
  return {
    good: read.flatMap(({ text, mailbox }) => (typeof mailbox === "string" ? [] : [text])),
    bad: read.flatMap(({ at, text, mailbox }) => (typeof mailbox === "string" ? [{ at, text, detail: mailbox }] : [])),
  };
}

export type MembersChange = {
  readonly add: readonly string[];
  readonly remove: readonly string[];
  readonly role: ListRole;
  readonly dates?: TargetDates;
};

/** Keys that changed sides, those for which there was nothing to do, and what of the new ones leads nowhere yet. */
export type MembersChanged = {
  readonly changed: boolean;
  readonly added: readonly string[];
  readonly already: readonly string[];
  readonly removed: readonly string[];
  readonly not_there: readonly string[];
  readonly unknown: readonly string[];
  readonly members: number;
  readonly warnings: readonly string[];
};

/** Adds and removes members of a list in scope, all of it or nothing. */
export const changeMembers = (
  db: Db,
  author: Author,
  scope: Scope,
  address: string,
  { add, remove, role, dates }: MembersChange,
): Promise<MembersChanged> =>
  together(db, async (on) => {
    const { key } = await entryToChange(on, scope, address, { kind: "list" });
    await refuseBoth(on, add, remove);
    const removed = remove.length === 0 ? null : await removeMembers(on, author, key, remove, role);
    const added = add.length === 0 ? null : await addMembers(on, author, key, add, role, dates);
    const last = added ?? removed;
    return {
      changed: (added?.done.length ?? 0) + (removed?.done.length ?? 0) > 0,
      added: added?.done ?? [],
      already: added?.already ?? [],
      removed: removed?.done ?? [],
      not_there: removed?.already ?? [],
      unknown: await unknownAmong(on, added?.done ?? []),
      members: last?.members ?? 0,
      warnings: last?.members === 0 ? (removed?.warnings ?? []) : [],
    };
  });

async function refuseBoth(tx: Queryable, add: readonly string[], remove: readonly string[]): Promise<void> {
  const adding = new Set((await targetsOf(tx, add, "the member")).map(({ key }) => key));
  const both = (await targetsOf(tx, remove, "the member")).find(({ key }) => adding.has(key));
  if (both) throw new Refusal("badData", `${both.key} cannot be added and removed at once`, "Name it on one side.");
}

/** What pasted targets did to an alias, told like that of a list's members. */
export async function targetsChanged(
  tx: Queryable,
  { changed, before, after, warnings }: Changed<EntryView>,
  add: readonly string[],
  remove: readonly string[],
): Promise<MembersChanged> {
  const [had, has] = [new Set(before?.targets), new Set(after?.targets)];
  const keys = async (texts: readonly string[]) => (await targetsOf(tx, texts, "the target")).map(({ key }) => key);
  const [adding, removing] = [await keys(add), await keys(remove)];
  const added = adding.filter((key) => !had.has(key));
  return {
    changed,
    added,
    already: adding.filter((key) => had.has(key)),
    removed: removing.filter((key) => had.has(key)),
    not_there: removing.filter((key) => !had.has(key)),
    unknown: await unknownAmong(tx, added),
    members: has.size,
    warnings: added.length === 0 ? warnings : [],
  };
}

/** Of these, those at our domains for which there is no entry, nobody in LDAP as far as it has been asked, and no list. */
async function unknownAmong(tx: Queryable, keys: readonly string[]): Promise<readonly string[]> {
  if (keys.length === 0) return [];
  const page = `select k as member, now() as added_at, null::timestamptz as starts_at, null::timestamptz as expires_at from unnest($1::text[]) k`;
  const { rows } = await tx.query<MemberRow>({ text: described(page), values: [keys] });
  const unknown = (await withOwn(tx, rows)).filter(({ kind }) => kind === "unknown");
  return unknown.flatMap(({ member }) => {
    const parsed = mailboxOfKey(member);
    return parsed.ok && filterOf(parsed.mailbox) === null ? [member] : [];
  });
}
