import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { type Db, openDatabase } from "../../src/db/client.ts";
import { CommitUnknown, isUnavailable } from "../../src/db/faults.ts";
import { commitOutcome } from "../../src/db/transaction.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { openProxy, type PostgresProxy } from "../support/postgres-proxy.ts";
import { bareClient, silentLog } from "../support/sql.ts";

let database: TestDatabase;
let proxy: PostgresProxy;
let db: Db;
beforeAll(async () => {
  database = await createDatabase();
  await database.db.query({ text: "create table notes (id int8 primary key, twin int8 unique deferrable initially deferred)" });
});
afterAll(() => database.drop());
beforeEach(async () => {
  proxy = await openProxy(database.connection);
  db = openDatabase(proxy.connection, { applicationName: "proxied", max: 2, log: silentLog });
});
afterEach(async () => {
  await db.close();
  await proxy.close();
});

const evidence = (id: bigint) => ({ text: "select from notes where id = $1", values: [id] });
const commitOf = (id: bigint) =>
  db
    .transaction((tx) => tx.query({ text: "insert into notes (id) values ($1)", values: [id] }))
    .then(
      () => null,
      (error: unknown) => error,
    );

test("COMMIT was carried out but its answer got lost: CommitUnknown, and the outcome is committed", async () => {
  proxy.cutAt("commit\0", "unanswered");
  const error = await commitOf(1n);
  expect(error).toBeInstanceOf(CommitUnknown);
  expect(isUnavailable(error)).toBe(true);
  expect(await commitOutcome(database.db, error as CommitUnknown, evidence(1n))).toBe("committed");
});

test("COMMIT never reached the server: CommitUnknown, and the outcome is rolled back", async () => {
  proxy.cutAt("commit\0", "unsent");
  const error = await commitOf(2n);
  expect(error).toBeInstanceOf(CommitUnknown);
  expect(await commitOutcome(database.db, error as CommitUnknown, evidence(2n))).toBe("rolled back");
});

test("a COMMIT that still waits is asked about until it ends; not ended in time is unknown", async () => {
  const open = await bareClient(database.connection);
  await open.query("begin");
  await open.query("insert into notes (id) values (3)");
  const { rows } = await open.query<{ id: string }>("select pg_current_xact_id()::text as id");
  const error = new CommitUnknown("silent", rows[0]?.id ?? null);
  expect(await commitOutcome(database.db, error, evidence(3n), 200)).toBe("unknown");
  const outcome = commitOutcome(database.db, error, evidence(3n));
  await open.query("commit");
  expect(await outcome).toBe("committed");
  await open.end();
});

test("a transaction number that was given out again after a crash does not count as ours", async () => {
  const { rows } = await database.db.query<{ id: string }>({ text: "select pg_current_xact_id()::text as id" });
  const anothers = new CommitUnknown("lost in a crash", rows[0]?.id ?? null); // committed, but not by whoever wrote note 4
  expect(await commitOutcome(database.db, anothers, evidence(4n))).toBe("rolled back");
  const beyond = new CommitUnknown("lost in a crash", String(BigInt(rows[0]?.id ?? 0) + 1000n));
  expect(await commitOutcome(database.db, beyond, evidence(4n))).toBe("rolled back");
});

test("while the database is away the outcome is unknown, and it is never guessed", async () => {
  proxy.cutAt("commit\0", "unanswered");
  const error = await commitOf(5n);
  proxy.down();
  expect(await commitOutcome(db, error as CommitUnknown, evidence(5n), 500)).toBe("unknown");
});

test("a constraint that refuses the COMMIT is a plain refusal", async () => {
  const work = database.db.transaction((tx) => tx.query({ text: "insert into notes values (6, 1), (7, 1)" }));
  await expect(work).rejects.toMatchObject({ code: "23505" });
});
