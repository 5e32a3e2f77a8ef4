/** What a person may see of the queue and the trace. Pages are walked by key, so that they stand still while mail moves. */
import type { Queryable } from "../db/client.ts";
import { type MessageId, queueIdOf, timeOfId } from "../mail/queue-id.ts";

/** A recipient in the queue. Times are those of the database. */
export type QueuedRecipient = {
  readonly queueId: string;
  readonly recipientNo: number;
  readonly state: "waiting" | "active" | "held" | "quarantined";
  readonly from: string | null;
  readonly to: string;
  readonly origTo: string;
  readonly size: number;
  readonly receivedAt: Date;
  readonly attempts: number;
  readonly nextAttemptAt: Date;
  readonly expiresAt: Date;
  readonly reason: string | null;
};

type QueuedRow = Omit<QueuedRecipient, "queueId"> & { messageId: bigint };

const STATE = `case when q.quarantined_at is not null then 'quarantined' when q.held_at is not null then 'held'
                    when q.claimed_by is not null then 'active' else 'waiting' end`;

export type QueuePlace = { readonly messageId: MessageId; readonly recipientNo: number };

/** One page of the queue, oldest message first, after the given place. */
export async function listQueue(
  db: Queryable,
  limit: number,
  after: QueuePlace | null,
): Promise<{ rows: QueuedRecipient[]; last: QueuePlace | null }> {
  const { rows } = await db.query<QueuedRow>({
    text: `select q.message_id as "messageId", q.recipient_no as "recipientNo", ${STATE} as state, q.reverse_path as "from", q.final_recipient as "to",
                  q.original_recipient as "origTo", m.size::double precision as size, m.received_at as "receivedAt", q.attempts,
                  q.next_attempt_at as "nextAttemptAt", q.expires_at as "expiresAt", coalesce(q.held_reason, q.last_reply) as reason
             from queued_recipients q left join messages m on m.message_id = q.message_id
            where (q.message_id, q.recipient_no) > ($1::bigint, $2::integer)
            order by q.message_id, q.recipient_no limit $3`,
    values: [after?.messageId ?? 0n, after?.recipientNo ?? -1, limit],
  });
  const last = rows.at(-1);
  return { rows: rows.map(withQueueId), last: last && rows.length === limit ? last : null };
}

const withQueueId = <Row extends { messageId: bigint }>({ messageId, ...row }: Row): Omit<Row, "messageId"> & { queueId: string } => ({
  queueId: queueIdOf(messageId),
  ...row,
});

/** How many recipients are in each state, and the age of the oldest in seconds (0: none). */
export async function countQueue(db: Queryable): Promise<{ states: { state: string; recipients: number }[]; oldestSeconds: number }> {
  const { rows } = await db.query<{ state: QueuedRecipient["state"]; recipients: number; oldest: bigint }>({
    text: `select ${STATE} as state, count(*)::integer as recipients, min(q.message_id) as oldest from queued_recipients q group by 1`,
  });
  const { rows: clock } = await db.query<{ now: Date }>({ text: "select now() as now" });
  const now = clock[0]?.now.getTime() ?? 0;
  const ages = rows.map((row) => (now - timeOfId(row.oldest)) / 1000);
  return { states: rows.map(({ state, recipients }) => ({ state, recipients })), oldestSeconds: Math.max(0, ...ages) };
}
