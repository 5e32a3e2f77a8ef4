import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { type Db, openDatabase } from "../../src/db/client.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { eventually } from "../support/eventually.ts";
import { openProxy, type PostgresProxy } from "../support/postgres-proxy.ts";
import { runSql, silentLog } from "../support/sql.ts";

let database: TestDatabase;
let proxy: PostgresProxy;
let db: Db;
let heard: string[];
beforeAll(async () => {
  database = await createDatabase();
});
afterAll(() => database.drop());
beforeEach(async () => {
  proxy = await openProxy(database.connection);
  db = openDatabase(proxy.connection, { applicationName: "listens", max: 1, log: silentLog });
  heard = [];
});
afterEach(async () => {
  await db.close();
  await proxy.close();
});

const listen = (channel: string) =>
  db.listen(
    channel,
    (payload) => heard.push(`${channel}:${payload}`),
    () => heard.push(`${channel} begins`),
  );
const notify = (channel: string, payload: string) => runSql(database.connection, `notify "${channel}", '${payload}'`);

test("payloads reach the channel's own listener, several channels share one connection, odd names are quoted", async () => {
  await listen("one");
  await listen('Two "2"');
  await notify("one", "a");
  await runSql(database.connection, `select pg_notify('Two "2"', 'b')`);
  await eventually(() => expect(heard).toEqual(["one begins", 'Two "2" begins', "one:a", 'Two "2":b']));
  const [count] = await runSql<{ n: number }>(
    database.connection,
    "select count(*)::int as n from pg_stat_activity where application_name = 'listens listen'",
  );
  expect(count).toEqual({ n: 1 });
});

test("a connection that is lost comes back; what was notified meanwhile is announced as a gap", async () => {
  const subscription = await listen("one");
  proxy.down();
  await eventually(() => expect(subscription.healthy()).toBe(false));
  await notify("one", "missed");
  proxy.up();
  await eventually(() => expect(heard).toEqual(["one begins", "one begins"]));
  expect(subscription.healthy()).toBe(true);
  await notify("one", "a");
  await eventually(() => expect(heard.at(-1)).toBe("one:a"));
});

test("its server process killed: it comes back, with a gap", async () => {
  const subscription = await listen("one");
  await runSql(database.connection, "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'listens listen'");
  await eventually(() => expect(heard).toEqual(["one begins", "one begins"]));
  expect(subscription.healthy()).toBe(true);
});

test("a connection that falls silent is not healthy after 5 s, and comes back when the wire does", async () => {
  const subscription = await listen("one");
  proxy.silence();
  const since = performance.now();
  await eventually(() => expect(subscription.healthy()).toBe(false));
  expect(performance.now() - since).toBeLessThan(5000);
  proxy.up();
  await eventually(() => expect(subscription.healthy()).toBe(true));
  expect(heard).toEqual(["one begins", "one begins"]);
});

test("listening while the server is down: not healthy, then it begins by itself", async () => {
  proxy.down();
  const subscription = await listen("one");
  expect(subscription.healthy()).toBe(false);
  proxy.up();
  await eventually(() => expect(subscription.healthy()).toBe(true));
  expect(heard).toEqual(["one begins"]);
});

test("after stop nothing is heard and the connection is gone; a handler that throws disturbs nobody", async () => {
  const broken = await db.listen(
    "one",
    () => {
      throw new Error("mine");
    },
    () => {
      throw new Error("mine too");
    },
  );
  const subscription = await listen("one");
  await notify("one", "a");
  await eventually(() => expect(heard).toEqual(["one begins", "one:a"]));
  await subscription.stop();
  await broken.stop();
  await notify("one", "b");
  const rows = await runSql(database.connection, "select from pg_stat_activity where application_name = 'listens listen'");
  expect(rows).toHaveLength(0);
  expect(heard).toEqual(["one begins", "one:a"]);
});
