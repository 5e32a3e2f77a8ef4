/** owner.json: which process supervises the server that runs now. postmaster.pid, which is Postgres' own, says which server runs. */
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Home } from "./home.ts";
import { isServerOf, startTimeOf } from "./process.ts";

export type Owner = {
  readonly pid: number;
  /** With the pid, names the process: numbers are used again. */
  readonly startedAt: string;
  readonly serverPid: number;
  readonly socketDirectory: string;
};

export async function readOwner(file: string): Promise<Owner | null> {
  try {
    const owner = JSON.parse(await readFile(file, "utf8")) as Partial<Owner> | null;
    const isWhole = typeof owner?.pid === "number" && typeof owner.startedAt === "string" && typeof owner.serverPid === "number";
    return isWhole && typeof owner.socketDirectory === "string" ? (owner as Owner) : null;
  } catch {
    return null; // missing, or not ours to read: then nobody is known to own the server
  }
}

/** Names this process as the owner, at once for every reader. */
export async function writeOwner(file: string, serverPid: number, socketDirectory: string): Promise<void> {
  const owner: Owner = { pid: process.pid, startedAt: (await startTimeOf(process.pid)) ?? "", serverPid, socketDirectory };
  const fresh = `${file}.new-${process.pid}`;
  await writeFile(fresh, `${JSON.stringify(owner)}\n`);
  await rename(fresh, file);
}

/** Removes owner.json if it still names our server. */
export async function forgetOwner(file: string, serverPid: number): Promise<void> {
  if ((await readOwner(file))?.serverPid === serverPid) await rm(file, { force: true });
}

export const isAlive = async (owner: Owner): Promise<boolean> => (await startTimeOf(owner.pid)) === owner.startedAt;

/** The pid of the server that runs on this cluster, null when none does. A file left by a crash names a dead or foreign process. */
export async function runningServer({ cluster }: Pick<Home, "cluster">): Promise<number | null> {
  const pid = await pidInLockFile(cluster);
  return pid !== null && (await isServerOf(pid, cluster)) ? pid : null;
}

export async function pidInLockFile(cluster: string): Promise<number | null> {
  const text = await readFile(join(cluster, "postmaster.pid"), "utf8").catch(() => "");
  const pid = Number.parseInt(text, 10);
  return Number.isInteger(pid) && pid > 0 ? pid : null;
}
