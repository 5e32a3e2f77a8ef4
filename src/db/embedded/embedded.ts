/**
 * The embedded Postgres: a real server of our own in the data directory, reached through its socket only. One process
 * supervises it; others that use the same data directory attach. What a killed supervisor leaves behind is stopped, and a
 * server that dies is started again.
 */
import type { ChildProcess } from "node:child_process";
import { realpath } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Log } from "../../log/log.ts";
import type { Connection } from "../connection.ts";
import { faultFields } from "../faults.ts";
import { EmbeddedFault } from "./fault.ts";
import { type Home, prepareCluster, prepareHome, prepareSocketDirectory } from "./home.ts";
import { connectionAt, launch } from "./launch.ts";
import { forgetOwner, isAlive, readOwner, runningServer } from "./owner.ts";
import { pause, stopServer } from "./process.ts";

export type Embedded = {
  readonly connection: Connection;
  /** True when another process supervises the server: stop() leaves it running. */
  readonly attached: boolean;
  /** Close all pools first. Fast shutdown, no recovery at the next start. May be called twice. */
  stop(): Promise<void>;
};

/** Who holds the server: our child, or another process, which we watch. */
type Hold = { readonly socketDirectory: string; readonly serverPid: number; readonly child: ChildProcess | null };

/** Throws EmbeddedFault (exit code 78) with a hint when it cannot be started. */
export async function startEmbedded({ dataDir, log }: { dataDir: string; log: Log }): Promise<Embedded> {
  const first = (await attach(dataDir)) ?? (await acquire(dataDir, log));
  let hold = first;
  let stopping = false;
  let restarting: Promise<void> | null = null;
  let watch: NodeJS.Timeout | undefined;

  /** Calls restart() once the server of `held` is gone: a child tells us, a foreign one has to be looked at. */
  const supervise = (held: Hold) => {
    held.child?.once("exit", (code, signal) => {
      if (stopping) return;
      log.error("postgres ended unexpectedly", { code, signal });
      restarting = restart();
    });
    if (held.child && (held.child.exitCode !== null || held.child.signalCode !== null))
      held.child.emit("exit", held.child.exitCode, held.child.signalCode);
    if (!held.child) watchForeign(held);
  };
  const watchForeign = (held: Hold) => {
    watch = setTimeout(() => void look(held), WATCH_MS);
    watch.unref();
  };
  const look = async (held: Hold) => {
    const owned = await readOwner(join(resolve(dataDir), "postgres", "owner.json"));
    if (stopping) return;
    if (owned?.serverPid === held.serverPid && (await isAlive(owned))) watchForeign(held);
    else restarting = restart();
  };
  const restart = async () => {
    for (let delay = RESTART_FIRST_MS; !stopping; delay = Math.min(delay * 2, RESTART_LAST_MS)) {
      try {
        hold = (await attach(dataDir)) ?? (await acquire(dataDir, log));
        log.info("postgres is back", { attached: hold.child === null });
        if (!stopping) supervise(hold);
        return;
      } catch (error) {
        log.error("postgres cannot be started again", faultFields(error));
        await pause(delay);
      }
    }
  };
  supervise(first);

  return {
    connection: connectionAt(first.socketDirectory),
    attached: first.child === null,
    stop: async () => {
      stopping = true;
      clearTimeout(watch);
      await restarting;
      if (hold.child === null) return;
      await stopServer(hold.serverPid);
      await forgetOwner(join(resolve(dataDir), "postgres", "owner.json"), hold.serverPid);
    },
  };
}

const WATCH_MS = 1000;
const RESTART_FIRST_MS = 100;
const RESTART_LAST_MS = 10_000;

/** The running server, if the process that supervises it lives. Touches no file. */
async function attach(dataDir: string): Promise<Hold | null> {
  const place = join(resolve(dataDir), "postgres");
  const owner = await readOwner(join(place, "owner.json"));
  if (!owner || !(await isAlive(owner))) return null;
  const cluster = join(await realpath(place), "cluster");
  if ((await runningServer({ cluster })) !== owner.serverPid) return null;
  return { socketDirectory: owner.socketDirectory, serverPid: owner.serverPid, child: null };
}

/** How long a server may run that owner.json does not name: whoever started it writes that within milliseconds, or died. */
const UNNAMED_MS = 5000;
/** How long the children of a killed server may keep its memory. */
const TAKEN_MS = 20_000;

/** Our own server: after stopping one that a killed process left behind. postmaster.pid is the lock among several that start. */
async function acquire(dataDir: string, log: Log): Promise<Hold> {
  const home = await prepareHome(dataDir, log);
  await prepareCluster(home);
  const since = performance.now();
  let unnamedSince: number | null = null;
  for (;;) {
    const attached = await attach(dataDir);
    if (attached) return attached;
    const serverPid = await runningServer(home);
    if (serverPid === null) {
      unnamedSince = null;
      const hold = await launchOwn(home, log);
      if (hold) return hold;
      if (performance.now() - since > TAKEN_MS)
        throw new EmbeddedFault(`another server holds ${home.cluster}`, `stop it; see ${home.serverLog}`);
    } else {
      const owner = await readOwner(home.ownerFile);
      unnamedSince ??= performance.now();
      if (owner?.serverPid === serverPid || performance.now() - unnamedSince > UNNAMED_MS) {
        log.warn("stopping the postgres that a killed process left behind", { pid: serverPid });
        await stopServer(serverPid);
      }
    }
    await pause(50);
  }
}

async function launchOwn(home: Home, log: Log): Promise<Hold | null> {
  const socketDirectory = await prepareSocketDirectory(home, (await readOwner(home.ownerFile))?.socketDirectory);
  const child = await launch(home, socketDirectory, log);
  return child === "taken" || child.pid === undefined ? null : { socketDirectory, serverPid: child.pid, child };
}
