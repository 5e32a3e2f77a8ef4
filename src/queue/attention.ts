/** What of the queue needs somebody. */
import type { Queryable } from "../db/client.ts";
import { queueIdOf, timeOfId } from "../mail/queue-id.ts";
import { copyInScope, type MailScope, mailScopeValues } from "./mail-scope.ts";
import { inPlainWords, type Plain } from "./plain-words.ts";

export type Delayed = { readonly queueId: string; readonly receivedAt: Date; readonly to: string; readonly plain: Plain };

/** The recipient that has been tried for longest; null: nothing is delayed. */
export async function oldestDelayed(db: Queryable, scope: MailScope): Promise<Delayed | null> {
  const { rows } = await db.query<{
    message_id: bigint;
    to: string;
    status: string | null;
    reply: string | null;
    relay: string | null;
    next: Date;
  }>({
    text: `select q.message_id, q.final_recipient as "to", q.last_status as status, q.last_reply as reply, q.last_relay as relay, q.next_attempt_at as next
             from queued_recipients q
            where q.last_reply is not null and q.held_at is null and q.quarantined_at is null and ${copyInScope("q", 1)}
            order by q.message_id, q.recipient_no limit 1`,
    values: [...mailScopeValues(scope)],
  });
  const [row] = rows;
  if (row === undefined) return null;
  const { message_id, to, status, reply, relay, next } = row;
  const plain = inPlainWords({ outcome: "deferred", status, reply, relay, to, nextAttemptAt: next });
  return { queueId: queueIdOf(message_id), receivedAt: new Date(timeOfId(message_id)), to, plain };
}

export type Stopped = { readonly quarantined: number; readonly heldPosts: number; readonly lists: readonly string[] };

/** Recipients in quarantine, and posts that wait for a list's owner. */
export async function stopped(db: Queryable, scope: MailScope): Promise<Stopped> {
  const values = [...mailScopeValues(scope)];
  const quarantined = await db.query<{ n: number }>({
    text: `select count(*)::integer as n from queued_recipients q
            where (q.held_at is not null or q.quarantined_at is not null) and q.quarantined_at is not null and ${copyInScope("q", 1)}`,
    values,
  });
  const held = await db.query<{ list: string; n: number }>({
    text: `select h.list, count(*)::integer as n from held_posts h
            where ($1::boolean or lower(split_part(h.list, '@', -1)) = any($2::text[]) or h.list = any($3::text[]))
              and exists (select from queued_recipients q where q.message_id = h.message_id and q.held_by = h.list and q.held_at is not null)
            group by h.list order by n desc, h.list limit 1000`,
    values,
  });
  return {
    quarantined: quarantined.rows[0]?.n ?? 0,
    heldPosts: held.rows.reduce((sum, { n }) => sum + n, 0),
    lists: held.rows.slice(0, 5).map(({ list }) => list),
  };
}

/** When mail last left; null: not in the last day. */
export async function lastDelivery(db: Queryable, since: bigint): Promise<Date | null> {
  const { rows } = await db.query<{ ended_at: Date }>({
    text: "select ended_at from deliveries where message_id >= $1 order by message_id desc limit 1",
    values: [since],
  });
  return rows[0]?.ended_at ?? null;
}
