/** Which server runs on a data directory, and how one comes to run: attach to it, or stop what was left behind and start our own. */
import type { ChildProcess } from "node:child_process";
import { realpath } from "node:fs/promises";
import { connect } from "node:net";
import { join, resolve } from "node:path";
import type { Log } from "../../log/log.ts";
import { EmbeddedFault, OWN_DATABASE } from "./fault.ts";
import { type Home, prepareCluster, prepareHome, prepareSocketDirectory } from "./home.ts";
import { answers, launch } from "./launch.ts";
import { isAlive, readOwner, runningServer } from "./owner.ts";
import { pause, stopServer } from "./process.ts";

/** A server we can use. `child` is null when another process supervises it. */
export type Hold = { readonly socketDirectory: string; readonly serverPid: number; readonly child: ChildProcess | null };

export const ownerFileOf = (dataDir: string): string => join(resolve(dataDir), "postgres", "owner.json");

/** The running server, if the process that supervises it lives; waits until it takes connections. Changes nothing. */
export async function attach(dataDir: string): Promise<Hold | null> {
  const owner = await readOwner(ownerFileOf(dataDir));
  if (!owner) return null;
  const cluster = await realpath(join(resolve(dataDir), "postgres", "cluster")).catch(() => "");
  for (;;) {
    if (!(await isAlive(owner)) || (await runningServer({ cluster })) !== owner.serverPid) return null;
    if (await answers(owner.socketDirectory)) break;
    await pause(PAUSE_MS);
  }
  return { socketDirectory: owner.socketDirectory, serverPid: owner.serverPid, child: null };
}

/** How long a server may run that owner.json does not name: whoever starts one writes that within milliseconds, or has died. */
const UNNAMED_MS = 5000;
/** How long the children of a killed server may keep its memory. */
const TAKEN_MS = 20_000;
const PAUSE_MS = 50;

/**
 * A server for us. Several processes may come here at once: postmaster.pid, Postgres' own lock, decides whose server runs;
 * the others attach to it. A server is stopped only when it is known to be nobody's. Throws EmbeddedFault.
 */
export async function acquire(dataDir: string, log: Log): Promise<Hold> {
  const home = await prepareHome(dataDir, log);
  await prepareCluster(home);
  if (home.account.name === "nobody" && home.account.switchTo) {
    log.warn("postgres runs as nobody, whose other processes could read the mail: create an account named mailroom");
  }
  for (const since = performance.now(); ; await pause(PAUSE_MS)) {
    const attached = await attach(dataDir);
    if (attached) return attached;
    const serverPid = await runningServer(home);
    const own = serverPid === null ? await launchOwn(home, log) : await stopOrphan(home, serverPid, log);
    if (own) return own;
    if (performance.now() - since > TAKEN_MS)
      throw new EmbeddedFault(`another server holds ${home.cluster}`, `stop it; see ${home.serverLog}`);
  }
}

/** Stops a server whose owner is dead. One that owner.json does not name is perhaps only just starting: it gets UNNAMED_MS. */
async function stopOrphan(home: Home, serverPid: number, log: Log): Promise<null> {
  for (const since = performance.now(); performance.now() - since < UNNAMED_MS; await pause(PAUSE_MS)) {
    const owner = await readOwner(home.ownerFile);
    if (owner?.serverPid === serverPid && !(await isAlive(owner))) break;
    if (owner?.serverPid === serverPid || (await runningServer(home)) !== serverPid) return null;
  }
  log.warn("stopping the postgres that a killed process left behind", { pid: serverPid });
  await stopServer(serverPid);
  return null;
}

async function launchOwn(home: Home, log: Log): Promise<Hold | null> {
  const socketDirectory = await prepareSocketDirectory(home, (await readOwner(home.ownerFile))?.socketDirectory);
  // No process of ours to be seen, and yet somebody answers: a second server on the same files would destroy them.
  if (await somebodyListens(join(socketDirectory, ".s.PGSQL.5432"))) {
    throw new EmbeddedFault(
      `a server that cannot be seen from here runs on ${home.cluster}`,
      `stop the other container that uses this data_dir, ${OWN_DATABASE}`,
    );
  }
  const child = await launch(home, socketDirectory, log);
  return child === "taken" || child.pid === undefined ? null : { socketDirectory, serverPid: child.pid, child };
}

const somebodyListens = (path: string): Promise<boolean> =>
  new Promise((answer) => {
    const socket = connect({ path }, () => {
      socket.destroy();
      answer(true);
    });
    socket.on("error", () => answer(false));
  });
