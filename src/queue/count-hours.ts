/** Counts what passed, hour by hour, from the trace. Any server may do it, and an hour may be counted again. */
import type { Db, Queryable } from "../db/client.ts";
import { bucketSql, DELAY_BOUNDS, DELAY_PARTS } from "./flow-delays.ts";

/** So far back is counted when a server that has a trace starts to count. */
const DAYS = 31;
const DESTINATION_DAYS = 2;
/** Hours that are made up for in one run. */
const AT_ONCE = 24;
/** A transaction that began before the hour ended may commit a little later. */
const SETTLED_AFTER = "interval '3 minutes'";

/** `domains`: ours, for which mail is counted apart. */
export async function countHours(db: Db, domains: readonly string[]): Promise<void> {
  for (const hour of await hoursToCount(db)) await db.transaction((tx) => countHour(tx, hour, domains));
  await db.query({ text: `delete from flow_hours where hour < now() - interval '${DAYS + 1} days'` });
  await db.query({ text: `delete from counted_hours where hour < now() - interval '${DAYS + 1} days'` });
  await db.query({ text: `delete from destination_hours where hour < now() - interval '${DESTINATION_DAYS} days'` });
}

/** This hour and those that were last counted before they were over, newest first. */
async function hoursToCount(db: Queryable): Promise<readonly Date[]> {
  const { rows } = await db.query<{ hour: Date }>({
    text: `select h.hour from generate_series(date_trunc('hour', now()) - interval '${DAYS} days', date_trunc('hour', now()), interval '1 hour') h(hour)
             left join counted_hours c on c.hour = h.hour
            where c.hour is null or c.counted_at < h.hour + interval '1 hour' + ${SETTLED_AFTER}
            order by h.hour desc limit ${AT_ONCE}`,
  });
  return rows.map(({ hour }) => hour);
}

async function countHour(tx: Queryable, hour: Date, domains: readonly string[]): Promise<void> {
  // One at a time for each hour: two servers that count at once would wait for each other's rows in any order.
  await tx.query({ text: "select pg_advisory_xact_lock(7245010, extract(epoch from $1::timestamptz)::integer / 3600)", values: [hour] });
  await tx.query({ text: COUNT_FLOW, values: [hour, domains] });
  await tx.query({ text: COUNT_DESTINATIONS, values: [hour, DESTINATION_DAYS] });
  await tx.query({
    text: "insert into counted_hours (hour, counted_at) values ($1, now()) on conflict (hour) do update set counted_at = excluded.counted_at",
    values: [hour],
  });
}

const OF_HOUR = "d.ended_at >= $1::timestamptz and d.ended_at < $1::timestamptz + interval '1 hour'";
const part = `(array[${DELAY_PARTS.map((name) => `'${name}'`).join(", ")}])[p.no]`;

/** Counts only grow within an hour, and what was counted of one stays as long as its row in the trace. */
const COUNT_FLOW = `
with passed as materialized (
  select case when split_part(d.original_recipient, '@', -1) = any($2::text[]) then split_part(d.original_recipient, '@', -1) else '' end as domain, d.outcome, d.delays
    from deliveries d where ${OF_HOUR}
), counted as (
  select domain, outcome as measure, 0 as bucket, count(*) as n from passed group by 1, 2
  union all
  select domain, ${part}, ${bucketSql("p.took")}, count(*)
    from passed, unnest(delays) with ordinality p(took, no) where outcome = 'sent' and p.no <= ${DELAY_PARTS.length} group by 1, 2, 3
)
insert into flow_hours (hour, domain, measure, bucket, count)
select $1::timestamptz, domain, measure, bucket, n from counted where domain <> ''
union all
select $1::timestamptz, '*', measure, bucket, sum(n) from counted group by measure, bucket
on conflict (domain, hour, measure, bucket) do update set count = excluded.count`;

const buckets = DELAY_BOUNDS.map((_, i) => i).concat(DELAY_BOUNDS.length);
const took = "(select sum(each) from unnest(d.delays) each)";

const COUNT_DESTINATIONS = `
with passed as materialized (
  select lower(split_part(d.final_recipient, '@', -1)) as destination, d.outcome, case when d.outcome = 'sent' then ${bucketSql(took)} end as bucket,
         d.ended_at, d.enhanced_status, d.reply, d.relay
    from deliveries d where ${OF_HOUR} and $1::timestamptz > now() - make_interval(days => $2)
), failed as (
  select distinct on (destination) destination, ended_at, enhanced_status, reply, relay from passed
   where outcome in ('deferred', 'bounced', 'expired') order by destination, ended_at desc
), counted as (
  select destination, count(*) filter (where outcome = 'sent') as sent, count(*) filter (where outcome = 'deferred') as deferred,
         count(*) filter (where outcome in ('bounced', 'expired')) as refused,
         array[${buckets.map((bucket) => `count(*) filter (where bucket = ${bucket})`).join(", ")}]::integer[] as delays
    from passed group by destination
)
insert into destination_hours (hour, destination, sent, deferred, refused, delays, last_failed_at, last_status, last_reply, last_relay)
select $1::timestamptz, c.destination, c.sent, c.deferred, c.refused, c.delays, f.ended_at, f.enhanced_status, f.reply, f.relay
  from counted c left join failed f on f.destination = c.destination
on conflict (hour, destination) do update
   set sent = excluded.sent, deferred = excluded.deferred, refused = excluded.refused, delays = excluded.delays,
       last_failed_at = excluded.last_failed_at, last_status = excluded.last_status, last_reply = excluded.last_reply, last_relay = excluded.last_relay`;
