import MimeNode from "nodemailer/lib/mime-node";
import { type Mailbox, mailboxText } from "../mail/mailbox.ts";
import { rfc5322Date } from "../mail/trace-field.ts";
import type { Reporter } from "./failure-dsn.ts";

/** What a notice about a held post says. `subject`: of the post, for the reader. */
export type HeldNotice = { readonly to: Mailbox; readonly title: string; readonly lines: readonly string[]; readonly subject: string };

/** A plain message of ours about a post, which no machine answers (RFC 3834 §5). */
export async function composeHeldNotice({ to, title, lines, subject }: HeldNotice, reporter: Reporter): Promise<Buffer> {
  const node = new MimeNode("text/plain; charset=utf-8");
  node.setHeader([
    { key: "From", value: `Mail Delivery System <MAILER-DAEMON@${reporter.domain}>` },
    { key: "To", value: mailboxText(to) },
    { key: "Subject", value: subject === "" ? title : `${title}: ${subject}` },
    { key: "Date", value: rfc5322Date(reporter.now()) },
    { key: "Message-ID", value: `<${reporter.uniqueId()}@${reporter.hostname}>` },
    { key: "Auto-Submitted", value: "auto-generated" },
    { key: "MIME-Version", value: "1.0" },
  ]);
  node.setContent([`This is the mail system at ${reporter.hostname}.`, "", ...lines, ""].join("\r\n"));
  return Buffer.from((await node.build()).toString("latin1").replace(/\r\n|\r|\n/g, "\r\n"), "latin1");
}
