import type { Db, Queryable } from "../db/client.ts";
import type { Posting } from "../directory/directory.ts";
import { type Mailbox, mailboxOfKey } from "../mail/mailbox.ts";
import { expiryOf, ourAddress, refuseBackwards, startOf, targetsOf } from "./address.ts";
import { noSuch, ownerOf } from "./aliases.ts";
import { type Author, type Changed, changing, nameAuthor, recordChange } from "./change.ts";
import { type EntryView, type ListRole, readEntry } from "./entries.ts";
import type { TargetDates } from "./life.ts";
import { plainLine } from "./plain-line.ts";
import { Refusal } from "./refusal.ts";
import { refuseLoops, saveEntry, unknownWarnings } from "./save-entry.ts";
import type { Allowed } from "./taken.ts";

/** A list as somebody typed it. What is undefined keeps what is there. */
export type ListInput = {
  readonly address: string;
  readonly owner?: string | null | undefined;
  readonly posting?: Posting | undefined;
  readonly note?: string | null | undefined;
  readonly starts?: string | null | undefined;
  readonly expires?: string | null | undefined;
  readonly allow?: Allowed | undefined;
  readonly ownCopy?: boolean | undefined;
  readonly mayLeave?: boolean | undefined;
  /** Final recipients it may have; null: the general limit. */
  readonly memberLimit?: number | null | undefined;
};

/** Makes a list without members, or gives the one that exists these properties; its members stay. `mustExist`: refuses to make one. */
export const createList = (db: Db, author: Author, input: ListInput, mustExist = false): Promise<Changed<EntryView>> =>
  changing(db, async (tx) => {
    const { posting, ownCopy, mayLeave, memberLimit } = input;
    if (memberLimit != null && memberLimit > LARGEST)
      throw new Refusal("badData", `a list may have ${LARGEST} recipients at most`, "Give a smaller number, or split the list.");
    return saveEntry(tx, author, {
      address: mustExist ? await existingList(tx, input.address) : await ourAddress(tx, input.address),
      kind: "list",
      owner: await ownerOf(tx, input.owner),
      posting,
      ownCopy,
      mayLeave,
      memberLimit,
      note: input.note === undefined ? undefined : plainLine(input.note, "the note"),
      startsAt: typeof input.starts === "string" ? startOf(input.starts) : input.starts,
      expiresAt: typeof input.expires === "string" ? expiryOf(input.expires, new Date()) : input.expires,
      allow: input.allow,
    });
  });

/** DESIGN: more final recipients no list has, whatever its limit says; the database checks it too. */
const LARGEST = 100_000;

/** What adding or removing members did: keys that changed sides, and those for which there was nothing to do. */
export type Membership = {
  readonly list: string;
  readonly done: readonly string[];
  readonly already: readonly string[];
  readonly members: number;
  readonly warnings: readonly string[];
};

/** Where those are written who are this to a list, and their column. */
const tableOf = (role: ListRole): { readonly table: string; readonly column: string } =>
  role === "member" ? { table: "targets", column: "target" } : { table: "list_roles", column: "mailbox" };

/**
 * Adds members, named senders or excluded addresses. Those who are it already are named and nothing happens to them, to their dates neither.
 * `dates`: when the new members count. Refuses a loop, with the loop shown.
 */
export const addMembers = (
  db: Db,
  author: Author,
  address: string,
  members: readonly string[],
  role: ListRole = "member",
  dates: TargetDates = {},
): Promise<Membership> =>
  changing(db, async (tx) => {
    const list = await lockedList(tx, address);
    const wanted = await targetsOf(tx, members, `the ${WORDS[role]}`);
    const { startsAt, expiresAt } = newDates(role, dates);
    await nameAuthor(tx, author);
    const { rows } = await tx.query<{ target: string }>({
      text:
        role === "member"
          ? `insert into targets (address, target, starts_at, expires_at) select $1, unnest($2::text[]), $3::timestamptz, $4::timestamptz
             on conflict do nothing returning target`
          : "insert into list_roles (address, role, mailbox) select $1, $3, unnest($2::text[]) on conflict do nothing returning mailbox as target",
      values: [list.key, wanted.map(({ key }) => key), ...(role === "member" ? [startsAt, expiresAt] : [role])],
    });
    // What excludes somebody can make no loop, and taking an exclusion away can: both are looked at alike.
    if (rows.length > 0) await refuseLoops(tx, list);
    const done = new Set(rows.map((row) => row.target));
    const fresh = wanted.filter(({ key }) => done.has(key));
    const warnings = role === "member" ? await unknownWarnings(tx, fresh) : [];
    return { ...(await settled(tx, author, { what: "add", role, dates: { startsAt, expiresAt } }, list.key, done, wanted)), warnings };
  });

function newDates(role: ListRole, { starts, expires }: TargetDates): { readonly startsAt: Date | null; readonly expiresAt: Date | null } {
  const startsAt = typeof starts === "string" ? startOf(starts) : null;
  const expiresAt = typeof expires === "string" ? expiryOf(expires, new Date()) : null;
  if (role !== "member" && (startsAt !== null || expiresAt !== null))
    throw new Refusal("badData", `a ${WORDS[role]} has no dates`, "Only members begin and end.");
  refuseBackwards(startsAt, expiresAt);
  return { startsAt, expiresAt };
}

/** Takes them away again; who is no such is named and nothing happens. */
export const removeMembers = (
  db: Db,
  author: Author,
  address: string,
  members: readonly string[],
  role: ListRole = "member",
): Promise<Membership> =>
  changing(db, async (tx) => {
    const list = await lockedList(tx, address);
    const wanted = await targetsOf(tx, members, `the ${WORDS[role]}`);
    return removeFrom(tx, author, list, role, wanted);
  });

/**
 * A member takes itself off, by the link in a copy. True: it was one; false: no longer, or the list does not exist or lets nobody leave
 * any more. The list's row is locked, so that a link used twice at once is one change.
 */
export const leaveList = (db: Db, author: Author, list: string, member: string): Promise<boolean> =>
  changing(db, async (tx) => {
    const entry = await readEntry(tx, list, true);
    const [mailbox, gone] = [mailboxOfKey(list), mailboxOfKey(member)];
    if (entry?.kind !== "list" || !entry.may_leave || !mailbox.ok || !gone.ok) return false;
    const { done } = await removeFrom(tx, author, mailbox.mailbox, "member", [gone.mailbox], "list leave");
    return done.length > 0;
  });

async function removeFrom(
  tx: Queryable,
  author: Author,
  list: Mailbox,
  role: ListRole,
  wanted: readonly Mailbox[],
  action?: string,
): Promise<Membership> {
  const { table, column } = tableOf(role);
  await nameAuthor(tx, author);
  const { rows } = await tx.query<{ target: string }>({
    text: `delete from ${table} where address = $1 and ${column} = any($2)${role === "member" ? "" : " and role = $3"} returning ${column} as target`,
    values: [list.key, wanted.map(({ key }) => key), ...(role === "member" ? [] : [role])],
  });
  if (role === "excluded" && rows.length > 0) await refuseLoops(tx, list);
  const done = new Set(rows.map((row) => row.target));
  const { members: left, ...outcome } = await settled(tx, author, { what: "remove", role, action }, list.key, done, wanted);
  const warnings = role === "member" && done.size > 0 && left === 0 ? ["nobody is on it now: mail to it is refused"] : [];
  return { ...outcome, members: left, warnings };
}

/** For people. */
const WORDS: Readonly<Record<ListRole, string>> = { member: "member", sender: "sender", excluded: "excluded address" };

/** A list that exists, its row locked. */
const lockedList = (tx: Queryable, address: string): Promise<Mailbox> => existingList(tx, address, true);

/** The address of a list that exists, or a Refusal that says what there is instead. */
export async function existingList(tx: Queryable, address: string, lock = false): Promise<Mailbox> {
  const mailbox = await ourAddress(tx, address);
  const list = await readEntry(tx, mailbox.key, lock);
  if (list?.kind !== "list") throw noSuch("list", mailbox.key, list);
  return mailbox;
}

/** How the change record calls them. */
const RECORDED: Readonly<Record<ListRole, string>> = { member: "members", sender: "senders", excluded: "excluded" };

type Settling = {
  readonly what: "add" | "remove";
  readonly role: ListRole;
  readonly action?: string | undefined;
  /** Of members that were added. */
  readonly dates?: { readonly startsAt: Date | null; readonly expiresAt: Date | null };
};

/** Writes the record (only the members that changed: a list may have 100,000) and counts. */
async function settled(
  tx: Queryable,
  author: Author,
  { what, role, action = `list ${what}`, dates }: Settling,
  list: string,
  done: ReadonlySet<string>,
  wanted: readonly Mailbox[],
): Promise<Omit<Membership, "warnings">> {
  if (done.size > 0) {
    await tx.query({ text: "update entries set changed_at = now(), version = version + 1 where address = $1", values: [list] });
    const dated = dates !== undefined && (dates.startsAt !== null || dates.expiresAt !== null);
    const members = { [RECORDED[role]]: [...done], ...(dated && { starts_at: dates.startsAt, expires_at: dates.expiresAt }) };
    await recordChange(tx, author, {
      action,
      object: list,
      before: what === "remove" ? members : null,
      after: what === "add" ? members : null,
    });
  }
  const { rows } = await tx.query<{ n: number }>({
    text: `select count(*)::int as n from ${tableOf(role).table} where address = $1${role === "member" ? "" : " and role = $2"}`,
    values: [list, ...(role === "member" ? [] : [role])],
  });
  const already = wanted.map(({ key }) => key).filter((key) => !done.has(key));
  return { list, done: [...done], already, members: rows[0]?.n ?? 0 };
}
