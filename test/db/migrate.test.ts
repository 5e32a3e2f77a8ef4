import { appendFile, cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { isUnavailable } from "../../src/db/faults.ts";
import { migrate } from "../../src/db/migrate.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { testDirectory } from "../support/directory.ts";
import { bareClient, runSql, silentLog } from "../support/sql.ts";

let database: TestDatabase;
let directory: Awaited<ReturnType<typeof testDirectory>>;
let folder: string;
beforeEach(async () => {
  database = await createDatabase({ empty: true });
  directory = await testDirectory();
  folder = join(directory.path, "migrations");
  await cp("migrations", folder, { recursive: true });
});
afterEach(async () => {
  await database.drop();
  await directory.remove();
});

type Entry = { idx: number; when: number; tag: string; version: string; breakpoints: boolean };
const entries = async (path: string) =>
  (JSON.parse(await readFile(join(path, "meta", "_journal.json"), "utf8")) as { entries: Entry[] }).entries;

/** Puts a migration into the folder, dated `when` after (or before) the newest; at its end, as a merge would. */
async function add(tag: string, when: number, sql: string): Promise<void> {
  const path = join(folder, "meta", "_journal.json");
  const journal = JSON.parse(await readFile(path, "utf8")) as {
    entries: { idx: number; when: number; tag: string; version: string; breakpoints: boolean }[];
  };
  const last = journal.entries.at(-1)?.when ?? 0;
  journal.entries.push({ idx: journal.entries.length, version: "7", when: last + when, tag, breakpoints: true });
  journal.entries.sort((a, b) => a.when - b.when);
  await writeFile(path, JSON.stringify(journal));
  await writeFile(join(folder, `${tag}.sql`), sql);
}

const migrateTo = (path = folder) => migrate(database.connection, silentLog, path);
const columns = () => runSql(database.connection, "select from information_schema.tables where table_name = 'extra'");

test("an empty database is brought to this version once; migrations of the repository are all found", async () => {
  const all = (await entries("migrations")).map(({ tag }) => tag);
  expect(await migrate(database.connection, silentLog)).toEqual(all);
  expect(await migrate(database.connection, silentLog)).toEqual([]);
});

test("four nodes that start at once: one migrates, the others wait and find nothing to do", async () => {
  const applied = await Promise.all([1, 2, 3, 4].map(() => migrateTo()));
  expect(applied.filter((names) => names.length > 0)).toHaveLength(1);
  expect((await runSql(database.connection, "select from applied_migrations")).length).toBe((await entries("migrations")).length);
});

test("a newer migration is applied on top", async () => {
  await migrateTo();
  await add("9000_extra", 1, "create table extra (id int);");
  expect(await migrateTo()).toEqual(["9000_extra"]);
  expect(await columns()).toHaveLength(1);
});

test("a database newer than this version is refused", async () => {
  await add("9000_extra", 1, "create table extra (id int);");
  await migrateTo();
  await expect(migrate(database.connection, silentLog)).rejects.toMatchObject({
    name: "SchemaFault",
    hint: expect.stringContaining("version") as string,
  });
  await expect(migrate(database.connection, silentLog)).rejects.toThrow("the database is newer than this version");
});

test("an older migration that was merged later is refused, not skipped", async () => {
  await add("9000_extra", 1000, "create table extra (id int);");
  await migrateTo();
  await add("8999_late", -500, "create table late (id int);");
  await expect(migrateTo()).rejects.toThrow("8999_late is older than one that was applied already");
});

test("a migration that was edited after it was applied is refused", async () => {
  await migrateTo();
  await appendFile(join(folder, "0000_first.sql"), "\n-- a thought");
  await expect(migrateTo()).rejects.toThrow("0000_first was changed after it was applied");
});

test("a migration of another branch, dated between ours, is refused", async () => {
  await add("9000_extra", 1000, "create table extra (id int);");
  await migrateTo();
  await runSql(
    database.connection,
    "insert into applied_migrations (hash, created_at) select 'x', max(created_at) - 1 from applied_migrations",
  );
  await expect(migrateTo()).rejects.toThrow("that this version does not know");
});

test("a journal whose dates do not grow is refused before anything is touched", async () => {
  await add("9000_twin", 0, "create table extra (id int);");
  await expect(migrateTo()).rejects.toThrow("9000_twin is not newer than the one before it");
  expect(await runSql(database.connection, "select from pg_tables where schemaname = 'public'")).toHaveLength(0);
});

test("a migration that fails half way leaves nothing of itself, and says so without its statements", async () => {
  await migrateTo();
  await add("9000_extra", 1, "create table extra (id int);--> statement-breakpoint\nselect 1/0;");
  const failure = await migrateTo().catch((error: unknown) => error);
  expect((failure as Error).name).toBe("SchemaFault");
  expect((failure as Error).message).toBe("the database refused to be migrated (9000_extra): division by zero (22012)");
  expect(await columns()).toHaveLength(0);
});

test("a migration does not make mail wait for long behind it: it gives way and tries again", async () => {
  await migrateTo();
  await add("9000_extra", 1, "alter table routes add column extra int;");
  const holder = await bareClient(database.connection);
  await holder.query("begin; select from routes");
  const migrating = migrateTo();
  const since = performance.now();
  while (
    (await runSql(database.connection, "select from pg_stat_activity where wait_event_type = 'Lock' and query like 'alter table routes%'"))
      .length === 0
  );
  await database.db.query({ text: "select from routes" });
  expect(performance.now() - since).toBeLessThan(4000);
  await holder.query("commit");
  await holder.end();
  expect(await migrating).toEqual(["9000_extra"]);
});

test("an unreachable database is unavailable, not a fault of the schema", async () => {
  const nowhere = { ...database.connection, hosts: [{ host: "127.0.0.1", port: 1 }] };
  expect(isUnavailable(await migrate(nowhere, silentLog).catch((error: unknown) => error))).toBe(true);
});
