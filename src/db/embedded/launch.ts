/** Starts one server process and waits until it answers. */
import { type ChildProcess, spawn } from "node:child_process";
import { chown, open, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import pg from "pg";
import type { Log } from "../../log/log.ts";
import type { Connection } from "../connection.ts";
import { driverSettings } from "../driver-settings.ts";
import { serverErrorOf } from "../faults.ts";
import { EmbeddedFault, OWN_DATABASE } from "./fault.ts";
import type { Home } from "./home.ts";
import { pidInLockFile, writeOwner } from "./owner.ts";
import { asAccount, pause, startTimeOf, stopServer } from "./process.ts";
import { DURABLE, HOST_RULES, identMap, serverSettings } from "./server-settings.ts";

const DATABASE = "mailroom";

/** Peer authentication: no password exists. */
export const connectionAt = (socketDirectory: string, database = DATABASE): Connection => ({
  hosts: [{ host: socketDirectory, port: 5432 }],
  user: "mailroom",
  password: null,
  database,
  tls: null,
});

const LOG_MAX = 16 * 1024 * 1024;

/** The server as our child. "taken": another process started one first, or the last one's children are still ending. */
export async function launch(home: Home, socketDirectory: string, log: Log): Promise<ChildProcess | "taken"> {
  await writeConfiguration(home, socketDirectory);
  await clearForeignLock(home);
  const said = await openLog(home.serverLog);
  const args = ["-D", home.cluster, ...DURABLE.flatMap((setting) => ["-c", setting])];
  // Detached, or Ctrl-C in a terminal would reach Postgres before our own work is drained.
  const child = spawn(join(home.runtime, "bin", "postgres"), args, {
    ...asAccount(home.account),
    detached: true,
    stdio: ["ignore", said.file.fd, said.file.fd],
  });
  child.on("error", () => undefined); // it could not be started: its pid is undefined and `ended` below says so
  child.unref();
  await said.file.close();
  const tail = async () => (await readFile(home.serverLog, "utf8")).slice(said.from);
  if (!(await holdsLock(home, child))) {
    const text = await tail();
    if (/lock file .* already exists|pre-existing shared memory block|could not lock/.test(text)) return "taken";
    throw new EmbeddedFault(
      `postgres does not start: ${lastFault(text)}`,
      `see ${home.serverLog}; free disk space or memory, ${OWN_DATABASE}`,
    );
  }
  try {
    await writeOwner(home.ownerFile, child.pid ?? 0, socketDirectory);
    await untilReady(home, socketDirectory, child, log, tail);
  } catch (error) {
    if (child.pid !== undefined) await stopServer(child.pid);
    throw error;
  }
  return child;
}

const ended = (child: ChildProcess): boolean => child.pid === undefined || child.exitCode !== null || child.signalCode !== null;

async function holdsLock(home: Home, child: ChildProcess): Promise<boolean> {
  while (!ended(child)) {
    if ((await pidInLockFile(home.cluster)) === child.pid) return true;
    await pause(5);
  }
  return false;
}

/** Waits for recovery too, however long it takes as long as the process lives: after a crash it reads up to max_wal_size. */
async function untilReady(home: Home, socketDirectory: string, child: ChildProcess, log: Log, tail: () => Promise<string>): Promise<void> {
  const since = performance.now();
  for (let nextWord = 10_000; ; await pause(15)) {
    if (ended(child))
      throw new EmbeddedFault(`postgres ended while starting: ${lastFault(await tail())}`, `see ${home.serverLog}, ${OWN_DATABASE}`);
    if (await answers(socketDirectory)) return;
    if (performance.now() - since < nextWord) continue;
    log.info("postgres is still recovering", { seconds: Math.round(nextWord / 1000) });
    nextWord *= 2;
  }
}

/** True when the server takes connections. Makes our database as well, when the server is new. */
export async function answers(socketDirectory: string): Promise<boolean> {
  const timeouts = { connectMs: 2000, statementMs: 60_000, lockMs: 60_000, idleInTransactionMs: 0 };
  const client = new pg.Client({
    ...driverSettings(connectionAt(socketDirectory, "postgres"), "mailroom supervisor", timeouts),
    host: socketDirectory,
    port: 5432,
  });
  client.on("error", () => undefined); // the statement at hand rejects
  try {
    await client.connect();
    const { rowCount } = await client.query("select from pg_database where datname = $1", [DATABASE]);
    if (rowCount === 0) await client.query(`create database ${DATABASE}`);
    return true;
  } catch (error) {
    const code = serverErrorOf(error)?.code;
    if ((error as NodeJS.ErrnoException).code === "EACCES") throw error;
    if (code === undefined || code === "57P03" || code === "42P04" || code === "23505") return false; // not up yet; or another made the database
    throw new EmbeddedFault(`postgres refuses us: ${(error as Error).message}`, OWN_DATABASE, error);
  } finally {
    await client.end();
  }
}

async function writeConfiguration({ cluster, account }: Home, socketDirectory: string): Promise<void> {
  const files = {
    "postgresql.conf": serverSettings(socketDirectory),
    "pg_hba.conf": HOST_RULES,
    "pg_ident.conf": identMap([account.name, userInfo().username]),
  };
  for (const [name, text] of Object.entries(files)) {
    const path = join(cluster, name);
    await writeFile(`${path}.new`, text, { mode: 0o600 });
    if (account.switchTo) await chown(`${path}.new`, account.switchTo.uid, account.switchTo.gid);
    await rename(`${path}.new`, path);
  }
}

/** A lock file of before a restart of the machine may name a process that is now something else; Postgres would not start. */
async function clearForeignLock({ cluster }: Home): Promise<void> {
  const pid = await pidInLockFile(cluster);
  if (pid !== null && (await startTimeOf(pid)) !== null) await rm(join(cluster, "postmaster.pid"), { force: true });
}

async function openLog(path: string) {
  const size = await stat(path).then(
    (found) => found.size,
    () => 0,
  );
  if (size > LOG_MAX) await rename(path, `${path}.1`);
  const file = await open(path, "a", 0o600);
  return { file, from: size > LOG_MAX ? 0 : size };
}

const lastFault = (text: string): string =>
  /.*(?:FATAL|PANIC|ERROR|error while loading).*/.exec(text)?.[0].slice(0, 400) ?? text.slice(-400).trim();
