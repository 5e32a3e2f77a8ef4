/** Rows of `messages`, `deliveries`, `queued_recipients` and `content_chunks` as the queue writes them. */
import { type MessageId, queueIdOf } from "../../src/mail/queue-id.ts";
import { receivedField } from "../../src/mail/trace-field.ts";
import { arrayLiteral } from "../../src/queue/array-literal.ts";
import type { Random } from "./random.ts";
import type { Column } from "./write.ts";

export type Message = {
  readonly messageId: MessageId;
  readonly receivedAt: Date;
  readonly reversePath: string | null;
  readonly size: number;
  readonly sha256: string;
  readonly headerSize: number;
  readonly prefix: string;
  readonly headerMessageId: string;
  readonly clientAddress: string;
  readonly heloName: string;
  readonly authenticatedAs: string | null;
  readonly recipients: number;
};

/** One recipient of a message and how mail came to it. */
export type Recipient = {
  readonly original: string;
  readonly final: string;
  readonly path: readonly string[];
  readonly list: string | null;
};

export type Delivery = {
  readonly messageId: MessageId;
  readonly recipientNo: number;
  readonly attemptNo: number;
  readonly endedAt: Date;
  readonly outcome: "sent" | "deferred" | "bounced" | "expired" | "discarded" | "deleted";
  readonly recipient: Recipient;
  readonly relay: string | null;
  readonly delays: readonly number[] | null;
  readonly status: string;
  readonly reply: string;
};

/** What of a message follows from who sent it and when. */
export function someEnvelope(
  random: Random,
  messageId: MessageId,
  receivedAt: Date,
  sender: { readonly reversePath: string | null; readonly authenticatedAs: string | null; readonly host: string },
): Omit<Message, "size" | "sha256" | "headerSize" | "recipients"> {
  const { reversePath, authenticatedAs, host } = sender;
  const clientAddress = `203.0.113.${random.between(1, 254)}`;
  const reception = {
    heloName: host,
    clientAddress,
    hostname: "mx1.campus.example",
    queueId: queueIdOf(messageId),
    esmtp: true,
    tls: true,
  };
  const authenticated = authenticatedAs !== null;
  const prefix = receivedField({ ...reception, authenticated, smtputf8: false, recipient: null, at: receivedAt });
  const headerMessageId = `<${random.hex(12)}.${random.digits(6)}@${host}>`;
  return { messageId, receivedAt, reversePath, prefix, headerMessageId, clientAddress, heloName: host, authenticatedAs };
}

export const MESSAGE_COLUMNS: readonly Column<Message>[] = [
  ["message_id", "bigint", (m) => m.messageId],
  ["received_at", "timestamptz", (m) => m.receivedAt.toISOString()],
  ["reverse_path", "text", (m) => m.reversePath],
  ["smtputf8", "boolean", () => false],
  ["body_8bit", "boolean", () => true],
  ["size", "bigint", (m) => m.size],
  ["sha256", "bytea", (m) => `\\x${m.sha256}`],
  ["header_size", "integer", (m) => m.headerSize],
  ["prefix", "text", (m) => m.prefix],
  ["header_message_id", "text", (m) => m.headerMessageId],
  ["client_address", "text", (m) => m.clientAddress],
  ["helo_name", "text", (m) => m.heloName],
  ["authenticated_as", "text", (m) => m.authenticatedAs],
  ["recipient_count", "integer", (m) => m.recipients],
];

export const DELIVERY_COLUMNS: readonly Column<Delivery>[] = [
  ["message_id", "bigint", (d) => d.messageId],
  ["recipient_no", "integer", (d) => d.recipientNo],
  ["attempt_no", "integer", (d) => d.attemptNo],
  ["ended_at", "timestamptz", (d) => d.endedAt.toISOString()],
  ["outcome", "text", (d) => d.outcome],
  ["final_recipient", "text", (d) => d.recipient.final],
  ["original_recipient", "text", (d) => d.recipient.original],
  ["paths", "json", (d) => JSON.stringify([d.recipient.path])],
  ["relay", "text", (d) => d.relay],
  ["delays", "real[]", (d) => (d.delays === null ? null : arrayLiteral(d.delays))],
  ["enhanced_status", "text", (d) => d.status],
  ["reply", "text", (d) => d.reply],
];

/** A recipient that waits. Its last attempt is the last of its deliveries. */
export type Waiting = {
  readonly messageId: MessageId;
  readonly recipientNo: number;
  readonly recipient: Recipient;
  readonly reversePath: string | null;
  readonly attempts: readonly Delivery[];
  readonly scope: string | null;
  readonly nextAttemptAt: Date;
  readonly expiresAt: Date;
  readonly heldAt: Date | null;
  readonly heldReason: string | null;
  readonly quarantinedAt: Date | null;
};

export const WAITING_COLUMNS: readonly Column<Waiting>[] = [
  ["message_id", "bigint", (w) => w.messageId],
  ["recipient_no", "integer", (w) => w.recipientNo],
  ["final_recipient", "text", (w) => w.recipient.final],
  ["original_recipient", "text", (w) => w.recipient.original],
  ["reverse_path", "text", (w) => w.reversePath],
  ["destination", "text", (w) => w.recipient.final.slice(w.recipient.final.lastIndexOf("@") + 1)],
  ["lane", "smallint", (w) => (w.recipient.list === null ? 0 : 1)],
  ["paths", "json", (w) => JSON.stringify([w.recipient.path])],
  ["list", "text", (w) => w.recipient.list],
  ["attempts", "integer", (w) => w.attempts.length],
  ["unrecorded", "smallint", (w) => (w.quarantinedAt === null ? 0 : Math.min(3, w.attempts.length))],
  ["fence", "integer", (w) => w.attempts.length],
  ["failures", "integer", (w) => (w.scope === "local" ? 0 : w.attempts.length)],
  ["next_attempt_at", "timestamptz", (w) => w.nextAttemptAt.toISOString()],
  ["expires_at", "timestamptz", (w) => w.expiresAt.toISOString()],
  ["last_attempt_at", "timestamptz", (w) => w.attempts.at(-1)?.endedAt.toISOString() ?? null],
  ["last_status", "text", (w) => w.attempts.at(-1)?.status ?? null],
  ["last_reply", "text", (w) => w.attempts.at(-1)?.reply ?? null],
  ["last_relay", "text", (w) => w.attempts.at(-1)?.relay ?? null],
  ["last_scope", "text", (w) => w.scope],
  ["held_at", "timestamptz", (w) => w.heldAt?.toISOString() ?? null],
  ["held_reason", "text", (w) => w.heldReason],
  ["quarantined_at", "timestamptz", (w) => w.quarantinedAt?.toISOString() ?? null],
];

export type Chunk = { readonly messageId: MessageId; readonly octets: Buffer };

export const CHUNK_COLUMNS: readonly Column<Chunk>[] = [
  ["message_id", "bigint", (c) => c.messageId],
  ["chunk_no", "integer", () => 0],
  ["octets", "bytea", (c) => `\\x${c.octets.toString("hex")}`],
];
