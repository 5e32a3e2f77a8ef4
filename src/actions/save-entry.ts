/** Writing one entry with its targets: what aliases and lists have in common. */
import type { Queryable } from "../db/client.ts";
import type { Posting } from "../directory/directory.ts";
import type { Mailbox } from "../mail/mailbox.ts";
import { generatedOf, listsAnsweredFor } from "../resolve/generated.ts";
import { loopsThrough } from "../resolve/loop-check.ts";
import { type Author, type Changed, recordChange } from "./change.ts";
import { type EntryView, readEntry } from "./entries.ts";
import { asStored, follow, unknownIn } from "./loops.ts";
import { Refusal } from "./refusal.ts";
import { reservedWarning } from "./reserved.ts";

/** What an entry shall be. What is undefined stays as it is, or gets its default in a new entry. */
export type Wanted = {
  readonly address: Mailbox;
  readonly kind: "alias" | "list";
  readonly targets?: readonly Mailbox[] | undefined;
  readonly owner?: Mailbox | null | undefined;
  readonly expiresAt?: Date | null | undefined;
  readonly note?: string | null | undefined;
  readonly posting?: Posting | undefined;
  readonly ownCopy?: boolean | undefined;
  readonly mayLeave?: boolean | undefined;
  readonly memberLimit?: number | null | undefined;
};

/** Makes the entry so, with its change record, unless it is so already. Refuses a loop, with the loop in the message. */
export async function saveEntry(tx: Queryable, author: Author, wanted: Wanted): Promise<Changed<EntryView>> {
  const key = wanted.address.key;
  const before = await readEntry(tx, key, true);
  if (before && before.kind !== wanted.kind) {
    throw new Refusal(
      "refused",
      `${key} is ${before.kind === "list" ? "a list" : "an alias"}`,
      `To make it anew: mailroom ${before.kind} delete ${key}`,
    );
  }
  if (before === null) await refuseGenerated(tx, wanted);
  const row = rowOf(wanted, before);
  if (before && isSame(before, row)) return { changed: false, before, after: before, warnings: [] };
  await writeRow(tx, row);
  await refuseLoops(tx, wanted.address);
  const after = await readEntry(tx, key);
  await recordChange(tx, author, { action: `${wanted.kind} ${before ? "change" : "create"}`, object: key, before, after });
  const had = new Set(before?.targets);
  const added = (wanted.targets ?? []).filter((target) => !had.has(target.key));
  return { changed: true, before, after, warnings: await warningsAbout(tx, wanted, before === null, added) };
}

/** Looks where mail for an entry would go now, and refuses if it would come back. */
export async function refuseLoops(tx: Queryable, address: Mailbox): Promise<void> {
  const loop = loopsThrough(await follow(asStored(tx), [address]), (node) => node.mailbox.key === address.key).get(address.key);
  if (loop) throw loopRefusal(loop);
}

/** `loop` as in `a → b → a`. */
export const loopRefusal = (loop: string): Refusal =>
  new Refusal("refused", `this would make a loop: ${loop}`, "Leave out one of these steps. Nothing was changed.");

/** What a list has by itself nobody makes, and a list is not made where somebody has what would be its own. */
async function refuseGenerated(tx: Queryable, { address, kind }: Wanted): Promise<void> {
  const { localPart, domain } = address;
  const lists = listsAnsweredFor(localPart).map((list) => `${list.localPart}@${domain}`);
  const { rows } = await tx.query<{ address: string; is_list: boolean }>({
    text: `select address, true as is_list from entries where address = any($1::text[]) and kind = 'list'
           union all select address, false from entries where address = any($2::text[]) limit 1`,
    values: [lists, kind === "list" ? generatedOf(localPart).map((own) => `${own}@${domain}`) : []],
  });
  const [found] = rows;
  if (found?.is_list) {
    throw new Refusal(
      "refused",
      `${address.key} belongs to the list ${found.address}`,
      `It leads to the list's owner: mailroom list set ${found.address} --owner ADDRESS`,
    );
  }
  if (found !== undefined) {
    throw new Refusal(
      "refused",
      `${found.address} exists and would be the list's own address`,
      `Delete it first, then make the list: mailroom alias delete ${found.address}`,
    );
  }
}

type Property = "targets" | "owner" | "posting" | "own_copy" | "may_leave" | "member_limit" | "note" | "expires_at";
type Row = Pick<EntryView, "address" | "kind" | Property> & { readonly domain: string };

function rowOf(wanted: Wanted, before: EntryView | null): Row {
  const kept = <T>(value: T | undefined, old: T | undefined, otherwise: T): T => (value !== undefined ? value : (old ?? otherwise));
  return {
    address: wanted.address.key,
    domain: wanted.address.domain,
    kind: wanted.kind,
    targets: kept(
      wanted.targets?.map((target) => target.key),
      before?.targets,
      [],
    ),
    owner: wanted.owner === undefined ? (before?.owner ?? null) : (wanted.owner?.key ?? null),
    posting: wanted.kind === "list" ? kept(wanted.posting, before?.posting ?? undefined, "anyone") : null,
    own_copy: wanted.kind === "list" ? kept(wanted.ownCopy, before?.own_copy ?? undefined, true) : null,
    may_leave: wanted.kind === "list" ? kept(wanted.mayLeave, before?.may_leave ?? undefined, false) : null,
    member_limit: wanted.memberLimit === undefined ? (before?.member_limit ?? null) : wanted.memberLimit,
    note: kept(wanted.note, before?.note, null),
    expires_at: wanted.expiresAt === undefined ? (before?.expires_at ?? null) : (wanted.expiresAt?.toISOString() ?? null),
  };
}

function isSame(before: EntryView, row: Row): boolean {
  const targets = new Set(before.targets);
  const sameTargets = targets.size === row.targets.length && row.targets.every((target) => targets.has(target));
  return (
    sameTargets &&
    (["owner", "posting", "own_copy", "may_leave", "member_limit", "note", "expires_at"] as const).every(
      (name) => before[name] === row[name],
    )
  );
}

async function writeRow(tx: Queryable, row: Row): Promise<void> {
  await tx.query({
    text: `insert into entries (address, domain, kind, owner, posting, note, expires_at, own_copy, may_leave, member_limit)
           values ($1, $2, $3, $4, $5, $6, $7, coalesce($8, true), coalesce($9, false), $10)
           on conflict (address) do update set owner = excluded.owner, posting = excluded.posting, note = excluded.note,
             expires_at = excluded.expires_at, own_copy = excluded.own_copy, may_leave = excluded.may_leave,
             member_limit = excluded.member_limit, changed_at = now(), version = entries.version + 1`,
    values: [
      row.address,
      row.domain,
      row.kind,
      row.owner,
      row.posting,
      row.note,
      row.expires_at,
      row.own_copy,
      row.may_leave,
      row.member_limit,
    ],
  });
  await tx.query({ text: "delete from targets where address = $1 and target <> all($2::text[])", values: [row.address, row.targets] });
  await tx.query({
    text: "insert into targets (address, target) select $1, unnest($2::text[]) on conflict do nothing",
    values: [row.address, row.targets],
  });
}

/** What is allowed but probably not meant: a reserved name, and addresses of ours that mean nothing. */
async function warningsAbout(tx: Queryable, wanted: Wanted, isNew: boolean, added: readonly Mailbox[]): Promise<readonly string[]> {
  const reserved = isNew ? reservedWarning(wanted.address) : null;
  return [...(reserved ? [reserved] : []), ...(await unknownWarnings(tx, wanted.owner ? [...added, wanted.owner] : added))];
}

/** A sentence for each of the addresses that is at one of our domains and means nothing there, or leads to such a one. */
export async function unknownWarnings(tx: Queryable, addresses: readonly Mailbox[]): Promise<readonly string[]> {
  const unknown = unknownIn(await follow(asStored(tx), addresses));
  const named = unknown.slice(0, 5).map((key) => `${key} has no entry here: mail to it is refused until it has one`);
  return unknown.length > 5 ? [...named, `… and ${unknown.length - 5} more addresses without an entry`] : named;
}
