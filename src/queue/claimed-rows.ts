import type { Db, Queryable } from "../db/client.ts";
import type { Envelope, Notify, ReversePath } from "../mail/envelope.ts";
import { type Mailbox, parseMailbox } from "../mail/mailbox.ts";
import { type MessageId, queueIdOf } from "../mail/queue-id.ts";
import type { ClaimedMessage, ClaimedRecipient, FieldsOfLists, Lane } from "./claim.ts";
import { contentInDatabase } from "./content.ts";

/** What a claiming statement returns of each recipient: the one list of columns for all of them. */
export const CLAIMED_COLUMNS = `q.message_id, q.recipient_no, q.final_recipient, q.original_recipient, q.reverse_path, q.destination, q.lane,
                q.paths, q.notify, q.orcpt, q.attempts, q.fence, q.failures, q.expires_at, q.list, q.member`;

export type ClaimedRow = {
  message_id: bigint;
  recipient_no: number;
  final_recipient: string;
  original_recipient: string;
  reverse_path: string | null;
  destination: string;
  lane: Lane;
  paths: string[][];
  notify: string | null;
  orcpt: string | null;
  attempts: number;
  fence: number;
  failures: number;
  expires_at: Date;
  list: string | null;
  member: string | null;
};

type MessageRow = {
  message_id: bigint;
  received_at: Date;
  reverse_path: string | null;
  smtputf8: boolean;
  body_8bit: boolean;
  ret: Envelope["ret"];
  envid: string | null;
  size: number;
  sha256: Buffer;
  header_size: number;
  prefix: string;
  list_fields: FieldsOfLists | null;
};

/** Puts the messages to the claimed recipients. */
export async function withMessages(db: Db, rows: readonly ClaimedRow[]): Promise<ClaimedMessage[]> {
  if (rows.length === 0) return [];
  const byMessage = new Map<MessageId, ClaimedRow[]>();
  for (const row of rows) {
    const ofMessage = byMessage.get(row.message_id);
    if (ofMessage) ofMessage.push(row);
    else byMessage.set(row.message_id, [row]);
  }
  const messages = await readMessages(db, [...byMessage.keys()]);
  return messages.map((message) => claimedMessage(db, message, byMessage.get(message.message_id) ?? []));
}

/** The bounds let the planner leave out the partitions of all other days. */
async function readMessages(db: Queryable, ids: readonly MessageId[]): Promise<MessageRow[]> {
  const sorted = [...ids].sort((a, b) => (a < b ? -1 : 1));
  const { rows } = await db.query<MessageRow>({
    name: "read_messages",
    text: `select message_id, received_at, reverse_path, smtputf8, body_8bit, ret, envid, size::double precision as size, sha256,
                  header_size, prefix, list_fields
             from messages where message_id = any($1::bigint[]) and message_id between $2 and $3`,
    values: [sorted.map(String), sorted[0], sorted.at(-1)],
  });
  return rows;
}

function claimedMessage(db: Db, row: MessageRow, recipients: readonly ClaimedRow[]): ClaimedMessage {
  return {
    messageId: row.message_id,
    queueId: queueIdOf(row.message_id),
    receivedAt: row.received_at,
    envelope: {
      reversePath: pathOf(row.reverse_path),
      smtputf8: row.smtputf8,
      body: row.body_8bit ? "8BITMIME" : "7BIT",
      ret: row.ret,
      envid: row.envid,
    },
    prefix: row.prefix,
    listFields: row.list_fields ?? undefined,
    size: row.size,
    headerSize: row.header_size,
    content: contentInDatabase(db, row.message_id, row.size, row.sha256),
    recipients: recipients.map(claimedRecipient),
  };
}

function claimedRecipient(row: ClaimedRow): ClaimedRecipient {
  return {
    recipientNo: row.recipient_no,
    finalRecipient: mailboxOf(row.final_recipient),
    originalRecipient: row.original_recipient,
    reversePath: pathOf(row.reverse_path),
    destination: row.destination,
    lane: row.lane,
    paths: row.paths,
    dsn: { notify: row.notify === null ? null : (row.notify.split(",") as unknown as Notify), orcpt: row.orcpt },
    attempt: row.attempts,
    fence: row.fence,
    failures: row.failures,
    expiresAt: row.expires_at,
    list: row.list === null ? undefined : { address: row.list, member: row.member },
  };
}

const pathOf = (text: string | null): ReversePath => (text === null ? null : mailboxOf(text));

/** What the queue holds was canonical when it was put there. */
function mailboxOf(text: string): Mailbox {
  const parsed = parseMailbox(text, { smtputf8: true });
  if (!parsed.ok) throw new Error(`the queue holds a bad address: ${parsed.fault.detail}`);
  return parsed.mailbox;
}
