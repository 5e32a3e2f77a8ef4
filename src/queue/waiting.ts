/** One page of what waits, for people who may see only a part of it. */
import type { Queryable } from "../db/client.ts";
import { type MessageId, queueIdOf, timeOfId } from "../mail/queue-id.ts";
import { inPlainWords, type Plain } from "./plain-words.ts";
import { type Selection, selectionCondition } from "./selection.ts";

export type WaitingRecipient = {
  readonly queueId: string;
  readonly recipientNo: number;
  readonly state: "waiting" | "active" | "held" | "quarantined";
  readonly receivedAt: Date;
  readonly from: string | null;
  readonly to: string;
  readonly origTo: string;
  readonly attempts: number;
  readonly nextAttemptAt: Date | null;
  readonly expiresAt: Date;
  readonly status: string | null;
  readonly reply: string | null;
  readonly plain: Plain;
};

/** After which recipient of which message. */
export type WaitingPlace = { readonly messageId: MessageId; readonly recipientNo: number };

/** Rows that are looked at for one page: what is asked for may be rare in a large queue. */
const LOOKED_AT = 20_000;

type Row = {
  readonly message_id: bigint;
  readonly recipient_no: number;
  readonly state: WaitingRecipient["state"];
  readonly reverse_path: string | null;
  readonly to: string;
  readonly orig_to: string;
  readonly attempts: number;
  readonly next_attempt_at: Date;
  readonly expires_at: Date;
  readonly last_status: string | null;
  readonly said: string | null;
  readonly last_relay: string | null;
};

/** Oldest first. `last`: where to go on; null: that was all. A page may have fewer rows than asked for, and still not be the last. */
export async function listWaiting(
  db: Queryable,
  selection: Selection,
  limit: number,
  after: WaitingPlace | null,
): Promise<{ readonly rows: readonly WaitingRecipient[]; readonly last: WaitingPlace | null }> {
  const { condition, values } = selectionCondition(selection, 5);
  const from = [after?.messageId ?? 0n, after?.recipientNo ?? -1];
  const window = `select * from queued_recipients w where (w.message_id, w.recipient_no) > ($1::bigint, $2::integer)
                   order by w.message_id, w.recipient_no limit $3`;
  const { rows } = await db.query<Row>({
    text: `select q.message_id, q.recipient_no, case when q.quarantined_at is not null then 'quarantined' when q.held_at is not null then 'held'
                  when q.claimed_by is not null then 'active' else 'waiting' end as state, q.reverse_path, q.final_recipient as "to",
                  q.original_recipient as orig_to, q.attempts, q.next_attempt_at, q.expires_at, q.last_status,
                  coalesce(q.held_reason, q.last_reply) as said, q.last_relay
             from (${window}) q where ${condition} order by q.message_id, q.recipient_no limit $4`,
    values: [...from, LOOKED_AT, limit, ...values],
  });
  const last = rows.length === limit ? placeOf(rows.at(-1)) : await endOfWindow(db, window, [...from, LOOKED_AT]);
  return { rows: rows.map(waitingOf), last };
}

const placeOf = (row: Pick<Row, "message_id" | "recipient_no"> | undefined): WaitingPlace | null =>
  row === undefined ? null : { messageId: row.message_id, recipientNo: row.recipient_no };

async function endOfWindow(db: Queryable, window: string, values: readonly unknown[]): Promise<WaitingPlace | null> {
  const { rows } = await db.query<Pick<Row, "message_id" | "recipient_no">>({
    text: `select message_id, recipient_no from (${window.replace("select *", "select w.message_id, w.recipient_no")}) w offset $3 - 1`,
    values,
  });
  return placeOf(rows[0]);
}

function waitingOf(row: Row): WaitingRecipient {
  const moves = row.state === "waiting";
  return {
    queueId: queueIdOf(row.message_id),
    recipientNo: row.recipient_no,
    state: row.state,
    receivedAt: new Date(timeOfId(row.message_id)),
    from: row.reverse_path,
    to: row.to,
    origTo: row.orig_to,
    attempts: row.attempts,
    nextAttemptAt: moves ? row.next_attempt_at : null,
    expiresAt: row.expires_at,
    status: row.last_status,
    reply: row.said,
    plain: inPlainWords({
      outcome: row.state,
      status: row.last_status,
      reply: row.said,
      relay: row.last_relay,
      to: row.to,
      nextAttemptAt: moves ? row.next_attempt_at : null,
    }),
  };
}
