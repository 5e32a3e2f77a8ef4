/**
 * The daily partitions of `messages` and `deliveries`: made ahead, dropped whole after the retention. Intake must not wait
 * for any of it, which decides how each step is done:
 *
 * - A day's table is made beside the parent and then attached: ATTACH locks the parent against other DDL only, where
 *   CREATE TABLE … PARTITION OF would lock out reading and writing. But ATTACH locks the default partition exclusively and
 *   reads all of it, to see that no row belongs to the new day: it must stay nearly empty (MOVED_AT_MOST).
 * - DROP needs the parent exclusively (DETACH … CONCURRENTLY is not offered beside a default partition). That takes a moment,
 *   but would wait behind a long search, and all intake behind it: so it waits 0.1 s at most and is tried again.
 *
 * Every step is a transaction of its own under one advisory lock: several nodes may do this at the same time.
 */
import type { Log } from "../log/log.ts";
import { firstIdAt, timeOfId } from "../mail/queue-id.ts";
import type { Db } from "./client.ts";
import { serverErrorOf } from "./faults.ts";
import type { Queryable } from "./session.ts";

export type PartitionSettings = {
  /** Days that shall have a partition before they come, besides today. */
  readonly daysAhead: number;
  /** Days before today that shall have one as well, for a trace that comes from elsewhere; 0 without. */
  readonly daysBack?: number;
  /** Whole days that the trace is kept. A day that still has recipients in the queue is kept until they have left. */
  readonly retentionDays: number;
  readonly log: Log;
};

/** Names of partitions. Postponed: they could not be locked, or too many rows would have to be moved; next time perhaps. */
export type PartitionReport = { readonly created: string[]; readonly dropped: string[]; readonly postponed: string[] };

type Table = "messages" | "deliveries";
const TABLES: readonly Table[] = ["messages", "deliveries"];
const DAY_MS = 86_400_000;

/** Any number that no other program uses in this database. */
const LOCK = 7_245_002;
const TRIES = 10;
const PAUSE_MS = 300;

/**
 * Rows get into the default partition when no day fits: a clock that was days ahead, or nobody made partitions for a week.
 * So many are moved under the lock when their day is made; with more, the day stays in the default partition until its
 * retention is over. Measured on two busy cores with the embedded server: attaching takes 4-13 ms beside an empty default
 * partition, 50 ms beside 300,000 rows of other days, 0.2-0.3 s with 5,000 rows to move; dropping a day of 300,000 rows 40 ms.
 */
const MOVED_AT_MOST = 5000;

/** Makes today's and the coming days' partitions, drops those whose retention is over. Rejects when the database is unavailable. */
export async function ensurePartitions(
  db: Db,
  { daysAhead, daysBack = 0, retentionDays, log }: PartitionSettings,
): Promise<PartitionReport> {
  const report: PartitionReport = { created: [], dropped: [], postponed: [] };
  const { today, newest } = await days(db);
  for (let day = today - daysBack; day <= today + daysAhead; day++) {
    for (const table of TABLES) await step(db, report, nameOf(table, day), log, (tx) => create(tx, table, day));
  }
  const keepFrom = firstIdAt((Math.min(today, newest) - retentionDays) * DAY_MS);
  for (const table of TABLES) {
    for (const { name, to } of await partitionsOf(db, table)) {
      if (to <= keepFrom) await step(db, report, name, log, (tx) => drop(tx, table, name));
    }
    await clearDefault(db, table, keepFrom);
  }
  return report;
}

/**
 * Days since 1970, in UTC, by the database's clock. `newest`: of the youngest message. Retention counts from the earlier of
 * the two, so that a clock that jumps ahead does not throw the trace away.
 */
async function days(db: Queryable): Promise<{ today: number; newest: number }> {
  const { rows } = await db.query<{ today: number; newest: bigint | null }>({
    text: "select floor(extract(epoch from now()) / 86400)::int as today, (select max(message_id) from messages) as newest",
  });
  const { today = 0, newest = null } = rows[0] ?? {};
  return { today, newest: newest === null ? 0 : dayOf(newest) };
}

const dayOf = (id: bigint) => Math.floor(timeOfId(id) / DAY_MS);

const nameOf = (table: Table, day: number) => `${table}_${new Date(day * DAY_MS).toISOString().slice(0, 10).replaceAll("-", "")}`;

type Did = "created" | "dropped" | "postponed" | null;

/** SQLSTATEs after which the same step may well succeed: lock not available, a row that just came into the default partition. */
const TRY_AGAIN = new Set(["55P03", "40P01", "23514"]);

async function step(db: Db, report: PartitionReport, name: string, log: Log, work: (tx: Queryable) => Promise<Did>): Promise<void> {
  let did: Did = "postponed";
  for (let tries = 0; tries < TRIES; tries++) {
    try {
      did = await db.transaction(async (tx) => {
        await tx.query({ text: "select pg_advisory_xact_lock($1)", values: [LOCK] });
        await tx.query({ text: "set local lock_timeout = '100ms'" });
        return work(tx);
      });
      break;
    } catch (error) {
      if (!TRY_AGAIN.has(serverErrorOf(error)?.code ?? "")) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  if (did === null) return;
  report[did].push(name);
  if (did === "postponed") log.warn("partition postponed", { partition: name });
  else log.info(`partition ${did}`, { partition: name });
}

async function create(tx: Queryable, table: Table, day: number): Promise<Did> {
  const from = firstIdAt(day * DAY_MS);
  const to = firstIdAt((day + 1) * DAY_MS);
  if ((await partitionsOf(tx, table)).some((other) => other.from < to && other.to > from)) return null;
  const inRange = `message_id >= ${from} and message_id < ${to}`;
  const { rows } = await tx.query<{ n: number }>({
    text: `select count(*)::int as n from (select from ${table}_default where ${inRange} limit ${MOVED_AT_MOST + 1}) strays`,
  });
  const strays = rows[0]?.n ?? 0;
  if (strays > MOVED_AT_MOST) return "postponed";
  const name = nameOf(table, day);
  await tx.query({ text: `create table ${name} (like ${table} including all)` });
  if (strays > 0) {
    await tx.query({ text: `lock table ${table}_default in access exclusive mode` });
    await tx.query({
      text: `with strays as (delete from ${table}_default where ${inRange} returning *) insert into ${name} select * from strays`,
    });
  }
  await tx.query({ text: `alter table ${table} attach partition ${name} for values from (${from}) to (${to})` });
  return "created";
}

/** Unless recipients of that day's messages are still queued: their message and its history stay. */
async function drop(tx: Queryable, table: Table, name: string): Promise<Did> {
  const partition = (await partitionsOf(tx, table)).find((one) => one.name === name);
  if (!partition) return null;
  const queued = "select from queued_recipients where message_id >= $1 and message_id < $2 limit 1";
  if ((await tx.query({ text: queued, values: [partition.from, partition.to] })).rowCount > 0) return null;
  await tx.query({ text: `drop table ${name}` });
  return "dropped";
}

/** In small steps, which lock nothing but the rows. */
async function clearDefault(db: Queryable, table: Table, keepFrom: bigint): Promise<void> {
  const old = `select ctid from ${table}_default old where message_id < $1
    and not exists (select from queued_recipients q where q.message_id = old.message_id) limit ${MOVED_AT_MOST}`;
  for (let gone = MOVED_AT_MOST; gone === MOVED_AT_MOST; ) {
    ({ rowCount: gone } = await db.query({ text: `delete from ${table}_default where ctid = any(array(${old}))`, values: [keepFrom] }));
  }
}

type Partition = { readonly name: string; readonly from: bigint; readonly to: bigint };

/** From the catalog, not from names: whatever partitions there are. The default partition is not among them. */
async function partitionsOf(db: Queryable, table: Table): Promise<Partition[]> {
  const { rows } = await db.query<{ name: string; bound: string }>({
    text: `select c.relname as name, pg_get_expr(c.relpartbound, c.oid) as bound
      from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = $1::regclass`,
    values: [table],
  });
  return rows.flatMap(({ name, bound }) => {
    const [, from, to] = /^FOR VALUES FROM \('(-?\d+)'\) TO \('(-?\d+)'\)$/.exec(bound) ?? [];
    return from !== undefined && to !== undefined ? [{ name, from: BigInt(from), to: BigInt(to) }] : [];
  });
}
