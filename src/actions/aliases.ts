import type { Db } from "../db/client.ts";
import { affiliationOf, expiryOf, ourAddress, startOf, targetsOf } from "./address.ts";
import { type Author, type Changed, changing, nameAuthor, recordChange } from "./change.ts";
import { type EntryView, readEntry } from "./entries.ts";
import { plainLine } from "./plain-line.ts";
import { Refusal } from "./refusal.ts";
import { saveEntry } from "./save-entry.ts";
import type { Allowed } from "./taken.ts";

/** An alias as somebody typed it. `owner`, `expires` and `note`: undefined keeps what is there, null takes it away. */
export type AliasInput = {
  readonly address: string;
  readonly targets: readonly string[];
  readonly owner?: string | null | undefined;
  readonly expires?: string | null | undefined;
  readonly note?: string | null | undefined;
  readonly starts?: string | null | undefined;
  readonly affiliation?: string | null | undefined;
  readonly allow?: Allowed | undefined;
};

/**
 * Makes an alias, or makes the one that exists so: afterwards mail for it goes to exactly these targets. Refuses an address that
 * is not ours, a list, a loop (shown in the message), an expiry in the past.
 */
export const setAlias = (db: Db, author: Author, input: AliasInput): Promise<Changed<EntryView>> =>
  changing(db, async (tx) => {
    if (input.targets.length === 0) throw new Refusal("badData", "an alias needs at least one target", "Name it with --to.");
    return saveEntry(tx, author, {
      address: await ourAddress(tx, input.address),
      kind: "alias",
      targets: await targetsOf(tx, input.targets, "the target"),
      owner: await ownerOf(tx, input.owner),
      expiresAt: typeof input.expires === "string" ? expiryOf(input.expires, new Date()) : input.expires,
      note: input.note === undefined ? undefined : plainLine(input.note, "the note"),
      startsAt: typeof input.starts === "string" ? startOf(input.starts) : input.starts,
      affiliation: typeof input.affiliation === "string" ? affiliationOf(input.affiliation) : input.affiliation,
      allow: input.allow,
    });
  });

/** Who answers for an entry: a mailbox, or nobody. */
export async function ownerOf(tx: Parameters<typeof targetsOf>[0], owner: string | null | undefined) {
  return typeof owner === "string" ? (await targetsOf(tx, [owner], "the owner"))[0] : owner;
}

/** What became of a deleted entry, and who still points at it. */
export type Deleted = { readonly before: EntryView; readonly warnings: readonly string[] };

/** Deletes an alias or a list. What it was stays in the change record, and its name in a tombstone. Refuses what is not there or is of the other kind. */
export const deleteEntry = (db: Db, author: Author, kind: "alias" | "list", address: string): Promise<Deleted> =>
  changing(db, async (tx) => {
    const { key } = await ourAddress(tx, address);
    const before = await readEntry(tx, key, true);
    if (before?.kind !== kind) throw noSuch(kind, key, before);
    await nameAuthor(tx, author);
    await tx.query({ text: "delete from entries where address = $1", values: [key] });
    await recordChange(tx, author, { action: `${kind} delete`, object: key, before, after: null });
    const { rows } = await tx.query<{ address: string }>({
      text: "select address from targets where target = $1 order by 1 limit 4",
      values: [key],
    });
    const named = rows.slice(0, 3).map((row) => row.address);
    const warnings =
      named.length === 0 ? [] : [`still a target of ${named.join(", ")}${rows.length > 3 ? " and others" : ""}: a dead end there now`];
    return { before, warnings };
  });

/** The alias or list with this address, or a Refusal that says what there is instead. */
export async function getEntry(db: Db, kind: "alias" | "list", address: string): Promise<EntryView> {
  const { key } = await ourAddress(db, address);
  const entry = await readEntry(db, key);
  if (entry?.kind !== kind) throw noSuch(kind, key, entry);
  return entry;
}

/** "Not found", or found as the other kind. */
export function noSuch(kind: "alias" | "list", key: string, found: EntryView | null): Refusal {
  const other = found?.kind;
  if (!other) return new Refusal("notFound", `there is no ${kind} ${key}`, `To see what there is: mailroom ${kind} list`);
  return new Refusal(
    "notFound",
    `${key} is ${other === "list" ? "a list, no alias" : "an alias, no list"}`,
    `Use the verbs of mailroom ${other}.`,
  );
}
