import type { Queryable } from "../db/client.ts";
import type { Notify, ReversePath } from "../mail/envelope.ts";
import { mailboxText } from "../mail/mailbox.ts";
import type { MessageId } from "../mail/queue-id.ts";
import { type Reply, reply, replyLine } from "../mail/reply.ts";
import type { HeldPost, NewMessage, NewRecipient } from "./claim.ts";
import { arraysOf, type Column, names, unnested } from "./columns.ts";
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
 * Stores messages, their chunks and their recipients in one statement, hence in one commit: all of them or none. Rows travel as
 * one array for each column, however many rows; chunks as one binary parameter each, since a bytea array would travel as hex
 * text at a third of the speed. Recipients come in claimed, their first attempt booked. docs/decisions says what was measured.
 */
export async function enqueue(db: Queryable, nodeNo: number, batch: readonly Storable[], settings: QueueSettings): Promise<void> {
  const heldPosts = batch.flatMap(heldPostsOf);
  const columns = [...arraysOf(batch, MESSAGE_COLUMNS), ...arraysOf(batch.flatMap(recipientsOf), RECIPIENT_COLUMNS)];
  const values: unknown[] = [...columns, nodeNo, settings.leaseSeconds, settings.lifetimeSeconds, settings.noticeLifetimeSeconds];
  const chunkRows: string[] = [];
  for (const { messageId, message, chunks, firstChunkNo } of batch) {
    if (message.recipients.every(({ discarded }) => discarded !== undefined)) continue; // nobody will ask for it
    chunks.forEach((octets, i) => {
      chunkRows.push(`($${values.length + 1}::bigint, $${values.length + 2}::integer, $${values.length + 3}::bytea)`);
      values.push(messageId, firstChunkNo + i, octets);
    });
  }
  const heldFrom = heldPosts.length > 0 ? values.push(...arraysOf(heldPosts, HELD_COLUMNS)) - HELD_COLUMNS.length + 1 : null;
  const discards = discardRows(batch, values);
  // One prepared statement per number of chunks; rare large batches, held posts and what is discarded are not worth keeping.
  const isCommon = chunkRows.length <= 64 && heldFrom === null && discards === "";
  await db.query({
    ...(isCommon ? { name: `enqueue_${chunkRows.length}` } : {}),
    text: enqueueText(chunkRows, heldFrom, discards),
    values,
  });
}

const MESSAGE_COLUMNS: readonly Column<Storable>[] = [
  ["message_id", "bigint", (s) => s.messageId],
  ["reverse_path", "text", (s) => pathText(s.message.envelope.reversePath)],
  ["smtputf8", "boolean", (s) => s.message.envelope.smtputf8],
  ["body_8bit", "boolean", (s) => s.message.envelope.body === "8BITMIME"],
  ["ret", "text", (s) => s.message.envelope.ret],
  ["envid", "text", (s) => s.message.envelope.envid],
  ["size", "bigint", (s) => s.size],
  ["sha256", "bytea", (s) => `\\x${s.sha256.toString("hex")}`],
  ["header_size", "integer", (s) => s.message.headerSize],
  ["prefix", "text", (s) => s.message.prefix],
  ["header_message_id", "text", (s) => s.message.headerMessageId],
  ["client_address", "text", (s) => s.message.clientAddress],
  ["helo_name", "text", (s) => s.message.heloName],
  ["authenticated_as", "text", (s) => s.message.authenticatedAs],
  ["recipient_count", "integer", (s) => s.message.recipients.length],
  ["list_fields", "json", (s) => (s.message.listFields === undefined ? null : JSON.stringify(s.message.listFields))],
];

type RecipientRow = {
  readonly messageId: MessageId;
  readonly recipientNo: number;
  readonly recipient: NewRecipient;
  readonly claimed: 0 | 1;
};

const RECIPIENT_COLUMNS: readonly Column<RecipientRow>[] = [
  ["message_id", "bigint", (r) => r.messageId],
  ["recipient_no", "integer", (r) => r.recipientNo],
  ["final_recipient", "text", (r) => mailboxText(r.recipient.finalRecipient)],
  ["original_recipient", "text", (r) => r.recipient.originalRecipient],
  ["reverse_path", "text", (r) => pathText(r.recipient.reversePath)],
  ["destination", "text", (r) => r.recipient.finalRecipient.domain],
  ["lane", "smallint", (r) => r.recipient.lane],
  ["paths", "json", (r) => JSON.stringify(r.recipient.paths)],
  ["notify", "text", (r) => notifyText(r.recipient.dsn.notify)],
  ["orcpt", "text", (r) => r.recipient.dsn.orcpt],
  ["claimed", "smallint", (r) => r.claimed],
  ["held_reason", "text", (r) => r.recipient.held],
  ["list", "text", (r) => r.recipient.list?.address ?? null],
  ["member", "text", (r) => r.recipient.list?.member ?? null],
  ["held_by", "text", (r) => (r.recipient.held === null ? null : (r.recipient.heldBy ?? null))],
];

type HeldRow = HeldPost & { readonly messageId: MessageId };

const HELD_COLUMNS: readonly Column<HeldRow>[] = [
  ["message_id", "bigint", (h) => h.messageId],
  ["list", "text", (h) => h.list],
  ["reason", "text", (h) => h.reason],
  ["sender", "text", (h) => h.sender],
  ["subject", "text", (h) => h.subject],
];

const heldPostsOf = ({ messageId, message }: Storable): HeldRow[] => (message.heldPosts ?? []).map((post) => ({ ...post, messageId }));

const allRecipientsOf = ({ messageId, message, claimed }: Storable): RecipientRow[] =>
  message.recipients.map((recipient, recipientNo) => ({
    messageId,
    recipientNo,
    recipient,
    claimed: recipientNo < claimed && recipient.held === null && recipient.discarded === undefined ? 1 : 0,
  }));

const recipientsOf = (storable: Storable): RecipientRow[] =>
  allRecipientsOf(storable).filter(({ recipient }) => recipient.discarded === undefined);

/** What is said of a recipient that is never tried: RFC 3463 §3.1 has no better status for success. */
export const discardedReply = (recipient: NewRecipient): Reply => reply(250, "2.0.0", (recipient.discarded ?? "").replace(/[^ -~]/g, "?"));

const DISCARD_COLUMNS: readonly Column<RecipientRow>[] = [
  ["message_id", "bigint", (r) => r.messageId],
  ["recipient_no", "integer", (r) => r.recipientNo],
  ["final_recipient", "text", (r) => mailboxText(r.recipient.finalRecipient)],
  ["original_recipient", "text", (r) => r.recipient.originalRecipient],
  ["paths", "json", (r) => JSON.stringify(r.recipient.paths)],
  ["reply", "text", (r) => replyLine(discardedReply(r.recipient))],
];

/** Recipients to be discarded are rare: they go straight into the trace, never into the queue. Empty text: there are none. */
function discardRows(batch: readonly Storable[], values: unknown[]): string {
  const rows = batch.flatMap(allRecipientsOf).filter(({ recipient }) => recipient.discarded !== undefined);
  if (rows.length === 0) return "";
  const from = values.length + 1;
  values.push(...arraysOf(rows, DISCARD_COLUMNS));
  return `, discards as (
  insert into deliveries (${names(DISCARD_COLUMNS)}, attempt_no, outcome, enhanced_status)
  select ${names(DISCARD_COLUMNS)}, 0, 'discarded', '2.0.0' from ${unnested(DISCARD_COLUMNS, from)} as d(${names(DISCARD_COLUMNS)})
)`;
}

const RECIPIENTS_FROM = 1 + MESSAGE_COLUMNS.length;
const [NODE, LEASE, LIFETIME, NOTICE_LIFETIME] = [0, 1, 2, 3].map((i) => RECIPIENTS_FROM + RECIPIENT_COLUMNS.length + i);

const enqueueText = (chunkRows: readonly string[], heldFrom: number | null, discards: string): string => `
with new_messages as (
  insert into messages (${names(MESSAGE_COLUMNS)}) select * from ${unnested(MESSAGE_COLUMNS, 1)}
)${chunkRows.length === 0 ? "" : `, new_chunks as (insert into content_chunks (message_id, chunk_no, octets) values ${chunkRows.join(", ")})`}
${heldFrom === null ? "" : `, new_held as (insert into held_posts (${names(HELD_COLUMNS)}) select * from ${unnested(HELD_COLUMNS, heldFrom)})`}${discards}
insert into queued_recipients (message_id, recipient_no, final_recipient, original_recipient, reverse_path, destination, lane, paths,
                               notify, orcpt, attempts, unrecorded, claimed_by, fence, next_attempt_at, expires_at, held_at, held_reason, list, member, held_by)
select message_id, recipient_no, final_recipient, original_recipient, reverse_path, destination, lane, paths, notify, orcpt,
       claimed, claimed, case when claimed = 1 then $${NODE}::integer end, claimed,
       now() + make_interval(secs => claimed * $${LEASE}::double precision),
       now() + make_interval(secs => case when lane = 2 then $${NOTICE_LIFETIME}::double precision else $${LIFETIME}::double precision end),
       case when held_reason is not null then now() end, held_reason, list, member, held_by
  from ${unnested(RECIPIENT_COLUMNS, RECIPIENTS_FROM)} as r(${names(RECIPIENT_COLUMNS)})`;
