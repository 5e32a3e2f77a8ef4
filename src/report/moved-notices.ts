/**
 * Tells senders that an address they wrote to is retired, after their mail went to the new one. RFC 3834 §2: never an answer to a bounce,
 * to automatic, bulk or list mail; one answer to a sender in seven days. A forged sender must not be flooded: an address answers few a day.
 */
import type { Queryable } from "../db/client.ts";
import type { Log } from "../log/log.ts";
import type { Header } from "../mail/header.ts";
import { isUnanswerable } from "../mail/header-facts.ts";
import { type Mailbox, mailboxText } from "../mail/mailbox.ts";
import type { Queue } from "../queue/queue.ts";
import type { Reporter } from "./failure-dsn.ts";
import { composeNotice, type NoticeText } from "./notice-mail.ts";
import { noticeRecipients, type ResolveAny } from "./notice-message.ts";

/** Mail that was accepted for a retired address. */
export type MovedMail = {
  readonly sender: Mailbox | null;
  readonly header: Header;
  readonly messageId: string | null;
  readonly from: Mailbox;
  readonly to: Mailbox;
};

export type MovedDeps = {
  readonly queue: Pick<Queue, "withNotices">;
  readonly resolve: ResolveAny;
  readonly reporter: Reporter;
  readonly log: Log;
};

/** Notices that one retired address causes in a day. */
const A_DAY = 100;

/** Senders that are programs, by the names they use. */
const PROGRAMS =
  /^(owner-.*|.*-(request|owner|bounces?)|mailer-daemon|postmaster|no-?reply|do-?not-?reply|bounces?|daemon|root)$|^.*[+=]bounces?[+=].*$|^srs[01][=+-]/i;

/** Sends the notice, or not. Never rejects: the mail itself is safe, and the next one brings the notice. */
export async function tellMoved(deps: MovedDeps, mail: MovedMail): Promise<void> {
  const { sender, from, to } = mail;
  if (sender === null || PROGRAMS.test(sender.localPart) || isUnanswerable(mail.header)) return;
  try {
    const recipients = await noticeRecipients(deps.resolve, sender);
    if (recipients === null) return;
    const lines = [
      `You wrote to ${mailboxText(from)}. That address is being retired; your message has been`,
      `forwarded to ${mailboxText(to)}. Please write there from now on.`,
      "",
      "You hear of this at most once a week.",
    ];
    const text: NoticeText = {
      to: sender,
      domain: from.domain,
      subject: `${mailboxText(from)} has moved`,
      lines,
      automatic: "auto-replied",
      inReplyTo: mail.messageId,
    };
    const notice = await composeNotice(text, recipients, deps.reporter);
    await deps.queue.withNotices(async (tx) => ((await book(tx, from.key, sender.key)) ? [notice] : []));
  } catch (error) {
    deps.log.warn("a sender was not told that an address has moved", { address: from.key, error: String(error) });
  }
}

async function book(tx: Queryable, address: string, sender: string): Promise<boolean> {
  const { rowCount } = await tx.query({
    text: `insert into moved_notices as m (address, sender)
           select $1, $2 where (select count(*) from moved_notices where address = $1 and noticed_at > now() - interval '1 day') < $3
           on conflict (address, sender) do update set noticed_at = now() where m.noticed_at <= now() - interval '7 days'`,
    values: [address, sender, A_DAY],
  });
  return rowCount === 1;
}
