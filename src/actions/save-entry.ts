/** Writing one entry with its targets: what aliases and lists have in common. */
import type { Queryable } from "../db/client.ts";
import type { Disabled, Posting } from "../directory/directory.ts";
import type { Mailbox } from "../mail/mailbox.ts";
import { generatedOf, listsAnsweredFor } from "../resolve/generated.ts";
import { loopsThrough } from "../resolve/loop-check.ts";
import { type Author, type Changed, nameAuthor, recordChange } from "./change.ts";
import { type EntryView, readEntry } from "./entries.ts";
import { asStored, follow, unknownIn } from "./loops.ts";
import { refuseOffCampus } from "./off-campus.ts";
import { Refusal } from "./refusal.ts";
import { listFormWarning } from "./reserved.ts";
import { type Allowed, refuseTaken } from "./taken.ts";

/** What an entry shall be. What is undefined stays as it is, or gets its default in a new entry. */
export type Wanted = {
  readonly address: Mailbox;
  readonly kind: "alias" | "list";
  readonly targets?: readonly Mailbox[] | undefined;
  readonly owner?: Mailbox | null | undefined;
  readonly startsAt?: Date | null | undefined;
  readonly expiresAt?: Date | null | undefined;
  readonly disabled?: Disabled | null | undefined;
  readonly moved?: { readonly to: Mailbox; readonly delivers: boolean } | null | undefined;
  readonly affiliation?: string | null | undefined;
  readonly offCampusUntil?: Date | null | undefined;
  readonly note?: string | null | undefined;
  readonly posting?: Posting | undefined;
  readonly allow?: Allowed | undefined;
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
  refuseBadLife(row);
  const similar = before ? [] : await refuseTaken(tx, author, wanted.address, wanted.allow ?? {});
  if (wanted.targets ?? wanted.affiliation ?? wanted.moved) await refuseOffCampus(tx, row);
  await nameAuthor(tx, author);
  await writeRow(tx, row);
  await refuseLoops(tx, wanted.address);
  const after = await readEntry(tx, key);
  await recordChange(tx, author, { action: `${wanted.kind} ${before ? "change" : "create"}`, object: key, before, after });
  const had = new Set(before?.targets);
  const added = (wanted.targets ?? []).filter((target) => !had.has(target.key));
  return { changed: true, before, after, warnings: [...similar, ...(await warningsAbout(tx, wanted, before === null, added))] };
}

/** What the database would refuse without a next step. */
function refuseBadLife(row: SavedRow): void {
  if (row.starts_at !== null && row.expires_at !== null && row.starts_at >= row.expires_at)
    throw new Refusal(
      "badData",
      `it would start at ${row.starts_at}, when it has expired (${row.expires_at})`,
      "Let it start before it ends.",
    );
  const isSilent = row.disabled !== null || (row.moved_to !== null && !row.moved_delivers);
  if (isSilent && row.address.startsWith("postmaster@"))
    throw new Refusal("refused", `${row.address} must take mail (RFC 5321 §4.5.1)`, "Give it other targets instead.");
}

/** Looks where mail for an entry would go now, and refuses if it would come back. */
export async function refuseLoops(tx: Queryable, address: Mailbox): Promise<void> {
  const loop = loopsThrough(await follow(asStored(tx), [address]), (node) => node.mailbox.key === address.key).get(address.key);
  if (loop) throw loopRefusal(loop);
}

/** `loop` as in `a → b → a`. */
export const loopRefusal = (loop: string): Refusal =>
  new Refusal("refused", `this would make a loop: ${loop}`, "Leave out one of these steps. Nothing was changed.", "alias-loop", loop);

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

/** What of an entry is saved as it is, besides its address and targets. */
const PROPERTIES = [
  "owner",
  "posting",
  "own_copy",
  "may_leave",
  "member_limit",
  "note",
  "starts_at",
  "expires_at",
  "disabled",
  "disabled_text",
  "moved_to",
  "moved_delivers",
  "affiliation",
  "off_campus_until",
] as const;

/** An entry as it will be. */
type SavedRow = Pick<EntryView, "address" | "kind" | "targets" | (typeof PROPERTIES)[number]> & { readonly domain: string };

function rowOf(wanted: Wanted, before: EntryView | null): SavedRow {
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
    starts_at: momentOr(wanted.startsAt, before?.starts_at),
    expires_at: momentOr(wanted.expiresAt, before?.expires_at),
    ...lifeOf(wanted, before),
    affiliation: kept(wanted.affiliation, before?.affiliation, null),
    off_campus_until: momentOr(wanted.offCampusUntil, before?.off_campus_until),
  };
}

const momentOr = (wanted: Date | null | undefined, before: string | null | undefined): string | null =>
  wanted === undefined ? (before ?? null) : (wanted?.toISOString() ?? null);

/** Switched off and retired exclude each other: the later word counts. */
function lifeOf(
  { disabled, moved }: Wanted,
  before: EntryView | null,
): Pick<SavedRow, "disabled" | "disabled_text" | "moved_to" | "moved_delivers"> {
  const works = { disabled: null, disabled_text: null, moved_to: null, moved_delivers: false };
  if (disabled) return { ...works, disabled: disabled.answer, disabled_text: disabled.answer === "text" ? disabled.text : null };
  if (moved) return { ...works, moved_to: moved.to.key, moved_delivers: moved.delivers };
  if (disabled === null || moved === null || before === null) return works;
  const { disabled: answer, disabled_text, moved_to, moved_delivers } = before;
  return { disabled: answer, disabled_text, moved_to, moved_delivers };
}

function isSame(before: EntryView, row: SavedRow): boolean {
  const targets = new Set(before.targets);
  const sameTargets = targets.size === row.targets.length && row.targets.every((target) => targets.has(target));
  return sameTargets && PROPERTIES.every((name) => before[name] === row[name]);
}

/** Columns that are never null, and say nothing of an alias. */
const OF_ALIASES: Readonly<Partial<Record<(typeof PROPERTIES)[number], (value: string) => string>>> = {
  own_copy: (value) => `coalesce(${value}, true)`,
  may_leave: (value) => `coalesce(${value}, false)`,
};

async function writeRow(tx: Queryable, row: SavedRow): Promise<void> {
  await tx.query({
    text: `insert into entries (address, domain, kind, ${PROPERTIES.join(", ")})
           values ($1, $2, $3, ${PROPERTIES.map((name, i) => OF_ALIASES[name]?.(`$${i + 4}`) ?? `$${i + 4}`).join(", ")})
           on conflict (address) do update set ${PROPERTIES.map((name) => `${name} = excluded.${name}`).join(", ")},
             changed_at = now(), version = entries.version + 1`,
    values: [row.address, row.domain, row.kind, ...PROPERTIES.map((name) => row[name])],
  });
  await tx.query({ text: "delete from targets where address = $1 and target <> all($2::text[])", values: [row.address, row.targets] });
  await tx.query({
    text: "insert into targets (address, target) select $1, unnest($2::text[]) on conflict do nothing",
    values: [row.address, row.targets],
  });
}

/** What is allowed but probably not meant: a reserved name, and addresses of ours that mean nothing. */
async function warningsAbout(tx: Queryable, wanted: Wanted, isNew: boolean, added: readonly Mailbox[]): Promise<readonly string[]> {
  const reserved = isNew ? listFormWarning(wanted.address) : null;
  return [...(reserved ? [reserved] : []), ...(await unknownWarnings(tx, wanted.owner ? [...added, wanted.owner] : added))];
}

/** A sentence for each of the addresses that is at one of our domains and means nothing there, or leads to such a one. */
export async function unknownWarnings(tx: Queryable, addresses: readonly Mailbox[]): Promise<readonly string[]> {
  const unknown = unknownIn(await follow(asStored(tx), addresses));
  const named = unknown.slice(0, 5).map((key) => `${key} has no entry here: mail to it is refused until it has one`);
  return unknown.length > 5 ? [...named, `… and ${unknown.length - 5} more addresses without an entry`] : named;
}
