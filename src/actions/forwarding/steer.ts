/** Pausing forwarding, going on with it, and ending it: a target that was proved once needs no code again. */
import type { Db, Queryable } from "../../db/client.ts";
import { mailboxOfKey } from "../../mail/mailbox.ts";
import { type Author, type Changed, holdDirectory } from "../change.ts";
import type { EntryView } from "../entries.ts";
import { Refusal } from "../refusal.ts";
import { together } from "../rehearse.ts";
import { targetsWith } from "./ask.ts";
import { leadTo } from "./lead.ts";
import { forwardedTo, type OwnAddress } from "./own-address.ts";

type Verified = { readonly request_no: number; readonly target: string; readonly keep_copy: boolean; readonly paused: boolean };

async function lockVerified(tx: Queryable, address: string): Promise<Verified | null> {
  const { rows } = await tx.query<Verified>({
    text: `select request_no::double precision as request_no, target, keep_copy, paused_at is not null as paused from forwarding_requests
            where address = $1 and confirmed_at is not null and ended_at is null for update`,
    values: [address],
  });
  return rows[0] ?? null;
}

/** Mail stays on campus until it is resumed. */
export const pauseForwarding = (db: Db, author: Author, own: OwnAddress): Promise<Changed<EntryView>> =>
  together(db, async (on) => {
    await holdDirectory(on);
    const verified = await lockVerified(on, own.mailbox.key);
    if (verified === null || verified.paused || !forwardedTo(own).includes(verified.target))
      throw new Refusal("refused", `nothing is forwarded from ${own.mailbox.key} that you have confirmed`, "Set forwarding first.");
    refuseNowhere(own);
    const changed = await leadTo(on, author, own, own.campus);
    await on.query({ text: "update forwarding_requests set paused_at = now() where request_no = $1", values: [verified.request_no] });
    return changed;
  });

/** Forwards again as before the pause, under the rules of today. */
export const resumeForwarding = (db: Db, author: Author, own: OwnAddress): Promise<Changed<EntryView>> =>
  together(db, async (on) => {
    await holdDirectory(on);
    const verified = await lockVerified(on, own.mailbox.key);
    const target = mailboxOfKey(verified?.target ?? "");
    if (verified === null || !verified.paused || !target.ok)
      throw new Refusal("refused", `forwarding of ${own.mailbox.key} is not paused`, "Set forwarding anew.");
    const changed = await leadTo(on, author, own, targetsWith(own, target.mailbox, verified.keep_copy));
    await on.query({ text: "update forwarding_requests set paused_at = null where request_no = $1", values: [verified.request_no] });
    return changed;
  });

/** Ends forwarding, and what waits for a code: mail stays on campus. */
export const endForwarding = (db: Db, author: Author, own: OwnAddress): Promise<Changed<EntryView>> =>
  together(db, async (on) => {
    await holdDirectory(on);
    const { rowCount } = await on.query({
      text: "update forwarding_requests set ended_at = now() where address = $1 and ended_at is null",
      values: [own.mailbox.key],
    });
    if (forwardedTo(own).length === 0) return { changed: rowCount > 0, before: own.entry, after: own.entry, warnings: [] };
    refuseNowhere(own);
    return leadTo(on, author, own, own.campus);
  });

/** Without a campus mailbox mail would be refused. */
function refuseNowhere({ campus, isOwnMailbox, mailbox }: OwnAddress): void {
  if (campus.length > 0 || isOwnMailbox) return;
  throw new Refusal(
    "refused",
    `${mailbox.key} has no campus mailbox: without forwarding its mail would be refused`,
    "Forward to another mailbox instead.",
  );
}
