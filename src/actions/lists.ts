import type { Db, Queryable } from "../db/client.ts";
import type { Posting } from "../directory/directory.ts";
import type { Mailbox } from "../mail/mailbox.ts";
import { ourAddress, targetsOf } from "./address.ts";
import { noSuch, ownerOf } from "./aliases.ts";
import { type Author, type Changed, changing, recordChange } from "./change.ts";
import { type EntryView, readEntry } from "./entries.ts";
import { plainLine } from "./plain-line.ts";
import { refuseLoops, saveEntry, unknownWarnings } from "./save-entry.ts";

/** A list as somebody typed it. What is undefined keeps what is there. */
export type ListInput = {
  readonly address: string;
  readonly owner?: string | null | undefined;
  readonly posting?: Posting | undefined;
  readonly note?: string | null | undefined;
};

/** Makes a list without members, or gives the one that exists this owner, posting rule and note; its members stay. */
export const createList = (db: Db, author: Author, input: ListInput): Promise<Changed<EntryView>> =>
  changing(db, async (tx) =>
    saveEntry(tx, author, {
      address: await ourAddress(tx, input.address),
      kind: "list",
      owner: await ownerOf(tx, input.owner),
      posting: input.posting,
      note: input.note === undefined ? undefined : plainLine(input.note, "the note"),
    }),
  );

/** What adding or removing members did: keys that changed sides, and those for which there was nothing to do. */
export type Membership = {
  readonly list: string;
  readonly done: readonly string[];
  readonly already: readonly string[];
  readonly members: number;
  readonly warnings: readonly string[];
};

/** Adds members. Those who are members already are named and nothing happens to them. Refuses a loop, with the loop shown. */
export const addMembers = (db: Db, author: Author, address: string, members: readonly string[]): Promise<Membership> =>
  changing(db, async (tx) => {
    const list = await lockedList(tx, address);
    const wanted = await targetsOf(tx, members, "the member");
    const { rows } = await tx.query<{ target: string }>({
      text: "insert into targets (address, target) select $1, unnest($2::text[]) on conflict do nothing returning target",
      values: [list.key, wanted.map(({ key }) => key)],
    });
    if (rows.length > 0) await refuseLoops(tx, list);
    const done = new Set(rows.map((row) => row.target));
    const warnings = await unknownWarnings(
      tx,
      wanted.filter(({ key }) => done.has(key)),
    );
    return { ...(await settled(tx, author, "list add", list.key, done, wanted)), warnings };
  });

/** Removes members; who is no member is named and nothing happens. */
export const removeMembers = (db: Db, author: Author, address: string, members: readonly string[]): Promise<Membership> =>
  changing(db, async (tx) => {
    const list = await lockedList(tx, address);
    const wanted = await targetsOf(tx, members, "the member");
    const { rows } = await tx.query<{ target: string }>({
      text: "delete from targets where address = $1 and target = any($2) returning target",
      values: [list.key, wanted.map(({ key }) => key)],
    });
    const done = new Set(rows.map((row) => row.target));
    const { members: left, ...outcome } = await settled(tx, author, "list remove", list.key, done, wanted);
    const warnings = done.size > 0 && left === 0 ? ["nobody is on it now: mail to it is refused"] : [];
    return { ...outcome, members: left, warnings };
  });

/** A list that exists, its row locked. */
const lockedList = (tx: Queryable, address: string): Promise<Mailbox> => existingList(tx, address, true);

/** The address of a list that exists, or a Refusal that says what there is instead. */
export async function existingList(tx: Queryable, address: string, lock = false): Promise<Mailbox> {
  const mailbox = await ourAddress(tx, address);
  const list = await readEntry(tx, mailbox.key, lock);
  if (list?.kind !== "list") throw noSuch("list", mailbox.key, list);
  return mailbox;
}

/** Writes the record (only the members that changed: a list may have 100,000) and counts. */
async function settled(
  tx: Queryable,
  author: Author,
  action: "list add" | "list remove",
  list: string,
  done: ReadonlySet<string>,
  wanted: readonly Mailbox[],
): Promise<Omit<Membership, "warnings">> {
  if (done.size > 0) {
    await tx.query({ text: "update entries set changed_at = now(), version = version + 1 where address = $1", values: [list] });
    const members = { members: [...done] };
    await recordChange(tx, author, {
      action,
      object: list,
      before: action === "list remove" ? members : null,
      after: action === "list add" ? members : null,
    });
  }
  const { rows } = await tx.query<{ n: number }>({ text: "select count(*)::int as n from targets where address = $1", values: [list] });
  const already = wanted.map(({ key }) => key).filter((key) => !done.has(key));
  return { list, done: [...done], already, members: rows[0]?.n ?? 0 };
}
