import { randomUUID } from "node:crypto";
import { authorOf } from "../mail/author.ts";
import { type Header, readHeader } from "../mail/header.ts";
import { countReceived, deliveredTo, messageIdOf } from "../mail/header-facts.ts";
import { missingFields, NOTHING_MISSING } from "../mail/missing-fields.ts";
import { queuedAs, replies } from "../mail/replies.ts";
import type { Reply } from "../mail/reply.ts";
import { deliveredToField, receivedField } from "../mail/trace-field.ts";
import type { NewMessage } from "../queue/claim.ts";
import type { Content } from "./content.ts";
import type { ContentFault } from "./content-scanner.ts";
import { logDeadEnds } from "./dead-ends.ts";
import { decideForAuthor } from "./decide-recipient.ts";
import type { Dialogue } from "./dialogue.ts";
import { inTime } from "./in-time.ts";
import { applyBrake, checkPost, listParts } from "./post-checks.ts";
import type { Sender, Transaction } from "./transaction.ts";
import { deciderOf } from "./transaction-commands.ts";

type Copy = Transaction["copies"][number];

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
    const header = judge(dialogue, transaction, content);
    const copies = "code" in header ? header : await copiesOf(dialogue, transaction, content, header);
    if ("code" in header || "code" in copies) {
      content.drop();
      return "code" in header ? header : (copies as Reply);
    }
    const held = (transaction.sender && (await dialogue.context.deps.sending?.heldFor(transaction.sender.person))) ?? null;
    await content.intake.commit(newMessage(dialogue, transaction, content, header, held === null ? copies : holdAll(copies, held)));
    dialogue.context.deps.metrics.acceptSeconds.observe((performance.now() - dotAt) / 1000);
    const messageId = messageIdOf(header);
    for (const moved of transaction.moved)
      dialogue.context.deps.moved?.({ ...moved, sender: transaction.envelope.reversePath, header, messageId });
    return queuedAs(content.intake.queueId);
  } catch (cause) {
    content.drop();
    return dialogue.trouble("smtp.message_not_stored", cause);
  }
}

/** The header of a message that can be accepted, or the reply that refuses it. */
function judge({ context }: Dialogue, { sender }: Transaction, content: Content): Header | Reply {
  const fault = content.scanner.fault();
  if (fault !== null) return faultReplies[fault];
  if (content.troubled !== null) return content.troubled;
  const read = readHeader(content.header());
  if (!read.ok) return read.reply;
  if (countReceived(read.header) > context.limits.receivedFields) return replies.tooManyHops; // RFC 5321 §6.3
  return sender === null || isByTheSender(read.header, sender) ? read.header : replies.authorNotYours;
}

/** The copies to be stored, or the reply that refuses the message: what could not be decided at RCPT is decided here. */
async function copiesOf(dialogue: Dialogue, transaction: Transaction, content: Content, header: Header): Promise<readonly Copy[] | Reply> {
  const { context } = dialogue;
  const refusal = await takeAwaited(dialogue, transaction, header);
  if (refusal !== null) return refusal;
  // RFC 9228 §3. Other servers may take Received fields out; whoever forwards leaves this one in.
  const loops = new Set(transaction.loopsAmong(deliveredTo(header)));
  if (loops.size > 0 && loops.size === transaction.named) return replies.hereBefore;
  const copies = checkPost(withoutLoops(transaction.copies, loops), header);
  const sender = transaction.envelope.reversePath;
  const posts = transaction.posts.map(({ address, reach }) => ({ list: address.key, reach }));
  if ("code" in copies || sender === null || posts.length === 0) return copies;
  return applyBrake(copies, await context.deps.brake(posts, sender.key, content.intake.messageId));
}

/** Asks for the list that waits for the author. Null: it takes the post, or there is none. */
async function takeAwaited(dialogue: Dialogue, transaction: Transaction, header: Header): Promise<Reply | null> {
  const { awaited } = transaction;
  if (awaited === null) return null;
  const { deps, limits } = dialogue.context;
  const asked = decideForAuthor(deciderOf(dialogue), awaited.forwardPath, authorOf(header));
  const decision = await inTime(asked, limits.lookupTimeout, "the lookup of an author");
  if (!decision.accepted) return decision.reply;
  if (!transaction.add(decision.forwardPath, awaited.dsn, decision, limits.messageRecipients)) return replies.tooManyRecipients;
  logDeadEnds(deps.log, decision.forwardPath, decision.deadEnds);
  return null;
}

/** RFC 6409 §6.1. The author is one address in one From field, and one that the person may send from; Sender and Reply-To are free. */
function isByTheSender(header: Header, { rights }: Sender): boolean {
  const author = authorOf(header);
  return author !== null && rights.maySendAs(author);
}

function newMessage(
  { context, client, state, tls }: Dialogue,
  transaction: Transaction,
  content: Content,
  header: Header,
  copies: readonly Copy[],
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
  return {
    envelope: scanner.eightBit ? { ...envelope, body: "8BITMIME" } : envelope, // RFC 6152 §3: what it is counts, not what was announced
    // With several forward-paths each would read of the others; a copy that comes back comes back for one of them, and gets it then.
    prefix: trace + missing.fields,
    headerSize: scanner.headerSize < 0 ? scanner.size : scanner.headerSize,
    headerMessageId: messageIdOf(header) ?? missing.messageId,
    clientAddress: client.address,
    heloName,
    authenticatedAs: sender?.person.login ?? null,
    recipients: copies.map(({ recipient }) => recipient),
    ...listParts(copies, header, envelope.reversePath),
  };
}

/** What waits for a list's owner goes on waiting for that first. */
const holdAll = (copies: readonly Copy[], held: string): readonly Copy[] =>
  copies.map((copy) => ({ ...copy, recipient: { ...copy.recipient, held: copy.recipient.held ?? held } }));

/** DATA has one reply for all: where some forward-paths loop, the others are served, and those wait for a person instead of going round. */
function withoutLoops(copies: readonly Copy[], loops: ReadonlySet<string>): readonly Copy[] {
  if (loops.size === 0) return copies;
  return copies.map((copy) => {
    const { originalRecipient, held } = copy.recipient;
    if (!loops.has(originalRecipient)) return copy;
    return { ...copy, recipient: { ...copy.recipient, held: held ?? `mail loop: was here for ${originalRecipient} before` } };
  });
}
