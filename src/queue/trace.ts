/** What happened to messages: the rows of `messages` and `deliveries`, put together for people. */
import type { Queryable } from "../db/client.ts";
import { firstIdAt, type MessageId, queueIdOf } from "../mail/queue-id.ts";

/** One attempt that ended for one recipient. */
export type TracedDelivery = {
  readonly endedAt: Date;
  readonly outcome: string;
  readonly to: string;
  readonly origTo: string;
  readonly paths: readonly (readonly string[])[];
  readonly relay: string | null;
  readonly delays: readonly number[] | null;
  readonly enhancedStatus: string;
  readonly reply: string;
};

export type TracedMessage = {
  readonly queueId: string;
  readonly receivedAt: Date;
  readonly from: string | null;
  readonly size: number;
  readonly sha256: string;
  readonly headerMessageId: string | null;
  readonly clientAddress: string | null;
  readonly heloName: string | null;
  /** The login of the person who sent it; null: it came from another server. */
  readonly authenticatedAs: string | null;
  readonly recipients: number;
  readonly deliveries: readonly TracedDelivery[];
  /** Recipients still in the queue. */
  readonly waiting: readonly { to: string; origTo: string; reason: string | null; nextAttemptAt: Date; state: string }[];
};

export type TraceQuery = {
  /** Final or original recipient. */
  readonly to?: string | undefined;
  readonly from?: string | undefined;
  readonly headerMessageId?: string | undefined;
  readonly messageId?: MessageId | undefined;
  /** Messages received from then on. */
  readonly since: Date;
  readonly limit: number;
};

/** Newest first. */
export async function traceMessages(db: Queryable, query: TraceQuery): Promise<TracedMessage[]> {
  const ids = await findMessages(db, query);
  if (ids.length === 0) return [];
  const [messages, deliveries, waiting] = await Promise.all([readTraced(db, ids), readDeliveries(db, ids), readWaiting(db, ids)]);
  return messages.map(({ messageId, ...row }) => ({
    ...row,
    queueId: queueIdOf(messageId),
    deliveries: deliveries.get(messageId) ?? [],
    waiting: waiting.get(messageId) ?? [],
  }));
}

/** Each condition has an index of its own; ids bound the days, so that other partitions are not looked at. */
async function findMessages(db: Queryable, query: TraceQuery): Promise<MessageId[]> {
  const conditions = ["m.message_id >= $1"];
  const values: unknown[] = [query.messageId ?? firstIdAt(query.since.getTime()), query.limit];
  const add = (condition: (place: string) => string, value: unknown): void => {
    values.push(value);
    conditions.push(condition(`$${values.length}`));
  };
  if (query.messageId !== undefined) add((p) => `m.message_id = ${p}`, query.messageId);
  if (query.from !== undefined)
    add((p) => (query.from === "" ? `${p} = '' and m.reverse_path is null` : `m.reverse_path = ${p}`), query.from);
  if (query.headerMessageId !== undefined) add((p) => `m.header_message_id = ${p}`, query.headerMessageId);
  if (query.to !== undefined) add((p) => `m.message_id in (${recipientIds(p)})`, query.to);
  const { rows } = await db.query<{ message_id: bigint }>({
    text: `select m.message_id from messages m where ${conditions.join(" and ")} order by m.message_id desc limit $2`,
    values,
  });
  return rows.map((row) => row.message_id);
}

const recipientIds = (place: string): string => `
  select message_id from deliveries where final_recipient = ${place} and message_id >= $1
  union select message_id from deliveries where original_recipient = ${place} and message_id >= $1
  union select message_id from queued_recipients where (final_recipient = ${place} or original_recipient = ${place}) and message_id >= $1`;

type TracedRow = Omit<TracedMessage, "queueId" | "deliveries" | "waiting"> & { messageId: bigint };

async function readTraced(db: Queryable, ids: readonly MessageId[]): Promise<TracedRow[]> {
  const { rows } = await db.query<TracedRow>({
    text: `select message_id as "messageId", received_at as "receivedAt", reverse_path as "from", size::double precision as size,
                  encode(sha256, 'hex') as sha256, header_message_id as "headerMessageId", client_address as "clientAddress",
                  helo_name as "heloName", authenticated_as as "authenticatedAs", recipient_count as recipients
             from messages where message_id = any($1::bigint[]) and message_id between $2 and $3 order by message_id desc`,
    values: bounded(ids),
  });
  return rows;
}

async function readDeliveries(db: Queryable, ids: readonly MessageId[]): Promise<Map<MessageId, TracedDelivery[]>> {
  const { rows } = await db.query<TracedDelivery & { messageId: bigint }>({
    text: `select message_id as "messageId", ended_at as "endedAt", outcome, final_recipient as "to", original_recipient as "origTo", paths, relay, delays,
                  enhanced_status as "enhancedStatus", reply
             from deliveries where message_id = any($1::bigint[]) and message_id between $2 and $3 order by ended_at, recipient_no`,
    values: bounded(ids),
  });
  return grouped(rows);
}

async function readWaiting(db: Queryable, ids: readonly MessageId[]): Promise<Map<MessageId, TracedMessage["waiting"][number][]>> {
  const { rows } = await db.query<TracedMessage["waiting"][number] & { messageId: bigint }>({
    text: `select q.message_id as "messageId", q.final_recipient as "to", q.original_recipient as "origTo", coalesce(q.held_reason, q.last_reply) as reason,
                  q.next_attempt_at as "nextAttemptAt", case when q.quarantined_at is not null then 'quarantined' when q.held_at is not null then 'held'
                  when q.claimed_by is not null then 'active' else 'waiting' end as state
             from queued_recipients q where q.message_id = any($1::bigint[]) order by q.recipient_no`,
    values: [ids.map(String)],
  });
  return grouped(rows);
}

const bounded = (ids: readonly MessageId[]): unknown[] => [ids.map(String), ids.at(-1), ids[0]]; // ids come newest first

function grouped<Row extends { messageId: bigint }>(rows: readonly Row[]): Map<MessageId, Omit<Row, "messageId">[]> {
  const groups = new Map<MessageId, Omit<Row, "messageId">[]>();
  for (const { messageId, ...row } of rows) {
    const group = groups.get(messageId);
    if (group) group.push(row);
    else groups.set(messageId, [row]);
  }
  return groups;
}
