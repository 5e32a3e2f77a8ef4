import type { Queryable } from "../db/client.ts";
import type { Notify, ReversePath } from "../mail/envelope.ts";
import { mailboxText } from "../mail/mailbox.ts";
import type { MessageId } from "../mail/queue-id.ts";
import type { NewMessage } from "./claim.ts";
import type { QueueSettings } from "./settings.ts";

/** A message ready to be stored: its content hashed, the chunks that are not in the database yet, and which recipients are claimed. */
export type Storable = {
  readonly messageId: MessageId;
  readonly message: NewMessage;
  readonly size: number;
  readonly sha256: Buffer;
  /** Chunks to store with it, in order, the first with number `firstChunkNo`. */
  readonly chunks: readonly Buffer[];
  readonly firstChunkNo: number;
  /** How many of the recipients, from the first on, this node keeps to deliver at once. */
  readonly claimed: number;
};

const pathText = (path: ReversePath): string | null => (path === null ? null : mailboxText(path));

const notifyText = (notify: Notify): string | null => notify?.join(",") ?? null;

/**
 * Stores messages, their chunks and their recipients in one statement, hence in one commit: all of them or none.
 * Rows travel as two JSON documents (one parameter each, however many rows); chunks as one binary parameter each, since a
 * bytea array would travel as hex text at a third of the speed. Recipients come in claimed, their first attempt booked.
 */
export async function enqueue(db: Queryable, nodeNo: number, batch: readonly Storable[], settings: QueueSettings): Promise<void> {
  const chunkValues: unknown[] = [];
  const chunkRows: string[] = [];
  for (const { messageId, chunks, firstChunkNo } of batch) {
    chunks.forEach((octets, i) => {
      const at = FIXED_PARAMETERS + chunkValues.length;
      chunkRows.push(`($${at + 1}::bigint, $${at + 2}::integer, $${at + 3}::bytea)`);
      chunkValues.push(messageId, firstChunkNo + i, octets);
    });
  }
  await db.query({
    // One prepared statement per number of chunks; rare large batches are not worth keeping.
    ...(chunkRows.length <= 64 ? { name: `enqueue_${chunkRows.length}` } : {}),
    text: enqueueText(chunkRows),
    values: [
      JSON.stringify(batch.map(messageRow)),
      JSON.stringify(batch.flatMap(recipientRows)),
      nodeNo,
      settings.leaseSeconds,
      settings.lifetimeSeconds,
      settings.noticeLifetimeSeconds,
      ...chunkValues,
    ],
  });
}

const FIXED_PARAMETERS = 6;

const enqueueText = (chunkRows: readonly string[]): string => `
with new_messages as (
  insert into messages (message_id, reverse_path, smtputf8, body_8bit, ret, envid, size, sha256, header_size, prefix,
                        header_message_id, client_address, helo_name, authenticated_as, recipient_count)
  select message_id, reverse_path, smtputf8, body_8bit, ret, envid, size, decode(sha256, 'hex'), header_size, prefix,
         header_message_id, client_address, helo_name, authenticated_as, recipient_count
    from json_to_recordset($1::json) as m(message_id bigint, reverse_path text, smtputf8 boolean, body_8bit boolean, ret text,
         envid text, size bigint, sha256 text, header_size integer, prefix text, header_message_id text, client_address text,
         helo_name text, authenticated_as text, recipient_count integer)
)${chunkRows.length === 0 ? "" : `, new_chunks as (insert into content_chunks (message_id, chunk_no, octets) values ${chunkRows.join(", ")})`}
insert into queued_recipients (message_id, recipient_no, final_recipient, original_recipient, reverse_path, destination, lane, paths,
                               notify, orcpt, attempts, unrecorded, claimed_by, fence, next_attempt_at, expires_at, held_at, held_reason)
select message_id, recipient_no, final_recipient, original_recipient, reverse_path, destination, lane, paths, notify, orcpt,
       claimed, claimed, case when claimed = 1 then $3::integer end, claimed,
       now() + make_interval(secs => claimed * $4::double precision),
       now() + make_interval(secs => case when lane = 2 then $6::double precision else $5::double precision end),
       case when held_reason is not null then now() end, held_reason
  from json_to_recordset($2::json) as r(message_id bigint, recipient_no integer, final_recipient text, original_recipient text,
       reverse_path text, destination text, lane smallint, paths jsonb, notify text, orcpt text, claimed smallint, held_reason text)`;

function messageRow({ messageId, message, size, sha256 }: Storable): object {
  const { envelope } = message;
  return {
    message_id: String(messageId),
    reverse_path: pathText(envelope.reversePath),
    smtputf8: envelope.smtputf8,
    body_8bit: envelope.body === "8BITMIME",
    ret: envelope.ret,
    envid: envelope.envid,
    size,
    sha256: sha256.toString("hex"),
    header_size: message.headerSize,
    prefix: message.prefix,
    header_message_id: message.headerMessageId,
    client_address: message.clientAddress,
    helo_name: message.heloName,
    authenticated_as: message.authenticatedAs,
    recipient_count: message.recipients.length,
  };
}

function recipientRows({ messageId, message, claimed }: Storable): object[] {
  return message.recipients.map((recipient, recipientNo) => ({
    message_id: String(messageId),
    recipient_no: recipientNo,
    final_recipient: mailboxText(recipient.finalRecipient),
    original_recipient: recipient.originalRecipient,
    reverse_path: pathText(recipient.reversePath),
    destination: recipient.finalRecipient.domain,
    lane: recipient.lane,
    paths: recipient.paths,
    notify: notifyText(recipient.dsn.notify),
    orcpt: recipient.dsn.orcpt,
    claimed: recipientNo < claimed && recipient.held === null ? 1 : 0,
    held_reason: recipient.held,
  }));
}
