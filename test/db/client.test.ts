import { sql } from "drizzle-orm";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { openDatabase } from "../../src/db/client.ts";
import { DatabaseUnavailable, faultFields, isUnavailable } from "../../src/db/faults.ts";
import { routes } from "../../src/db/schema/directory.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { eventually } from "../support/eventually.ts";
import { openProxy } from "../support/postgres-proxy.ts";
import { runSql, silentLog } from "../support/sql.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await createDatabase();
  await database.db.query({ text: "create table notes (id int8 primary key, text text)" });
});
afterAll(() => database.drop());
afterEach(() => vi.unstubAllEnvs());

const failureOf = (promise: Promise<unknown>) =>
  promise.then(
    () => null,
    (error: unknown) => error,
  );
const killBackends = (like: string) =>
  runSql(
    database.connection,
    `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and query like '${like}' and pid <> pg_backend_pid()`,
  );

test("values arrive in our types: int8 as bigint, times as Date, octets as Buffer", async () => {
  const { rows } = await database.db.query<Record<string, unknown>>({
    name: "types",
    text: "select $1::int8 as id, $2::int8[] as ids, timestamptz 'epoch' as at, $3::bytea as octets, count(*)::int as n from notes",
    values: [9223372036854775807n, [1n, null, -1n], Buffer.from([0, 255])],
  });
  expect(rows).toEqual([{ id: 9223372036854775807n, ids: [1n, null, -1n], at: new Date(0), octets: Buffer.from([0, 255]), n: 0 }]);
});

test("drizzle's raw rows have the same types, its mapped rows those of the schema", async () => {
  const { drizzle } = database.db;
  await drizzle.insert(routes).values({ domain: "campus.test", url: "maildir:/x" });
  expect(await drizzle.select().from(routes)).toEqual([{ domain: "campus.test", url: "maildir:/x" }]);
  expect((await drizzle.execute(sql`select ${5n}::int8 as n, timestamptz 'epoch' as at`)).rows).toEqual([{ n: 5n, at: new Date(0) }]);
});

test("no PG* variable of the environment and no default of the role reaches a session", async () => {
  for (const [name, value] of Object.entries({
    PGHOST: "192.0.2.1",
    PGPORT: "1",
    PGUSER: "nobody-else",
    PGDATABASE: "elsewhere",
    PGPASSWORD: "secret",
    PGPASSFILE: "/nowhere",
    PGOPTIONS: "-c work_mem=99kB",
    PGAPPNAME: "intruder",
    PGSSLMODE: "require",
    PGSSLNEGOTIATION: "direct",
    PGREPLICATION: "database",
    PGCLIENT_ENCODING: "LATIN1",
    PGBINARY: "1",
    PGCONNECT_TIMEOUT: "1",
    PGDATESTYLE: "German",
    PGTZ: "Asia/Tokyo",
  })) {
    vi.stubEnv(name, value);
  }
  const [role] = await runSql<{ role: string }>(database.connection, "select current_user as role");
  await runSql(
    database.connection,
    ...["datestyle = 'German'", "timezone = 'Asia/Tokyo'", "search_path = pg_temp", "default_transaction_read_only = on"].map(
      (setting) => `alter role ${role?.role} in database ${database.connection.database} set ${setting}`,
    ),
  );
  const db = database.open({ applicationName: "environment" });
  const settings =
    "select current_setting('application_name') as app, current_setting('datestyle') as dates, current_setting('timezone') as tz";
  const { rows } = await db.query({
    text: `${settings}, current_setting('search_path') as path, current_setting('work_mem') = '99kB' as options, current_setting('transaction_read_only') as ro, now() is not null as now`,
  });
  expect(rows).toEqual([{ app: "environment", dates: "ISO, MDY", tz: "UTC", path: "public", options: false, ro: "off", now: true }]);
  await runSql(database.connection, `alter role ${role?.role} in database ${database.connection.database} reset all`);
});

test("a transaction whose work throws leaves nothing, and its connection is used again", async () => {
  const db = database.open();
  const boom = new Error("boom");
  const work = db.transaction(async (tx) => {
    await tx.query({ text: "insert into notes values (1, 'a')" });
    await tx.drizzle.insert(routes).values({ domain: "gone.test", url: "x" });
    throw boom;
  });
  await expect(work).rejects.toBe(boom);
  expect((await db.query({ text: "select from notes" })).rowCount).toBe(0);
  expect((await db.query({ text: "select from routes where domain = 'gone.test'" })).rowCount).toBe(0);
  expect(db.load()).toEqual({ open: 1, idle: 1, waiting: 0 });
});

test("a transaction that swallowed a failed statement rejects: nothing of it is committed", async () => {
  const work = database.db.transaction(async (tx) => {
    await tx.query({ text: "insert into notes values (2, 'a')" });
    await tx.query({ text: "select 1/0" }).catch(() => undefined);
  });
  await expect(work).rejects.toThrow("had failed");
  expect((await database.db.query({ text: "select from notes" })).rowCount).toBe(0);
});

test("statements side by side travel together; the first failure is the one reported", async () => {
  const insert = (id: bigint) => ({ name: "insert_note", text: "insert into notes values ($1, 'x')", values: [id] });
  await database.db.transaction((tx) => Promise.all([10n, 11n, 12n].map((id) => tx.query(insert(id)))));
  const failure = await failureOf(database.db.transaction((tx) => Promise.all([13n, 11n, 14n].map((id) => tx.query(insert(id))))));
  expect(faultFields(failure)).toMatchObject({ sqlstate: "23505", constraint: "notes_pkey" });
  expect(isUnavailable(failure)).toBe(false);
  expect((await database.db.query({ text: "select id from notes order by id" })).rows).toEqual([{ id: 10n }, { id: 11n }, { id: 12n }]);
});

test("a handle kept beyond its transaction is refused, whoever has the connection now", async () => {
  let kept: { query(s: { text: string }): Promise<unknown> } | undefined;
  await database.db.transaction(async (tx) => {
    kept = tx;
  });
  await expect(kept?.query({ text: "select 1" })).rejects.toThrow("over");
});

test("a refused statement keeps its connection; a broken parameter does not spoil the prepared statement", async () => {
  const db = database.open();
  await expect(db.query({ text: "select 1/0" })).rejects.toMatchObject({ code: "22012" });
  expect(db.load().open).toBe(1);
  const circular: Record<string, unknown> = {};
  circular["self"] = circular;
  await expect(db.query({ name: "json", text: "select $1::jsonb as j", values: [circular] })).rejects.toThrow(TypeError);
  expect((await db.query({ name: "json", text: "select $1::jsonb as j", values: [{ a: 1 }] })).rows).toEqual([{ j: { a: 1 } }]);
});

test("a table changed under a prepared statement: one failure that counts as trouble, then it works", async () => {
  const db = database.open();
  await db.query({ text: "create table wide (a int)" });
  const all = { name: "all_wide", text: "select * from wide" };
  await db.query(all);
  await runSql(database.connection, "alter table wide add column b int");
  expect(isUnavailable(await failureOf(db.query(all)))).toBe(true);
  expect((await db.query(all)).rowCount).toBe(0);
});

test("a backend killed under a running statement is a rejection, not the end of the process", async () => {
  const failures: unknown[] = [];
  const note = (error: unknown) => failures.push(error);
  void database.db.query({ text: "select pg_sleep(10)" }).catch(note);
  void database.db.transaction((tx) => tx.query({ text: "select pg_sleep(10)" })).catch(note);
  await eventually(async () => {
    await killBackends("select pg_sleep%");
    expect(failures).toHaveLength(2);
  });
  expect(failures.map(isUnavailable)).toEqual([true, true]);
  expect((await database.db.query({ text: "select 1" })).rowCount).toBe(1);
});

test("killed while idle, alone or inside a transaction: the pool forgets it", async () => {
  const db = database.open();
  await db.query({ text: "select 'idle'" });
  await killBackends("select ''idle''".replaceAll("''", "_"));
  await eventually(() => expect(db.load().open).toBe(0));
  const failure = failureOf(
    db.transaction(async (tx) => {
      await tx.query({ text: "select 'busy'" });
      await killBackends("select _busy_");
      await new Promise((resolve) => setTimeout(resolve, 50)); // the error arrives while no statement runs
      await tx.query({ text: "select 2" });
    }),
  );
  expect(isUnavailable(await failure)).toBe(true);
  expect((await db.query({ text: "select 1" })).rowCount).toBe(1);
});

test("limits: a statement, a lock and a pool that is exhausted end in time, as trouble", async () => {
  const db = database.open({ max: 1, statementMs: 300 });
  const slow = failureOf(db.query({ text: "select pg_sleep(5)" }));
  expect(faultFields(await slow)).toMatchObject({ sqlstate: "57014" });
  expect(isUnavailable(await slow)).toBe(true);
  const holder = db.transaction(() => new Promise((resolve) => setTimeout(resolve, 2500)));
  const waiting = await failureOf(db.query({ text: "select 1" }));
  expect(waiting).toBeInstanceOf(DatabaseUnavailable);
  await holder;
  expect((await db.query({ text: "select 1" })).rowCount).toBe(1);
});

test("a server that falls silent: the caller hears of it within 6 s, the connection is not used again", async () => {
  const proxy = await openProxy(database.connection);
  const db = openDatabase(proxy.connection, { applicationName: "silent", max: 2, log: silentLog });
  await db.query({ text: "select 1" });
  proxy.silence();
  const since = performance.now();
  expect(await failureOf(db.query({ text: "select 1" }))).toBeInstanceOf(DatabaseUnavailable);
  expect(performance.now() - since).toBeLessThan(6000);
  proxy.up();
  expect((await db.query({ text: "select 1" })).rowCount).toBe(1);
  await db.close();
  await proxy.close();
});

test("a server that is down is trouble at once, and the pool recovers by itself", async () => {
  const proxy = await openProxy(database.connection);
  const db = openDatabase(proxy.connection, { applicationName: "down", max: 2, log: silentLog });
  await db.query({ text: "select 1" });
  proxy.down();
  const since = performance.now();
  for (let i = 0; i < 20; i++) expect(await failureOf(db.query({ text: "select 1" }))).toBeInstanceOf(DatabaseUnavailable);
  expect(performance.now() - since).toBeLessThan(2000);
  proxy.up();
  expect((await db.query({ text: "select 1" })).rowCount).toBe(1);
  await proxy.close();
  await db.close();
});

test("of several hosts the next is tried after a failure", async () => {
  const hosts = [{ host: "127.0.0.1", port: 1 }, ...database.connection.hosts];
  const db = openDatabase({ ...database.connection, hosts }, { applicationName: "hosts", max: 2, log: silentLog });
  expect(await failureOf(db.query({ text: "select 1" }))).toBeInstanceOf(DatabaseUnavailable);
  expect((await db.query({ text: "select 1" })).rowCount).toBe(1);
  await db.close();
});

test("what the log is told has no statement, no value, no address", async () => {
  const secret = "ann@campus.test";
  const failure = await failureOf(database.db.drizzle.execute(sql`select ${secret}::int`));
  expect(String(failure)).toContain(secret); // drizzle's own message has them
  expect(JSON.stringify(faultFields(failure))).not.toContain(secret);
  expect(faultFields(failure)).toMatchObject({ sqlstate: "22P02" });
});

test("a closed database rejects as unavailable; closing twice is allowed", async () => {
  const db = database.open();
  await db.query({ text: "select 1" });
  await db.close();
  await db.close();
  expect(await failureOf(db.query({ text: "select 1" }))).toBeInstanceOf(DatabaseUnavailable);
});
