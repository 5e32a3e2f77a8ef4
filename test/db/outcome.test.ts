import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Db, openDatabase } from "../../src/db/client.ts";
import { CommitUnknown, DatabaseUnavailable, isUnavailable } from "../../src/db/faults.ts";
import { outcomeOf } from "../../src/db/outcome.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { eventually } from "../support/eventually.ts";
import { openProxy, type PostgresProxy } from "../support/postgres-proxy.ts";
import { runSql, silentLog } from "../support/sql.ts";

let database: TestDatabase;
let proxy: PostgresProxy;
let db: Db;
beforeAll(async () => {
  database = await createDatabase();
  await database.db.query({ text: "create table notes (id int8 primary key, twin int8 unique deferrable initially deferred)" });
});
afterAll(() => database.drop());
beforeEach(async () => {
  await database.db.query({ text: "truncate notes" });
  proxy = await openProxy(database.connection);
  db = openDatabase(proxy.connection, { applicationName: "proxied", max: 2, log: silentLog });
});
afterEach(async () => {
  await db.close();
  await proxy.close();
});

const INSERT = { text: "insert into notes (id) values (1)" };
const EVIDENCE = { text: "select from notes where id = 1" };
const failureOf = (work: Promise<unknown>) =>
  work.then(
    () => null,
    (error: unknown) => error,
  );
/** On another way to the database than the one that was cut. */
const outcome = (error: unknown, patienceMs?: number) => outcomeOf(database.db, error, EVIDENCE, patienceMs);
const isThere = async () => (await database.db.query(EVIDENCE)).rowCount === 1;
const sessions = () =>
  runSql<{ state: string }>(database.connection, "select state from pg_stat_activity where application_name = 'proxied'");

describe.each([
  ["a transaction", "commit\0", () => db.transaction((tx) => tx.query(INSERT)), CommitUnknown],
  ["a single statement", INSERT.text, () => db.query(INSERT), DatabaseUnavailable],
] as const)("%s", (_, text, write, kind) => {
  test("was carried out but the answer got lost: committed", async () => {
    proxy.cutAt(text, "unanswered");
    const error = await failureOf(write());
    expect(error).toBeInstanceOf(kind);
    expect(isUnavailable(error)).toBe(true);
    expect(await outcome(error)).toBe("committed");
  });

  test("never reached the server: rolled back", async () => {
    proxy.cutAt(text, "unsent");
    const error = await failureOf(write());
    expect(error).toBeInstanceOf(kind);
    expect(await outcome(error)).toBe("rolled back");
  });

  test("still on its way when we ask: its session is ended, so that what arrives later does nothing", async () => {
    proxy.cutAt(text, "delayed");
    const error = await failureOf(write());
    expect(await sessions()).toHaveLength(1);
    expect(await outcome(error)).toBe("rolled back");
    proxy.deliver();
    await eventually(async () => expect(await sessions()).toHaveLength(0));
    expect(await isThere()).toBe(false);
  });
});

test("still at work when we ask: the answer waits for its end; not ended in time is unknown", async () => {
  const slow = "insert into notes (id) select 1 from pg_sleep(1.8)";
  const failure = failureOf(db.query({ text: slow }));
  const atWork = `select from pg_stat_activity where application_name = 'proxied' and state = 'active' and query = '${slow}'`;
  await eventually(async () => expect(await runSql(database.connection, atWork)).toHaveLength(1));
  proxy.hangUp();
  const error = await failure;
  expect(await outcome(error, 200)).toBe("unknown");
  expect(await outcome(error)).toBe("committed");
});

test("what was refused, or never sent, needs no evidence", async () => {
  await database.db.query(INSERT);
  expect(await outcome(await failureOf(db.query(INSERT)))).toBe("rolled back"); // though the row is there
  await db.close();
  expect(await outcome(await failureOf(db.query(INSERT)))).toBe("rolled back");
  await database.db.query({ text: "truncate notes" });
  proxy.down();
  expect(await outcome(await failureOf(db.query(INSERT)))).toBe("rolled back");
});

test("a session that is gone with its server, whatever its number is now used for: the evidence decides", async () => {
  const [own] = await runSql<{ pid: number }>(database.connection, "select pg_backend_pid() as pid");
  const error = new CommitUnknown("lost", { pid: own?.pid ?? 0, startedAt: "2001-01-01 00:00:00+00" });
  expect(await outcome(error)).toBe("rolled back");
  await database.db.query(INSERT);
  expect(await outcome(error)).toBe("committed");
});

test("while the database is away the outcome is unknown, and it is never guessed", async () => {
  proxy.cutAt("commit\0", "unanswered");
  const error = await failureOf(db.transaction((tx) => tx.query(INSERT)));
  proxy.down();
  expect(await outcomeOf(db, error, EVIDENCE, 500)).toBe("unknown");
});

test("evidence that is no good SQL is a mistake, not an outcome", async () => {
  proxy.cutAt("commit\0", "unanswered");
  const error = await failureOf(db.transaction((tx) => tx.query(INSERT)));
  await expect(outcomeOf(database.db, error, { text: "select from nowhere" })).rejects.toMatchObject({ code: "42P01" });
});

test("a constraint that refuses the COMMIT is a plain refusal", async () => {
  const work = database.db.transaction((tx) => tx.query({ text: "insert into notes values (6, 1), (7, 1)" }));
  await expect(work).rejects.toMatchObject({ code: "23505" });
});
