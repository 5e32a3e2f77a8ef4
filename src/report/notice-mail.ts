/** Short mail of our own in plain text, from a domain's postmaster: to owners, and to who writes to an address that has moved. */
import MimeNode from "nodemailer/lib/mime-node";
import { type Mailbox, mailboxText } from "../mail/mailbox.ts";
import { rfc5322Date } from "../mail/trace-field.ts";
import type { NewRecipient } from "../queue/claim.ts";
import type { Notice } from "../queue/notice.ts";
import type { Reporter } from "./failure-dsn.ts";
import { noticeMessage } from "./notice-message.ts";

/** `domain`: of ours, whose postmaster writes. `automatic`: RFC 3834 §5, what made us write. */
export type NoticeText = {
  readonly to: Mailbox;
  readonly domain: string;
  readonly subject: string;
  readonly lines: readonly string[];
  readonly automatic: "auto-generated" | "auto-replied";
  readonly inReplyTo?: string | null;
};

/** The notice as a message for these recipients. Its reverse-path is null, so that nothing ever answers it (RFC 5321 §4.5.5). */
export async function composeNotice(text: NoticeText, recipients: readonly NewRecipient[], reporter: Reporter): Promise<Notice> {
  const node = new MimeNode("text/plain; charset=utf-8");
  node.setHeader([
    { key: "From", value: `Mail administration <postmaster@${text.domain}>` },
    { key: "To", value: mailboxText(text.to) },
    { key: "Subject", value: text.subject },
    { key: "Date", value: rfc5322Date(reporter.now()) },
    { key: "Message-ID", value: `<${reporter.uniqueId()}@${reporter.hostname}>` },
    ...(text.inReplyTo ? [{ key: "In-Reply-To", value: text.inReplyTo }] : []),
    { key: "Auto-Submitted", value: text.automatic },
    { key: "MIME-Version", value: "1.0" },
  ]);
  node.setContent(`${text.lines.join("\r\n")}\r\n`);
  const built = await node.build();
  const octets = Buffer.from(built.toString("latin1").replace(/\r\n|\r|\n/g, "\r\n"), "latin1");
  return { message: noticeMessage(octets, recipients), octets };
}
