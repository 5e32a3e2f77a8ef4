import type { Mailbox } from "../mail/mailbox.ts";
import { mailboxText } from "../mail/mailbox.ts";
import type { RemoteReply } from "../mail/verdict.ts";
import type { ClaimedMessage, ClaimedRecipient } from "../queue/claim.ts";
import type { Job } from "./lanes.ts";
import type { Session } from "./session.ts";
import type { Transaction } from "./transaction.ts";
import { words } from "./words.ts";

/** A job made to fit what a host offers: the transaction for those it can be sent to, and a final reply for each of the others. */
export type Fitted = {
  readonly recipients: readonly ClaimedRecipient[];
  readonly transaction: Transaction;
  readonly unfit: ReadonlyMap<ClaimedRecipient, RemoteReply>;
};

/** `prefix` stands in front of the content. Content is never changed to fit: what a host does not offer fails with its code. */
export async function fitJob(job: Job, session: Session, prefix: Buffer): Promise<Fitted> {
  const unfit = new Map<ClaimedRecipient, RemoteReply>();
  const { message } = job;
  const size = prefix.length + message.size;
  const forAll = await unfitMessage(job, session, size);
  if (forAll !== null) for (const recipient of job.recipients) unfit.set(recipient, forAll);
  else if (!session.offers("SMTPUTF8")) {
    for (const recipient of job.recipients) if (!isAscii(recipient.finalRecipient)) unfit.set(recipient, words.needsUtf8);
  }
  const recipients = unfit.size === 0 ? job.recipients : job.recipients.filter((recipient) => !unfit.has(recipient));
  const dsn = session.offers("DSN");
  const transaction: Transaction = {
    mail: mailLine(job, recipients, session, size, dsn),
    rcpts: recipients.map((recipient) => rcptLine(job, recipient, dsn)),
    prefix,
    content: message.content.inMemory() ?? message.content.chunks(),
  };
  return { recipients, transaction, unfit };
}

async function unfitMessage(job: Job, session: Session, size: number): Promise<RemoteReply | null> {
  const { envelope } = job.message;
  if (session.sizeLimit > 0 && size > session.sizeLimit) return words.tooLarge;
  if (!session.offers("SMTPUTF8")) {
    if (job.reversePath !== null && !isAscii(job.reversePath)) return words.needsUtf8;
    // RFC 6531 §3.6: header fields in UTF-8 need the extension as addresses do. Asking for it is no proof of needing it.
    if (envelope.smtputf8 && (await has8Bit(job.message, job.message.headerSize))) return words.needsUtf8;
  }
  // RFC 6152 §3: without the extension 8-bit content must be converted, which we never do, or returned. Many clients declare it for ASCII.
  const undeclarable = envelope.body === "8BITMIME" && !session.offers("8BITMIME") && (await has8Bit(job.message, job.message.size));
  return undeclarable ? words.needs8Bit : null;
}

function mailLine(job: Job, recipients: readonly ClaimedRecipient[], session: Session, size: number, dsn: boolean): string {
  const { envelope } = job.message;
  let line = `MAIL FROM:<${wirePath(job.reversePath)}>`;
  if (session.offers("SIZE")) line += ` SIZE=${size}`; // RFC 1870 §6
  if (envelope.body === "8BITMIME" && session.offers("8BITMIME")) line += " BODY=8BITMIME";
  if (session.offers("SMTPUTF8") && (envelope.smtputf8 || recipients.some((r) => !isAscii(r.finalRecipient)))) line += " SMTPUTF8";
  if (dsn && isSendersOwn(job)) {
    if (envelope.ret !== null) line += ` RET=${envelope.ret}`;
    if (envelope.envid !== null) line += ` ENVID=${parameter(envelope.envid)}`;
  }
  return line;
}

function rcptLine(job: Job, recipient: ClaimedRecipient, dsn: boolean): string {
  let line = `RCPT TO:<${wirePath(recipient.finalRecipient)}>`;
  if (dsn && isSendersOwn(job)) {
    const { notify, orcpt } = recipient.dsn;
    if (notify !== null) line += ` NOTIFY=${notify.join(",")}`;
    if (orcpt !== null) line += ` ORCPT=${parameter(orcpt)}`;
  }
  return line;
}

/** RFC 3461 §5.2.7.3: a copy that carries a list's own reverse-path asks nothing of what the author asked. */
const isSendersOwn = (job: Job): boolean => job.reversePath?.key === job.message.envelope.reversePath?.key;

/** Never CR, LF, NUL or a blank outside quotes: what could start another command or parameter. Canonical mailboxes pass; anything else is a fault of ours and throws. */
const PATH = /^(?:"(?:[^\p{Cc}"\\]|\\[ -~])*"|[^\p{Cc} "\\<>()[\]:;,@]+)@[^\p{Cc} "\\<>()@]+$/u;

export function wirePath(mailbox: Mailbox | null): string {
  if (mailbox === null) return "";
  const text = mailboxText(mailbox);
  if (!PATH.test(text)) throw new Error("a path that is no mailbox");
  return text;
}

function parameter(value: string): string {
  if (/[\p{Cc} ]/u.test(value)) throw new Error("a parameter with a blank or a control character");
  return value;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII
const isAscii = (mailbox: Mailbox): boolean => /^[\x00-\x7f]*$/.test(mailbox.localPart);

/** Whether the first `length` octets of the content hold one above 127. */
async function has8Bit(message: ClaimedMessage, length: number): Promise<boolean> {
  let left = length;
  for await (const piece of message.content.inMemory() ?? message.content.chunks()) {
    const part = piece.length > left ? piece.subarray(0, left) : piece;
    for (let at = 0; at < part.length; at++) if ((part[at] as number) > 127) return true;
    left -= part.length;
    if (left <= 0) return false;
  }
  return false;
}
