import { randomUUID } from "node:crypto";
import { authorOf } from "../mail/author.ts";
import { type Header, readHeader } from "../mail/header.ts";
import { countReceived, deliveredTo, messageIdOf } from "../mail/header-facts.ts";
import { missingFields, NOTHING_MISSING } from "../mail/missing-fields.ts";
import { queuedAs, replies } from "../mail/replies.ts";
import type { Reply } from "../mail/reply.ts";
import { deliveredToField, receivedField } from "../mail/trace-field.ts";
import type { NewMessage, NewRecipient } from "../queue/claim.ts";
import type { Content } from "./content.ts";
import type { ContentFault } from "./content-scanner.ts";
import type { Dialogue } from "./dialogue.ts";
import type { Sender, Transaction } from "./transaction.ts";

const faultReplies: Readonly<Record<ContentFault, Reply>> = {
  nul: replies.holdsNul,
  bareLineEnd: replies.bareLineEnd,
  lineTooLong: replies.dataLineTooLong,
  headerTooLarge: replies.headerTooLarge,
  tooLarge: replies.messageTooLarge,
};

/**
 * The answer to the end of data. 250 is said after COMMIT and not before (RFC 5321 §4.2.5); once the commit has begun, its result alone decides,
 * so nothing here gives up waiting for it. Never rejects.
 */
export async function acceptMessage(dialogue: Dialogue, transaction: Transaction, content: Content): Promise<Reply> {
  const dotAt = performance.now();
  try {
    await content.finish();
    const judged = judge(dialogue, transaction, content);
    if ("code" in judged) {
      content.drop();
      return judged;
    }
    const held = (transaction.sender && (await dialogue.context.deps.sending?.heldFor(transaction.sender.person))) ?? null;
    await content.intake.commit(newMessage(dialogue, transaction, content, judged, held));
    dialogue.context.deps.metrics.acceptSeconds.observe((performance.now() - dotAt) / 1000);
    return queuedAs(content.intake.queueId);
  } catch (cause) {
    content.drop();
    return dialogue.trouble("smtp.message_not_stored", cause);
  }
}

/** The header of a message that can be accepted, or the reply that refuses it. */
function judge({ context }: Dialogue, transaction: Transaction, content: Content): Header | Reply {
  const fault = content.scanner.fault();
  if (fault !== null) return faultReplies[fault];
  if (content.troubled !== null) return content.troubled;
  const read = readHeader(content.header());
  if (!read.ok) return read.reply;
  if (countReceived(read.header) > context.limits.receivedFields) return replies.tooManyHops; // RFC 5321 §6.3
  if (transaction.sender !== null && !isByTheSender(read.header, transaction.sender)) return replies.authorNotYours;
  // RFC 9228 §3. Other servers may take Received fields out; whoever forwards leaves this one in.
  const loops = transaction.loopsAmong(deliveredTo(read.header)).length;
  return loops > 0 && loops === transaction.named ? replies.hereBefore : read.header;
}

/** RFC 6409 §6.1. The author is one address in one From field, and one that the person may send from; Sender and Reply-To are free. */
function isByTheSender(header: Header, { rights }: Sender): boolean {
  const author = authorOf(header);
  return author !== null && rights.maySendAs(author);
}

/** `held`: not null, all of it waits for a person, for that reason. */
function newMessage(
  { context, client, state, tls }: Dialogue,
  transaction: Transaction,
  content: Content,
  header: Header,
  held: string | null,
): NewMessage {
  const { envelope, onlyForwardPath, sender } = transaction;
  const at = new Date();
  const { scanner, intake } = content;
  const heloName = state.hello?.name ?? null;
  const received = receivedField({
    heloName: heloName ?? "",
    clientAddress: client.address,
    hostname: context.settings.hostname,
    queueId: intake.queueId,
    esmtp: state.hello?.extended === true,
    tls: tls !== null,
    authenticated: sender !== null,
    smtputf8: envelope.smtputf8,
    recipient: onlyForwardPath,
    at,
  });
  const missing = sender === null ? NOTHING_MISSING : missingFields(header, { id: randomUUID(), hostname: context.settings.hostname, at });
  const trace = onlyForwardPath === null ? received : deliveredToField(onlyForwardPath) + received;
  const recipients = withoutLoops(transaction, header);
  return {
    envelope: scanner.eightBit ? { ...envelope, body: "8BITMIME" } : envelope, // RFC 6152 §3: what it is counts, not what was announced
    // With several forward-paths each would read of the others; a copy that comes back comes back for one of them, and gets it then.
    prefix: trace + missing.fields,
    headerSize: scanner.headerSize < 0 ? scanner.size : scanner.headerSize,
    headerMessageId: messageIdOf(header) ?? missing.messageId,
    clientAddress: client.address,
    heloName,
    authenticatedAs: sender?.person.login ?? null,
    recipients: held === null ? recipients : recipients.map((recipient) => ({ ...recipient, held: recipient.held ?? held })),
  };
}

/** DATA has one reply for all: where some forward-paths loop, the others are served, and those wait for a person instead of going round. */
function withoutLoops(transaction: Transaction, header: Header): readonly NewRecipient[] {
  const loops = new Set(transaction.loopsAmong(deliveredTo(header)));
  if (loops.size === 0) return transaction.recipients;
  return transaction.recipients.map((recipient) =>
    loops.has(recipient.originalRecipient)
      ? { ...recipient, held: recipient.held ?? `mail loop: was here for ${recipient.originalRecipient} before` }
      : recipient,
  );
}
