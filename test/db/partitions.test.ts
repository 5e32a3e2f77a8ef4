import { afterEach, beforeEach, expect, test } from "vitest";
import type { Db } from "../../src/db/client.ts";
import { ensurePartitions } from "../../src/db/partitions.ts";
import { firstIdAt } from "../../src/mail/queue-id.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { bareClient, silentLog } from "../support/sql.ts";

const DAY = 86_400_000;
const today = Math.floor(Date.now() / DAY);
const idOn = (day: number, n = 0) => firstIdAt(day * DAY) + BigInt(n);
const nameOn = (table: string, day: number) => `${table}_${new Date(day * DAY).toISOString().slice(0, 10).replaceAll("-", "")}`;

let database: TestDatabase;
let db: Db;
beforeEach(async () => {
  database = await createDatabase();
  ({ db } = database);
});
afterEach(() => database.drop());

const ensure = (daysAhead: number, retentionDays: number) => ensurePartitions(db, { daysAhead, retentionDays, log: silentLog });

const addMessages = (first: bigint, count: number) =>
  db.query({
    text: `insert into messages (message_id, smtputf8, body_8bit, size, sha256, header_size, prefix, recipient_count)
      select $1::int8 + i, false, false, 1, '', 1, '', 1 from generate_series(0, $2::int - 1) i`,
    values: [first, count],
  });
const addDelivery = (id: bigint) =>
  db.query({
    text: `insert into deliveries (message_id, recipient_no, attempt_no, outcome, final_recipient, original_recipient, paths, enhanced_status, reply)
      values ($1, 0, 1, 'sent', 'a@b.test', 'a@b.test', '[]', '2.0.0', 'ok')`,
    values: [id],
  });
/** Where each message is. */
const whereabouts = async () =>
  (
    await db.query<{ at: string; n: number }>({
      text: "select tableoid::regclass::text as at, count(*)::int as n from messages group by 1 order by 1",
    })
  ).rows;
const partitions = async () =>
  (
    await db.query<{ name: string }>({
      text: "select inhrelid::regclass::text as name from pg_inherits where inhparent = 'messages'::regclass order by 1",
    })
  ).rows.map(({ name }) => name);

test("today and the days ahead get their tables, with all indexes and checks of the parent; the second time nothing happens", async () => {
  const first = await ensure(2, 30);
  expect(first.created).toEqual([0, 1, 2].flatMap((n) => [nameOn("messages", today + n), nameOn("deliveries", today + n)]));
  expect(await ensure(2, 30)).toEqual({ created: [], dropped: [], postponed: [] });
  await addMessages(idOn(today + 1) - 1n, 2);
  expect(await whereabouts()).toEqual([
    { at: nameOn("messages", today), n: 1 },
    { at: nameOn("messages", today + 1), n: 1 },
  ]);
  const { rows } = await db.query<{ relname: string; indexes: number; checks: number }>({
    text: `select relname, (select count(*)::int from pg_index where indrelid = c.oid) as indexes,
      (select count(*)::int from pg_constraint where conrelid = c.oid and contype = 'c') as checks from pg_class c where relname = any($1) order by 1`,
    values: [["deliveries", "deliveries_default", nameOn("deliveries", today)]],
  });
  const [, ...others] = rows;
  expect(others.map(({ indexes, checks }) => ({ indexes, checks }))).toEqual(
    Array(2).fill({ indexes: rows[0]?.indexes, checks: rows[0]?.checks }),
  );
});

test("four nodes at once make each partition once", async () => {
  const reports = await Promise.all(
    [1, 2, 3, 4].map(() => ensurePartitions(database.open(), { daysAhead: 1, retentionDays: 30, log: silentLog })),
  );
  expect(reports.flatMap(({ created }) => created).toSorted()).toEqual(
    [nameOn("deliveries", today), nameOn("deliveries", today + 1), nameOn("messages", today), nameOn("messages", today + 1)].toSorted(),
  );
  expect(reports.flatMap(({ postponed }) => postponed)).toEqual([]);
});

test("rows that fell in the default partition move to their day; too many stay, and are found all the same", async () => {
  await addMessages(idOn(today), 3);
  await addMessages(idOn(today + 1), 5001);
  const report = await ensure(2, 30);
  expect(report.postponed).toEqual([nameOn("messages", today + 1)]);
  expect(await whereabouts()).toEqual([
    { at: nameOn("messages", today), n: 3 },
    { at: "messages_default", n: 5001 },
  ]);
  expect((await db.query({ text: "select from messages where message_id = $1", values: [idOn(today + 1, 5000)] })).rowCount).toBe(1);
});

test("days past the retention are dropped whole, but not while a recipient of theirs is queued; the default partition is cleared alike", async () => {
  for (const day of [today - 40, today - 31, today - 30]) await partitionOf("messages", day);
  for (const day of [today - 40, today - 31]) await partitionOf("deliveries", day);
  await addMessages(idOn(today - 31, 7), 1);
  await addMessages(idOn(today), 1); // the newest message: retention counts from it
  await queueRecipient(idOn(today - 31, 7));
  await addMessages(idOn(today - 50), 3); // in the default partition
  await queueRecipient(idOn(today - 50, 1));
  await addDelivery(idOn(today - 50));
  const report = await ensure(0, 30);
  expect(report.dropped).toEqual([nameOn("messages", today - 40), nameOn("deliveries", today - 40)]);
  expect(await partitions()).toEqual(
    [nameOn("messages", today - 31), nameOn("messages", today - 30), nameOn("messages", today), "messages_default"].toSorted(),
  );
  expect(await whereabouts()).toContainEqual({ at: "messages_default", n: 1 }); // the one that is queued
  expect((await db.query({ text: "select from deliveries" })).rowCount).toBe(0);
  await db.query({ text: "delete from queued_recipients" });
  expect((await ensure(0, 30)).dropped).toEqual([nameOn("messages", today - 31), nameOn("deliveries", today - 31)]);
});

test("a clock that jumps ahead does not throw the trace away: retention counts from the newest message", async () => {
  await partitionOf("messages", today - 40);
  await addMessages(idOn(today - 40), 1);
  expect((await ensure(0, 30)).dropped).toEqual([]);
});

test("a long search does not make intake wait: the drop gives way and is tried again", async () => {
  await partitionOf("messages", today - 40);
  await addMessages(idOn(today), 1);
  const search = await bareClient(database.connection);
  await search.query("begin");
  await search.query("select count(*) from messages");
  const dropping = ensure(0, 30);
  const waits: number[] = [];
  for (let n = 1; n <= 20; n++) {
    const since = performance.now();
    await addMessages(idOn(today, n), 1);
    waits.push(performance.now() - since);
    await new Promise((resolve) => setTimeout(resolve, 40));
  }
  await search.query("commit");
  await search.end();
  expect((await dropping).dropped).toEqual([nameOn("messages", today - 40)]);
  expect(Math.max(...waits)).toBeLessThan(1000); // 0.1 s of waiting for the lock, and a loaded machine
});

const partitionOf = (table: string, day: number) =>
  db.query({ text: `create table ${nameOn(table, day)} partition of ${table} for values from (${idOn(day)}) to (${idOn(day + 1)})` });
const queueRecipient = (id: bigint) =>
  db.query({
    text: `insert into queued_recipients (message_id, recipient_no, final_recipient, original_recipient, destination, lane, paths, attempts, unrecorded, fence, next_attempt_at, expires_at)
      values ($1, 0, 'a@b.test', 'a@b.test', 'b.test', 0, '[]', 0, 0, 0, now(), now())`,
    values: [id],
  });
