import MimeNode from "nodemailer/lib/mime-node";
import { mailboxText } from "../mail/mailbox.ts";
import { replyLine } from "../mail/reply.ts";
import { rfc5322Date } from "../mail/trace-field.ts";
import { decodeXtext } from "../mail/xtext.ts";
import type { ClaimedMessage } from "../queue/claim.ts";
import type { Ending } from "../queue/settle.ts";
import type { FailureNotice } from "./audience.ts";

/** Who writes DSNs: our host and the domain of MAILER-DAEMON. */
export type Reporter = { readonly hostname: string; readonly domain: string; readonly now: () => Date; readonly uniqueId: () => string };

/** A DSN never holds more of the original than this, whatever its header section's size. */
const HEADER_OCTETS = 64 * 1024;

/**
 * RFC 3464: says in words and in fields which recipients failed, and gives the header section of the original back (RFC 3462 §2).
 * The sender reads the address it wrote; where that was forwarded to is not its business, so the final recipient appears neither in
 * the fields nor in the remote's words.
 */
export async function composeFailureDsn(notice: FailureNotice, reporter: Reporter): Promise<Buffer> {
  const message = notice.endings[0]?.message;
  if (!message) throw new Error("a DSN needs a recipient");
  const root = new MimeNode("multipart/report; report-type=delivery-status");
  root.setHeader([
    { key: "From", value: `Mail Delivery System <MAILER-DAEMON@${reporter.domain}>` },
    { key: "To", value: mailboxText(notice.to) },
    { key: "Subject", value: "Undelivered Mail Returned to Sender" },
    { key: "Date", value: rfc5322Date(reporter.now()) },
    { key: "Message-ID", value: `<${reporter.uniqueId()}@${reporter.hostname}>` },
    { key: "Auto-Submitted", value: "auto-replied" }, // RFC 3834 §5
    { key: "MIME-Version", value: "1.0" },
  ]);
  root.createChild("text/plain; charset=utf-8").setContent(inWords(notice, reporter));
  root.createChild("message/delivery-status").setContent(inFields(message, notice.endings, reporter));
  root.createChild("text/rfc822-headers; charset=utf-8").setContent(await originalHeader(message));
  return crlf(await root.build());
}

function inWords({ endings }: FailureNotice, { hostname }: Reporter): string {
  const lines = endings.map(
    (ending) =>
      `<${ending.recipient.originalRecipient}>: ${ending.outcome === "expired" ? "not delivered in time; last answer: " : ""}${diagnostic(ending)}`,
  );
  return [
    `This is the mail system at ${hostname}.`,
    "",
    "Your message could not be delivered to the addresses below. It will not be tried again.",
    "The header of your message is attached.",
    "",
    ...lines,
    "",
  ].join("\r\n");
}

/** RFC 3464 §2.2 and §2.3. */
function inFields(message: ClaimedMessage, endings: readonly Ending[], { hostname }: Reporter): string {
  const perMessage = [
    ...(message.envelope.envid === null ? [] : [`Original-Envelope-Id: ${decoded(message.envelope.envid)}`]),
    `Reporting-MTA: dns; ${hostname}`,
    `X-Mailroom-Queue-ID: ${message.queueId}`,
    `Arrival-Date: ${rfc5322Date(message.receivedAt)}`,
  ];
  const perRecipient = endings.map(({ recipient, ...rest }) => [
    ...(recipient.dsn.orcpt === null ? [] : [`Original-Recipient: ${recipient.dsn.orcpt.replace(/(?<=;).*/, decoded)}`]),
    `Final-Recipient: rfc822; ${recipient.originalRecipient}`,
    "Action: failed",
    `Status: ${failedStatus(rest.verdict.reply.enhancedStatus, rest.outcome)}`,
    `Diagnostic-Code: smtp; ${diagnostic({ recipient, ...rest })}`,
  ]);
  return [perMessage, ...perRecipient].map((fields) => `${fields.join("\r\n")}\r\n`).join("\r\n");
}

/** RFC 3461 §6.3: the fields of a DSN hold ENVID and ORCPT without their xtext. */
const decoded = (xtext: string): string => decodeXtext(xtext) ?? xtext;

/** RFC 3464 §2.3.4 wants a permanent status of a failed recipient: an expired one failed by time (RFC 3463 X.4.7). */
const failedStatus = (status: string, outcome: Ending["outcome"]): string =>
  outcome === "expired" || !status.startsWith("5.") ? "5.4.7" : status;

/** The remote's words without the address we forwarded to, whole or in part. */
function diagnostic({ verdict, recipient }: Pick<Ending, "verdict" | "recipient">): string {
  const words = replyLine(verdict.reply);
  const target = recipient.finalRecipient;
  if (mailboxText(target) === recipient.originalRecipient) return words;
  return [mailboxText(target), target.key, target.localPart, target.domain]
    .filter((secret) => secret.length > 2)
    .reduce((text, secret) => text.replaceAll(new RegExp(secret.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"), "gi"), "[recipient]"), words);
}

async function originalHeader({ content, headerSize }: ClaimedMessage): Promise<Buffer> {
  const wanted = Math.min(headerSize, HEADER_OCTETS);
  const pieces: Buffer[] = [];
  let read = 0;
  if (wanted > 0) {
    for await (const piece of content.chunks()) {
      pieces.push(piece);
      read += piece.length;
      if (read >= wanted) break;
    }
  }
  return Buffer.concat(pieces).subarray(0, wanted);
}

/** Every line end is CRLF, whatever the composer or the original used. */
const crlf = (octets: Buffer): Buffer => Buffer.from(octets.toString("latin1").replace(/\r\n|\r|\n/g, "\r\n"), "latin1");
