import { afterEach, beforeEach, expect, test } from "vitest";
import { type Db, openDatabase } from "../../src/db/client.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { openProxy, type PostgresProxy } from "../support/postgres-proxy.ts";
import { silentLog } from "../support/sql.ts";
import { count, message, openTestQueue, put, recipient, type TestQueue } from "./harness.ts";

/** What every statement that stores messages has in it. */
const STORES = "insert into messages";

let database: TestDatabase;
let proxy: PostgresProxy;
let db: Db;
let node: TestQueue;
beforeEach(async () => {
  database = await createDatabase();
  proxy = await openProxy(database.connection);
  db = openDatabase(proxy.connection, { applicationName: "far", max: 2, log: silentLog });
  node = await openTestQueue(db);
});
afterEach(async () => {
  await node.queue.close();
  await db.close();
  await proxy.close();
  await database.drop();
});

const accept = () =>
  put(node.queue, message([recipient("a@final.test")])).then(
    () => 250,
    () => 451,
  );

test("stored, but the answer got lost: accepted all the same, and stored once", async () => {
  proxy.cutAt(STORES, "unanswered");
  expect(await accept()).toBe(250);
  expect(await count(database.db, "messages")).toBe(1);
});

test("lost before the server had it: 451, and nothing is stored", async () => {
  proxy.cutAt(STORES, "unsent");
  expect(await accept()).toBe(451);
  expect(await count(database.db, "messages")).toBe(0);
});

test("delayed by the network: 451, and it is not stored when it arrives after all", async () => {
  proxy.cutAt(STORES, "delayed");
  expect(await accept()).toBe(451);
  proxy.deliver();
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(await count(database.db, "messages")).toBe(0);
});

test("a whole group whose answer got lost: each is accepted once; the database away: none", async () => {
  proxy.cutAt(STORES, "unanswered");
  expect(await Promise.all([accept(), accept(), accept()])).toEqual([250, 250, 250]);
  expect(await count(database.db, "messages")).toBe(3);
  proxy.down();
  expect(await Promise.all([accept(), accept(), accept()])).toEqual([451, 451, 451]);
  proxy.up();
  expect(await accept()).toBe(250);
  expect(await count(database.db, "messages")).toBe(4);
});
