/** What came for somebody lately: how much and from whom. Nothing here tells what a message is about. */
import type { Queryable } from "../db/client.ts";
import { firstIdAt, queueIdOf } from "../mail/queue-id.ts";

export type Arrival = {
  readonly queue_id: string;
  readonly recipient_no: number;
  readonly at: string;
  /** Null: a notification, `<>`. */
  readonly from: string | null;
  /** The address that was written to. */
  readonly to: string;
  /** As in the trace: sent, deferred, bounced, expired, discarded, deleted; the last word on this recipient. */
  readonly outcome: string;
};

export type Arrivals = { readonly counts: Readonly<Record<string, number>>; readonly latest: readonly Arrival[]; readonly more: boolean };

/** Recipients that are looked at: somebody who gets more in a week is told "more than". */
const MOST = 5000;
const SHOWN = 10;
const DAYS = 7;

type Row = {
  readonly message_id: bigint;
  readonly recipient_no: number;
  readonly ended_at: Date;
  readonly reverse_path: string | null;
  readonly original_recipient: string;
  readonly outcome: string;
};

/**
 * Mail of the last seven days that was written to one of `addresses`, or came to one of `mailboxes`. A recipient counts once, by its latest
 * attempt.
 */
export async function recentArrivals(
  db: Queryable,
  addresses: readonly string[],
  mailboxes: readonly string[],
  now: Date,
): Promise<Arrivals> {
  const since = firstIdAt(now.getTime() - DAYS * 86_400_000);
  const { rows } = await db.query<Row>({
    text: `with mine as (
             (select message_id, recipient_no, attempt_no, ended_at, outcome, original_recipient from deliveries
               where original_recipient = any($1::text[]) and message_id >= $3 order by message_id desc limit $4)
             union
             (select message_id, recipient_no, attempt_no, ended_at, outcome, original_recipient from deliveries
               where final_recipient = any($2::text[]) and message_id >= $3 order by message_id desc limit $4)),
           latest as (select distinct on (message_id, recipient_no) * from mine order by message_id desc, recipient_no, attempt_no desc)
           select l.message_id, l.recipient_no, l.ended_at, l.outcome, l.original_recipient, m.reverse_path
             from latest l join messages m on m.message_id = l.message_id and m.message_id >= $3
            order by l.message_id desc, l.recipient_no limit $4`,
    values: [addresses, mailboxes, since, MOST],
  });
  const counts: Record<string, number> = {};
  for (const { outcome } of rows) counts[outcome] = (counts[outcome] ?? 0) + 1;
  const latest = rows.slice(0, SHOWN).map((row) => ({
    queue_id: queueIdOf(row.message_id),
    recipient_no: row.recipient_no,
    at: row.ended_at.toISOString(),
    from: row.reverse_path,
    to: row.original_recipient,
    outcome: row.outcome,
  }));
  return { counts, latest, more: rows.length === MOST };
}
