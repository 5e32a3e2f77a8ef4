import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, chown, lstat, mkdir, readFile, readlink, rm, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { type Db, openDatabase } from "../../src/db/client.ts";
import type { Connection } from "../../src/db/connection.ts";
import { type Embedded, startEmbedded } from "../../src/db/embedded/embedded.ts";
import { EmbeddedFault } from "../../src/db/embedded/fault.ts";
import { isServerOf, startTimeOf } from "../../src/db/embedded/process.ts";
import { inspectDatabase } from "../../src/db/start-gate.ts";
import { testDirectory } from "../support/directory.ts";
import { eventually } from "../support/eventually.ts";
import { runSql, silentLog } from "../support/sql.ts";

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 }); // several make a cluster of their own

const isRoot = process.getuid?.() === 0;

let directory: Awaited<ReturnType<typeof testDirectory>>;
/** One data directory for most tests, which run one after the other: making a new one takes seconds. */
let dataDir: string;
const running: { stop(): Promise<void> }[] = [];
beforeAll(async () => {
  directory = await testDirectory();
  dataDir = join(directory.path, "data");
});
afterEach(async () => {
  for (const one of running.splice(0)) await one.stop();
});
afterAll(() => directory.remove());

async function start(where = dataDir): Promise<Embedded> {
  const embedded = await startEmbedded({ dataDir: where, log: silentLog });
  running.push(embedded);
  return embedded;
}

type Elsewhere = {
  readonly said: { attached?: boolean; connection: Connection; message?: string; hint?: string };
  readonly child: ChildProcess;
  stop(): Promise<void>;
};

/** The same in a process of its own; `uid` as root only. */
async function startElsewhere(where = dataDir, uid?: number): Promise<Elsewhere> {
  const account = uid === undefined ? {} : { uid, gid: uid };
  const child = spawn(process.execPath, ["--import", "tsx", "test/db/embedded-process.ts", where], {
    stdio: ["pipe", "pipe", "inherit"],
    ...account,
  });
  const [line] = (await once(createInterface(child.stdout), "line")) as [string];
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.stdin.write("stop\n");
    await once(child, "exit");
  };
  running.push({ stop });
  return { said: JSON.parse(line) as Elsewhere["said"], child, stop };
}

const serverPid = async (where = dataDir) => Number.parseInt(await readFile(join(where, "postgres/cluster/postmaster.pid"), "utf8"), 10);
const failureOf = (work: Promise<unknown>) =>
  work.then(
    () => null,
    (error: unknown) => error,
  );
const answers = (connection: Connection) => runSql<{ n: number }>(connection, "select 1 as n").then(([row]) => row?.n === 1);

test("a new data directory: private files, a socket and no port, checksums, an order that is the same everywhere", async () => {
  const embedded = await start();
  expect(embedded.attached).toBe(false);
  for (const part of ["cluster", "run"]) expect((await stat(join(dataDir, "postgres", part))).mode & 0o777).toBe(0o700);
  const [facts] = await runSql(
    embedded.connection,
    `select current_user as role, current_setting('listen_addresses') as addresses, current_setting('data_checksums') as checksums,
      current_setting('server_encoding') as encoding, datlocprovider as provider, lower('ÄÖ') as lowered, 'B' < 'a' as by_octets,
      current_setting('fsync') || current_setting('full_page_writes') || current_setting('synchronous_commit') as durable
      from pg_database where datname = current_database()`,
  );
  expect(facts).toEqual({
    role: "mailroom",
    addresses: "",
    checksums: "on",
    encoding: "UTF8",
    provider: "b",
    lowered: "äö",
    by_octets: true,
    durable: "ononon",
  });
  expect(await inspectDatabase(embedded.connection)).toEqual({ refusals: [], warnings: [] });
});

test("nothing of an operator's weakens what makes a commit durable", async () => {
  const first = await start();
  await runSql(
    first.connection,
    "alter system set fsync = off",
    "alter system set full_page_writes = off",
    "alter system set synchronous_commit = off",
  );
  await first.stop();
  const second = await start();
  expect((await inspectDatabase(second.connection)).refusals).toEqual([]);
  await runSql(second.connection, "alter system reset all");
});

test("the server's log tells what went wrong, but no address and no statement", async () => {
  const { connection } = await start();
  const db = openDatabase(connection, { applicationName: "refused", max: 1, log: silentLog });
  await db.query({ text: "create table addresses (address text primary key)" });
  const insert = { text: "insert into addresses values ($1)", values: ["ann@campus.test"] };
  await db.query(insert);
  await failureOf(db.query(insert));
  await failureOf(db.query({ text: "select 'ann@campus.test' from nowhere" }));
  await db.close();
  const text = await readFile(join(dataDir, "postgres/server.log"), "utf8");
  expect(text).toContain('duplicate key value violates unique constraint "addresses_pkey"');
  expect(text).not.toMatch(/ann@|insert into/);
});

test("a second process attaches; when it stops the server stays, when the owner stops it goes", async () => {
  const owner = await start();
  const other = await startElsewhere();
  expect(other.said).toEqual({ attached: true, connection: owner.connection });
  await other.stop();
  expect(await answers(owner.connection)).toBe(true);
  const pid = await serverPid();
  await owner.stop();
  await owner.stop();
  expect(await startTimeOf(pid)).toBeNull();
});

test("two processes on a new data directory at once: one server, both use it", async () => {
  const where = join(directory.path, "race");
  const both = await Promise.all([startElsewhere(where), startElsewhere(where)]);
  expect(both.filter(({ said }) => said.attached)).toHaveLength(1);
  for (const { said } of both) expect(await answers(said.connection)).toBe(true);
});

test("kill -9 of the owner leaves the server running; the next start stops it and its data are there", async () => {
  const owner = await startElsewhere();
  await runSql(owner.said.connection, "create table if not exists kept as select 1 as n");
  const orphan = await serverPid();
  owner.child.kill("SIGKILL");
  await once(owner.child, "exit");
  expect(await isServerOf(orphan, join(dataDir, "postgres/cluster"))).toBe(true);
  const next = await start();
  expect(next.attached).toBe(false);
  expect(await startTimeOf(orphan)).toBeNull();
  expect(await runSql(next.connection, "select n from kept")).toEqual([{ n: 1 }]);
});

test("an owner that ends without stopping takes its server along", async () => {
  const owner = await startElsewhere();
  const pid = await serverPid();
  owner.child.stdin?.end();
  await once(owner.child, "exit");
  await eventually(async () => expect(await startTimeOf(pid)).toBeNull());
});

test("an attached process takes over when the owner was killed, and when it stopped", async () => {
  for (const how of ["killed", "stopped"]) {
    const owner = await startElsewhere();
    const attached = await start();
    expect(attached.attached).toBe(true);
    const before = await serverPid();
    if (how === "killed") owner.child.kill("SIGKILL");
    else await owner.stop();
    await eventually(async () => {
      expect(await serverPid()).not.toBe(before);
      expect(await answers(attached.connection)).toBe(true);
    });
    await attached.stop();
    expect(await startTimeOf(before)).toBeNull();
  }
});

test("kill -9 of the server: it is started again, and pools and listeners recover by themselves", async () => {
  const { connection } = await start();
  const db: Db = openDatabase(connection, { applicationName: "recovers", max: 2, log: silentLog });
  let gaps = 0;
  const subscription = await db.listen(
    "any",
    () => {},
    () => gaps++,
  );
  await db.query({ text: "create table survivors as select generate_series(1, 100)" });
  process.kill(await serverPid(), "SIGKILL");
  await eventually(async () => expect((await db.query({ text: "select from survivors" })).rowCount).toBe(100));
  await eventually(() => expect(subscription.healthy()).toBe(true));
  await eventually(() => expect(gaps).toBe(2));
  process.kill(await serverPid(), "SIGQUIT"); // and once more: immediate shutdown
  await eventually(async () => expect((await db.query({ text: "select from survivors" })).rowCount).toBe(100));
  await db.close();
});

test("stop does not wait for clients, and Ctrl-C in a terminal does not reach the server", async () => {
  const { connection, stop } = await start();
  const db = openDatabase(connection, { applicationName: "stays", max: 2, log: silentLog });
  const busy = failureOf(db.query({ text: "select pg_sleep(3)" }));
  const groupOf = async (pid: number | "self") => (await readFile(`/proc/${pid}/stat`, "utf8")).replace(/^.*\) /, "").split(" ")[2];
  expect(await groupOf(await serverPid())).not.toBe(await groupOf("self"));
  const since = performance.now();
  await stop();
  expect(performance.now() - since).toBeLessThan(2500);
  expect(await busy).not.toBeNull();
  await db.close();
});

test("a lock file that names a process of today, left by a crash before the machine was restarted, does not stop us", async () => {
  await (await start()).stop();
  await writeFile(join(dataDir, "postgres/cluster/postmaster.pid"), `${process.pid}\n${dataDir}/postgres/cluster\n1\n5432\n\n\n`);
  expect(await answers((await start()).connection)).toBe(true);
});

test("an owner.json that is nonsense: the server is nobody's, and is stopped after a while", async () => {
  const owner = await startElsewhere();
  const orphan = await serverPid();
  owner.child.kill("SIGKILL");
  for (const nonsense of ["", "null", "[]", '{"pid":"1"}', "\0"]) {
    await writeFile(join(dataDir, "postgres/owner.json"), nonsense);
  }
  expect((await start()).attached).toBe(false);
  expect(await startTimeOf(orphan)).toBeNull();
});

test("a copy of the programs that was cut short is made again", async () => {
  await (await start()).stop();
  const programs = (await lstat(join(dataDir, "postgres"))).isDirectory()
    ? join(dataDir, "postgres", "runtime-18.4.0-beta.17/bin/postgres")
    : "";
  await truncate(programs, 4096);
  expect(await answers((await start()).connection)).toBe(true);
});

test("a data directory whose path is too long for a socket: it lies elsewhere, at the same place after a restart", async () => {
  const where = join(directory.path, "long".repeat(25));
  const first = await start(where);
  const socket = first.connection.hosts[0]?.host ?? "";
  expect(socket.startsWith(where)).toBe(false);
  expect((await stat(socket)).mode & 0o777).toBe(0o700);
  process.kill(await serverPid(where), "SIGKILL");
  await eventually(async () => expect(await answers(first.connection)).toBe(true));
  await first.stop();
  await expect(stat(socket)).rejects.toThrow("ENOENT");
});

describe("what cannot be used is refused with a way out, and not touched", () => {
  const refused = async (where: string, message: string) => {
    const fault = await failureOf(start(where));
    expect(fault).toBeInstanceOf(EmbeddedFault);
    expect((fault as EmbeddedFault).message).toContain(message);
    expect((fault as EmbeddedFault).hint).toContain("MAILROOM_DATABASE_URL");
  };

  test("a cluster of another major version", async () => {
    await (await start()).stop();
    const file = join(dataDir, "postgres/cluster/PG_VERSION");
    await writeFile(file, "17\n");
    await refused(dataDir, "is of Postgres 17");
    await writeFile(file, "18\n");
  });

  test("a cluster directory that is none", async () => {
    const where = join(directory.path, "strange");
    await mkdir(join(where, "postgres/cluster/photos"), { recursive: true });
    await refused(where, "has no PG_VERSION");
    expect((await stat(join(where, "postgres/cluster/photos"))).isDirectory()).toBe(true);
  });

  test("a server that does not start: the reason of its log is told", async () => {
    await (await start()).stop();
    const control = join(dataDir, "postgres/cluster/global/pg_control");
    const whole = await readFile(control);
    await writeFile(control, Buffer.alloc(whole.length, 7));
    await refused(dataDir, "FATAL");
    await writeFile(control, whole);
    expect(await answers((await start()).connection)).toBe(true);
  });

  test("a data_dir that is a file", async () => {
    const where = join(directory.path, "file");
    await writeFile(where, "");
    await refused(where, "ENOTDIR");
  });

  test("a platform without programs", async () => {
    const arch = Object.getOwnPropertyDescriptor(process, "arch") as PropertyDescriptor;
    Object.defineProperty(process, "arch", { ...arch, value: "mips" });
    await refused(join(directory.path, "mips"), "no Postgres programs for linux on mips");
    Object.defineProperty(process, "arch", arch);
  });
});

describe.runIf(isRoot)("started by root", () => {
  const NOBODY = 65534;

  test("the files are those of an account that is not root; that account's server keeps them", async () => {
    await start();
    expect((await stat(join(dataDir, "postgres/cluster"))).uid).not.toBe(0);
    expect((await stat(join(dataDir, "postgres"))).uid).toBe(0);
    const status = await readFile(`/proc/${await serverPid()}/status`, "utf8");
    expect(/^Uid:\s+(\d+)\s+(\d+)\s+(\d+)\s+(\d+)$/m.exec(status)?.slice(1)).not.toContain("0");
    expect(/^Groups:[ \t]*(.*)$/m.exec(status)?.[1]).toBe(""); // none of root's groups
  });

  test("a data_dir that the account cannot reach: the files go to /var/lib, a link stays, and it is found again", async () => {
    const closed = join(directory.path, "closed");
    await mkdir(closed, { mode: 0o700 });
    const where = join(closed, "data");
    const first = await start(where);
    const target = await readlink(join(where, "postgres"));
    expect(target).toMatch(/^\/var\/lib\/mailroom\/[0-9a-f]{12}$/);
    await runSql(first.connection, "create table moved as select 1 as n");
    await first.stop();
    expect(await runSql((await start(where)).connection, "select n from moved")).toEqual([{ n: 1 }]);
    await running.pop()?.stop();
    await rm(target, { recursive: true });
  });

  test("a cluster that became unreachable stays where it is", async () => {
    const closed = join(directory.path, "later");
    await mkdir(closed, { mode: 0o755 });
    await (await start(join(closed, "data"))).stop();
    await chmod(closed, 0o700);
    const fault = await failureOf(start(join(closed, "data")));
    expect(fault).toBeInstanceOf(EmbeddedFault);
    expect((fault as EmbeddedFault).message).toMatch(/^account \w+ cannot run Postgres in /);
  });

  test("an ordinary user: everything is theirs; others cannot use it", async () => {
    const where = join(directory.path, "ordinary");
    await mkdir(where);
    await chown(where, NOBODY, NOBODY);
    const theirs = await startElsewhere(where, NOBODY);
    expect(theirs.said.attached).toBe(false);
    for (const part of ["", "cluster", "run", "owner.json"]) expect((await stat(join(where, "postgres", part))).uid).toBe(NOBODY);
    expect(await answers(theirs.said.connection)).toBe(true); // root is in the map
    const stranger = await startElsewhere(where, 33);
    expect(stranger.said).toMatchObject({
      name: "EmbeddedFault",
      message: expect.stringContaining("belongs to nobody, and this process runs as www-data") as string,
    });
    await theirs.stop();
    const late = await startElsewhere(where, 33);
    expect(late.said).toMatchObject({ name: "EmbeddedFault", hint: expect.stringContaining("data_dir") as string });
  });

  test("an account without a name: Postgres needs one, which is told", async () => {
    const where = join(directory.path, "nameless");
    await mkdir(where);
    await chown(where, 54321, 54321);
    const { said } = await startElsewhere(where, 54321);
    expect(said).toMatchObject({ name: "EmbeddedFault", message: expect.stringContaining("uid 54321 has no name") as string });
  });

  test("peer authentication lets nobody else in, even who can reach the socket", async () => {
    await start();
    await chmod(join(dataDir, "postgres/run"), 0o755);
    await chmod(join(dataDir, "postgres/run/.s.PGSQL.5432"), 0o777);
    const script = `import("pg").then(async ({ default: pg }) => {
      const client = new pg.Client({ host: process.argv[1], user: "mailroom", database: "mailroom" });
      await client.connect().then(() => console.log("let in"), (error) => console.log(error.message));
      await client.end();
    });`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script, join(dataDir, "postgres/run")], {
      uid: NOBODY,
      gid: NOBODY,
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = (await once(createInterface(child.stdout), "line")) as [string];
    expect(line).toContain('Peer authentication failed for user "mailroom"');
  });
});
