import { afterAll, beforeAll, expect, test } from "vitest";
import { isUnavailable } from "../../src/db/faults.ts";
import { type Facts, judge } from "../../src/db/gate-rules.ts";
import { inspectDatabase } from "../../src/db/start-gate.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { needs } from "../support/needs.ts";
import { type PrivatePostgres, postgres15, startPostgres } from "../support/private-postgres.ts";
import { runSql } from "../support/sql.ts";

let database: TestDatabase;
let careless: PrivatePostgres;
beforeAll(async () => {
  database = await createDatabase();
  careless = await startPostgres({ settings: { fsync: "off", full_page_writes: "off" } });
});
afterAll(async () => {
  await careless.stop();
  await database.drop();
});

const sound: Facts = {
  settings: {
    fsync: "on",
    full_page_writes: "on",
    synchronous_commit: "on",
    synchronous_standby_names: "",
    server_encoding: "UTF8",
    data_checksums: "on",
    server_version_num: "150000",
    server_version: "15.0",
  },
  hasFailover: false,
  isExposed: false,
  isStandby: false,
};
const with_ = (changes: Partial<Facts["settings"]>, others: Partial<Facts> = {}) =>
  judge({ ...sound, ...others, settings: { ...sound.settings, ...changes } });

test.each([
  ["fsync is off", { fsync: "off" }, {}],
  ["full_page_writes is off", { full_page_writes: "off" }, {}],
  ["synchronous_commit is off", { synchronous_commit: "off" }, {}],
  ["synchronous_commit is local", { synchronous_commit: "local" }, {}],
  ["synchronous_commit is remote_write", { synchronous_commit: "remote_write" }, {}],
  ["Postgres 14.22 is too old", { server_version_num: "140022", server_version: "14.22" }, {}],
  ["encoding is SQL_ASCII", { server_encoding: "SQL_ASCII" }, {}],
  ["synchronous_standby_names is empty", {}, { hasFailover: true }],
  ["synchronous_standby_names is empty", { synchronous_standby_names: " " }, { hasFailover: true }],
  ["is a standby", {}, { isStandby: true }],
] satisfies [string, Partial<Facts["settings"]>, Partial<Facts>][])("refused: %s", (says, settings, others) => {
  const { refusals } = with_(settings, others);
  expect(refusals).toHaveLength(1);
  expect(refusals[0]).toContain(says);
  expect(refusals[0]).toMatch(/[:;] .+/); // and what to do
});

test.each([
  ["as it should be", {}, {}, 0],
  ["remote_apply is stronger than on", { synchronous_commit: "remote_apply" }, {}, 0],
  ["a failover target whose standbys are waited for", { synchronous_standby_names: "ANY 1 (a, b)" }, { hasFailover: true }, 0],
  ["without checksums, with a warning", { data_checksums: "off" }, {}, 1],
  ["in clear text over a network, with a warning", {}, { isExposed: true }, 1],
] satisfies [string, Partial<Facts["settings"]>, Partial<Facts>, number][])("accepted: %s", (_, settings, others, warnings) => {
  const report = with_(settings, others);
  expect(report.refusals).toEqual([]);
  expect(report.warnings).toHaveLength(warnings);
});

test("every fault is told at once", () => {
  expect(with_({ fsync: "off", full_page_writes: "off", synchronous_commit: "off" }).refusals).toHaveLength(3);
});

test("a server that does not sync is refused, whatever the session says", async () => {
  const { refusals } = await inspectDatabase(careless.connection);
  expect(refusals).toEqual([expect.stringContaining("fsync is off"), expect.stringContaining("full_page_writes is off")]);
});

test("synchronous_commit counts as our session gets it: set for the database or for the role", async () => {
  const name = database.connection.database;
  expect((await inspectDatabase(database.connection)).refusals).toEqual([]);
  await runSql(database.connection, `alter database ${name} set synchronous_commit = local`);
  expect((await inspectDatabase(database.connection)).refusals).toEqual([expect.stringContaining("synchronous_commit is local")]);
  await runSql(database.connection, `alter role current_user in database ${name} set synchronous_commit = off`);
  expect((await inspectDatabase(database.connection)).refusals).toEqual([expect.stringContaining("synchronous_commit is off")]);
  await runSql(database.connection, `alter role current_user in database ${name} set synchronous_commit = on`);
  expect((await inspectDatabase(database.connection)).refusals).toEqual([]);
  await runSql(database.connection, `alter role current_user in database ${name} reset all`, `alter database ${name} reset all`);
});

test("a database of another encoding is refused", async () => {
  await runSql(careless.connection, "create database bytes encoding 'SQL_ASCII' locale 'C' template template0");
  const { refusals } = await inspectDatabase({ ...careless.connection, database: "bytes" });
  expect(refusals).toContainEqual(expect.stringContaining("encoding is SQL_ASCII"));
});

test("several hosts need standbys that are waited for; hosts that are down are passed over", async () => {
  const hosts = [{ host: "127.0.0.1", port: 1 }, ...database.connection.hosts];
  expect((await inspectDatabase({ ...database.connection, hosts })).refusals).toEqual([
    expect.stringContaining("synchronous_standby_names is empty"),
  ]);
});

test("nobody there: unavailable, which is no verdict", async () => {
  const nowhere = { ...database.connection, hosts: [{ host: "127.0.0.1", port: 1 }] };
  expect(isUnavailable(await inspectDatabase(nowhere).catch((error: unknown) => error))).toBe(true);
});

needs("postgres15")("Postgres 15", () => {
  test("as Debian sets it up, is accepted; it has no checksums, which is told", async () => {
    const old = await startPostgres({ bin: postgres15() ?? "" });
    const report = await inspectDatabase(old.connection);
    await old.stop();
    expect(report.refusals).toEqual([]);
    expect(report.warnings).toEqual([expect.stringContaining("data checksums are off")]);
  });
});
