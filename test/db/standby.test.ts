import { cp, lchown, lstat, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openDatabase } from "../../src/db/client.ts";
import { type Embedded, startEmbedded } from "../../src/db/embedded/embedded.ts";
import { CommitUnknown, DatabaseUnavailable } from "../../src/db/faults.ts";
import { outcomeOf } from "../../src/db/outcome.ts";
import { testDirectory } from "../support/directory.ts";
import { eventually } from "../support/eventually.ts";
import { runSql, silentLog } from "../support/sql.ts";

/** A server of its own: synchronous_standby_names holds up every commit on it. */
let directory: Awaited<ReturnType<typeof testDirectory>>;
let primary: Embedded;
beforeAll(async () => {
  directory = await testDirectory();
  primary = await startEmbedded({ dataDir: join(directory.path, "primary"), log: silentLog });
  await runSql(primary.connection, "create table notes (id int8 primary key, at timestamptz)");
});
afterAll(async () => {
  await primary.stop();
  await directory.remove();
});

const failureOf = (work: Promise<unknown>) =>
  work.then(
    () => null,
    (reason: unknown) => reason,
  );

test.each(["cancel", "terminate"])(
  "committed here but on no standby, because an operator's %s ended the wait: that is no success",
  async (how) => {
    const db = openDatabase(primary.connection, { applicationName: "patient", max: 2, log: silentLog });
    const insert = (id: bigint) => ({ text: "insert into notes values ($1) on conflict (id) do update set at = now()", values: [id] });
    // A standby that will never come. The server begins to wait for it a moment after the setting has changed: until then commits succeed.
    await setStandbys("nobody");
    const transaction = failureOf(again(() => db.transaction((tx) => tx.query(insert(1n)))));
    const single = failureOf(again(() => db.query(insert(2n))));
    await eventually(async () => expect(await waiting()).toHaveLength(2));
    await runSql(primary.connection, `select pg_${how}_backend(pid) from pg_stat_activity where application_name = 'patient'`);
    expect(await transaction).toBeInstanceOf(CommitUnknown);
    expect(await single).toBeInstanceOf(CommitUnknown);
    for (const error of [await transaction, await single])
      expect(await outcomeOf(db, error, { text: "select from notes" })).toBe("unknown");
    await setStandbys("");
    expect((await db.query({ text: "select from notes" })).rowCount).toBe(2); // and yet they are there
    await db.close();
  },
);

const again = async (work: () => Promise<unknown>): Promise<never> => {
  for (;;) await work();
};
const waiting = () =>
  runSql(primary.connection, "select from pg_stat_activity where wait_event = 'SyncRep' and application_name = 'patient'");
const setStandbys = (names: string) =>
  runSql(primary.connection, `alter system set synchronous_standby_names = '${names}'`, "select pg_reload_conf()");

test("of several hosts a standby is not used: its primary is found at the next attempt", async () => {
  // A standby without a primary to follow, made of a copy taken while the server rests.
  await primary.stop();
  await cp(join(directory.path, "primary"), join(directory.path, "standby"), { recursive: true, verbatimSymlinks: true });
  await giveToSameOwner(join(directory.path, "primary"), join(directory.path, "standby"));
  await writeFile(join(directory.path, "standby/postgres/cluster/standby.signal"), "");
  primary = await startEmbedded({ dataDir: join(directory.path, "primary"), log: silentLog });
  const standby = await startEmbedded({ dataDir: join(directory.path, "standby"), log: silentLog });
  const hosts = [...standby.connection.hosts, ...primary.connection.hosts];
  const db = openDatabase({ ...primary.connection, hosts }, { applicationName: "two hosts", max: 1, log: silentLog });
  expect(await failureOf(db.query({ text: "select 1" }))).toBeInstanceOf(DatabaseUnavailable);
  expect((await db.query({ text: "select pg_is_in_recovery() as standby" })).rows).toEqual([{ standby: false }]);
  const subscription = await db.listen(
    "anything",
    () => {},
    () => {},
  );
  await eventually(() => expect(subscription.healthy()).toBe(true)); // LISTEN is refused on a standby
  await db.close();
  await standby.stop();
});

/** The copy was made by us; Postgres wants its files to be its account's. */
async function giveToSameOwner(original: string, copy: string): Promise<void> {
  if (process.getuid?.() !== 0) return;
  for (const name of await readdir(join(original, "postgres"), { recursive: true })) {
    const { uid, gid } = await lstat(join(original, "postgres", name));
    await lchown(join(copy, "postgres", name), uid, gid);
  }
}
