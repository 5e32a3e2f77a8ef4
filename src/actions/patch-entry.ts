/** Changing some of what an alias or a list is, by the version its author has seen. */
import type { Db, Queryable } from "../db/client.ts";
import type { Disabled, Posting } from "../directory/directory.ts";
import type { Mailbox } from "../mail/mailbox.ts";
import { affiliationOf, expiryOf, startOf, targetsOf } from "./address.ts";
import { type Deleted, ownerOf } from "./aliases.ts";
import { type Author, type Changed, changing } from "./change.ts";
import { wordsOf } from "./disabled.ts";
import { type EntryView, readEntry } from "./entries.ts";
import { plainLine } from "./plain-line.ts";
import { Refusal } from "./refusal.ts";
import { together } from "./rehearse.ts";
import { saveEntry, type Wanted } from "./save-entry.ts";
import { type Expected, entryToChange, type Scope } from "./scope.ts";

/** What shall be different, as somebody typed it. What is undefined stays; null takes it away. */
export type EntryPatch = {
  readonly targets?: readonly string[] | undefined;
  readonly owner?: string | null | undefined;
  readonly note?: string | null | undefined;
  readonly starts_at?: string | null | undefined;
  readonly expires_at?: string | null | undefined;
  readonly affiliation?: string | null | undefined;
  readonly disabled?: { readonly answer: Disabled["answer"]; readonly text?: string | undefined } | null | undefined;
  readonly moved?: { readonly to: string; readonly delivers: boolean } | null | undefined;
  /** Lists. */
  readonly posting?: Posting | undefined;
  readonly own_copy?: boolean | undefined;
  readonly may_leave?: boolean | undefined;
  readonly member_limit?: number | null | undefined;
};

/** Changes an entry in scope. Rejects with Stale when it is not the version expected, and with Refusal as saveEntry does. */
export const patchEntry = (
  db: Db,
  author: Author,
  scope: Scope,
  address: string,
  expected: Expected,
  patch: EntryPatch,
): Promise<Changed<EntryView>> =>
  changing(db, async (tx) => {
    const mailbox = await entryToChange(tx, scope, address, expected);
    if (patch.targets ?? patch.moved) refuseUnproved(scope, mailbox);
    const before = await readEntry(tx, mailbox.key);
    if (before === null) throw new Error("an entry that is locked is gone");
    if (before.kind === "alias" && patch.targets?.length === 0)
      throw new Refusal("badData", "an alias needs at least one target", "To stop it, turn it off.");
    if (before.kind === "list" && before.owner !== null && patch.owner === null)
      throw new Refusal("refused", `${before.owner} is the last owner of ${mailbox.key}`, "Name another owner instead.");
    return saveEntry(tx, author, { address: mailbox, kind: before.kind, ...(await wantedOf(tx, patch)) });
  });

/** Where mail of their own address goes people set by a code that the target gets (forwarding/), not by naming it. */
function refuseUnproved({ everything, domains, owners }: Scope, { key, domain }: Mailbox): void {
  if (everything || domains.includes(domain) || !owners.includes(key)) return;
  throw new Refusal("refused", `mail for ${key} is forwarded once the target has been proved`, "Set it under Forwarding.");
}

async function wantedOf(tx: Queryable, patch: EntryPatch): Promise<Omit<Wanted, "address" | "kind">> {
  const { moved, disabled } = patch;
  return {
    targets: patch.targets && (await targetsOf(tx, patch.targets, "the target")),
    owner: await ownerOf(tx, patch.owner),
    note: patch.note === undefined ? undefined : plainLine(patch.note, "the note"),
    startsAt: typeof patch.starts_at === "string" ? startOf(patch.starts_at) : patch.starts_at,
    expiresAt: typeof patch.expires_at === "string" ? expiryOf(patch.expires_at, new Date()) : patch.expires_at,
    affiliation: typeof patch.affiliation === "string" ? affiliationOf(patch.affiliation) : patch.affiliation,
    disabled: disabled && disabledAs(disabled.answer, disabled.text),
    moved: moved && (await movedTo(tx, moved.to, moved.delivers)),
    posting: patch.posting,
    ownCopy: patch.own_copy,
    mayLeave: patch.may_leave,
    memberLimit: patch.member_limit,
    ...(disabled === null && { disabled: null }),
    ...(moved === null && { moved: null }),
  };
}

const disabledAs = (answer: Disabled["answer"], text: string | undefined): Disabled =>
  answer === "text" ? { answer, text: wordsOf(text) } : { answer };

async function movedTo(tx: Queryable, to: string, delivers: boolean) {
  const [target] = await targetsOf(tx, [to], "the new address");
  if (target === undefined) throw new Refusal("badData", "there is no new address", "Name it.");
  return { to: target, delivers };
}

/** Adds targets to an alias and takes others away; as often as it is asked for. Needs no version: nobody else's edit is overwritten. */
export const changeTargets = (
  db: Db,
  author: Author,
  scope: Scope,
  address: string,
  { add, remove }: { readonly add: readonly string[]; readonly remove: readonly string[] },
): Promise<Changed<EntryView>> =>
  changing(db, async (tx) => {
    const mailbox = await entryToChange(tx, scope, address, { kind: "alias" });
    refuseUnproved(scope, mailbox);
    const before = await readEntry(tx, mailbox.key);
    const going = new Set((await targetsOf(tx, remove, "the target")).map(({ key }) => key));
    const targets = await targetsOf(tx, [...(before?.targets ?? []).filter((each) => !going.has(each)), ...add], "the target");
    const [both] = targets.filter(({ key }) => going.has(key));
    if (both !== undefined) throw new Refusal("badData", `${both.key} cannot be added and removed at once`, "Name it on one side.");
    if (targets.length === 0)
      throw new Refusal("refused", `this would take the last target of ${mailbox.key}`, "Add another one first, or turn the alias off.");
    return saveEntry(tx, author, { address: mailbox, kind: "alias", targets });
  });

/** Deletes an entry in scope, by the version its author has seen; what it was stays in the change record. */
export const deleteChecked = (
  db: Db,
  scope: Scope,
  address: string,
  expected: Expected,
  remove: (db: Db) => Promise<Deleted>,
): Promise<Changed<EntryView>> =>
  together(db, async (on) => {
    await entryToChange(on, scope, address, expected);
    return { changed: true, after: null, ...(await remove(on)) };
  });
