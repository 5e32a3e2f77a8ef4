/** Switching addresses off and on, retiring them, and dates of single targets. The same for aliases and lists. */
import type { Db, Queryable } from "../db/client.ts";
import type { Disabled } from "../directory/directory.ts";
import type { Mailbox } from "../mail/mailbox.ts";
import { expiryOf, ourAddress, refuseBackwards, startOf, targetsOf } from "./address.ts";
import { noSuch } from "./aliases.ts";
import { type Author, type Changed, changing, nameAuthor, recordChange } from "./change.ts";
import { wordsOf } from "./disabled.ts";
import { type EntryView, readEntry } from "./entries.ts";
import { Refusal } from "./refusal.ts";
import { saveEntry } from "./save-entry.ts";

type Kind = EntryView["kind"];

/** Switches an address off: from the next mail on it is answered so. `text`: the words of the answer `text`. */
export const disableEntry = (
  db: Db,
  author: Author,
  kind: Kind,
  address: string,
  answer: Disabled["answer"],
  text: string | undefined,
): Promise<Changed<EntryView>> =>
  changing(db, async (tx) => {
    const disabled: Disabled = answer === "text" ? { answer, text: wordsOf(text) } : { answer };
    if (answer !== "text" && text !== undefined)
      throw new Refusal("badData", `the answer ${answer} has words of its own`, "To have yours said: --answer text");
    return saveEntry(tx, author, { address: await existing(tx, kind, address), kind, disabled });
  });

/** Lets an address work again that was switched off or retired. */
export const enableEntry = (db: Db, author: Author, kind: Kind, address: string): Promise<Changed<EntryView>> =>
  changing(db, async (tx) => saveEntry(tx, author, { address: await existing(tx, kind, address), kind, disabled: null, moved: null }));

/** Retires an address: who writes to it is told the new one, at once (550 5.1.6) or, with `delivers`, after the mail has gone there. */
export const retireEntry = (
  db: Db,
  author: Author,
  kind: Kind,
  address: string,
  movedTo: string,
  delivers: boolean,
): Promise<Changed<EntryView>> =>
  changing(db, async (tx) => {
    const mailbox = await existing(tx, kind, address);
    const [to] = await targetsOf(tx, [movedTo], "the new address");
    if (to === undefined || to.key === mailbox.key)
      throw new Refusal("badData", `${mailbox.key} cannot move to itself`, "Name another address with --moved-to.");
    return saveEntry(tx, author, { address: mailbox, kind, moved: { to, delivers } });
  });

/** When a target or a member counts. What is undefined stays; null takes the date away. */
export type TargetDates = { readonly starts?: string | null | undefined; readonly expires?: string | null | undefined };

/** Dates one target of an alias or one membership. Refuses who is no target. */
export const dateTarget = (
  db: Db,
  author: Author,
  kind: Kind,
  address: string,
  text: string,
  dates: TargetDates,
): Promise<Changed<EntryView>> =>
  changing(db, async (tx) => {
    const { key } = await existing(tx, kind, address);
    const before = await readEntry(tx, key, true);
    const [target] = await targetsOf(tx, [text], "the target");
    if (target === undefined || !before?.targets.includes(target.key))
      throw new Refusal("notFound", `${target?.key ?? text} is no target of ${key}`, `To see them: mailroom ${kind} get ${key}`);
    const [startsBefore = null, expiresBefore = null] = before.target_dates?.[target.key] ?? [];
    const startsAt = typeof dates.starts === "string" ? startOf(dates.starts) : dates.starts === null ? null : startsBefore;
    const expiresAt =
      typeof dates.expires === "string" ? expiryOf(dates.expires, new Date()) : dates.expires === null ? null : expiresBefore;
    refuseBackwards(startsAt, expiresAt);
    await nameAuthor(tx, author);
    const { rowCount } = await tx.query({
      text: `update targets set starts_at = $3, expires_at = $4 where address = $1 and target = $2
                and (starts_at, expires_at) is distinct from ($3::timestamptz, $4::timestamptz)`,
      values: [key, target.key, startsAt, expiresAt],
    });
    if (rowCount === 0) return { changed: false, before, after: before, warnings: [] };
    await tx.query({ text: "update entries set changed_at = now(), version = version + 1 where address = $1", values: [key] });
    const after = await readEntry(tx, key);
    const change = (view: EntryView | null) => ({ target: target.key, dates: view?.target_dates?.[target.key] ?? null });
    await recordChange(tx, author, { action: `${kind} dates`, object: key, before: change(before), after: change(after) });
    return { changed: true, before, after, warnings: [] };
  });

async function existing(tx: Queryable, kind: Kind, address: string): Promise<Mailbox> {
  const mailbox = await ourAddress(tx, address);
  const entry = await readEntry(tx, mailbox.key);
  if (entry?.kind !== kind) throw noSuch(kind, mailbox.key, entry);
  return mailbox;
}
