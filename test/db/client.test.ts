import { afterAll, beforeAll, expect, test } from "vitest";
import { isUnavailable } from "../../src/db/faults.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { runSql } from "../support/sql.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await createDatabase();
  await database.db.query({ text: "create table notes (id int8 primary key, text text)" });
});
afterAll(() => database.drop());

test("values arrive in our types: int8 as bigint, times as Date, octets as Buffer", async () => {
  const { rows } = await database.db.query<Record<string, unknown>>({
    name: "types",
    text: "select $1::int8 as id, $2::int8[] as ids, timestamptz 'epoch' as at, $3::bytea as octets, count(*)::int as n from notes",
    values: [9223372036854775807n, [1n, null, -1n], Buffer.from([0, 255])],
  });
  expect(rows).toEqual([{ id: 9223372036854775807n, ids: [1n, null, -1n], at: new Date(0), octets: Buffer.from([0, 255]), n: 0 }]);
});

test("a transaction whose work throws leaves nothing, and its connection is used again", async () => {
  const boom = new Error("boom");
  const work = database.db.transaction(async (tx) => {
    await tx.query({ text: "insert into notes values (1, 'a')" });
    throw boom;
  });
  await expect(work).rejects.toBe(boom);
  const { rows } = await database.db.query({ text: "select from notes" });
  expect(rows).toHaveLength(0);
  expect(database.db.load().open).toBe(1);
});

test("a transaction that swallowed a failed statement rejects: nothing of it is committed", async () => {
  const work = database.db.transaction(async (tx) => {
    await tx.query({ text: "insert into notes values (2, 'a')" });
    await tx.query({ text: "select 1/0" }).catch(() => undefined);
  });
  await expect(work).rejects.toThrow("had failed");
  expect((await database.db.query({ text: "select from notes" })).rowCount).toBe(0);
});

test("a backend killed under a running statement is a rejection, not the end of the process", async () => {
  const failure = database.db.query({ text: "select pg_sleep(10)" }).catch((error: unknown) => error);
  await runSql(
    database.connection,
    "select pg_terminate_backend(pid) from pg_stat_activity where query like '%pg_sleep%' and pid <> pg_backend_pid()",
  );
  expect(isUnavailable(await failure)).toBe(true);
  expect((await database.db.query({ text: "select 1" })).rowCount).toBe(1);
});
