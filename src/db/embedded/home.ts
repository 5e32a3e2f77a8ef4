/** Where the embedded server lives: data_dir/postgres with its parts, in a place that Postgres' account can reach. */
import { randomBytes } from "node:crypto";
import { chmod, chown, lstat, mkdir, mkdtemp, open, readFile, realpath, rename, rm, rmdir, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import type { Log } from "../../log/log.ts";
import { type Account, chooseAccount } from "./account.ts";
import { EmbeddedFault, OWN_DATABASE } from "./fault.ts";
import { runProgram } from "./process.ts";
import { exists, prepareRuntime } from "./runtime.ts";

export type Home = {
  /** All paths are absolute and free of links. */
  readonly root: string;
  readonly cluster: string;
  readonly runtime: string;
  readonly serverLog: string;
  readonly ownerFile: string;
  readonly account: Account;
};

/** Makes the directories and the programs' copy, and proves that the account can run them. Throws EmbeddedFault. */
export async function prepareHome(dataDir: string, log: Log): Promise<Home> {
  const place = join(resolve(dataDir), "postgres");
  await makeDirectory(place);
  let home = await homeAt(place);
  let refusal = await whyNotRunnable(home);
  if (refusal) {
    await rm(home.runtime, { recursive: true, force: true }); // a copy cut short by a power failure also ends here: make it again
    home = await homeAt(place);
    refusal = await whyNotRunnable(home);
  }
  if (!refusal) return home;
  if (home.account.switchTo === null || (await exists(home.cluster))) throw notRunnable(home, refusal);
  return relocate(place, home, refusal, log);
}

async function homeAt(place: string): Promise<Home> {
  const root = await realpath(place);
  const cluster = join(root, "cluster");
  const account = await chooseAccount(cluster);
  return {
    root,
    cluster,
    account,
    runtime: await prepareRuntime(root),
    serverLog: join(root, "server.log"),
    ownerFile: join(root, "owner.json"),
  };
}

async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o755 });
  } catch (error) {
    const hint = `make it writable for this process, choose another data_dir, ${OWN_DATABASE}`;
    throw new EmbeddedFault(`cannot make ${path} (${(error as NodeJS.ErrnoException).code ?? "?"})`, hint, error);
  }
}

async function whyNotRunnable({ runtime, account }: Home): Promise<string | null> {
  const { code, output } = await runProgram(join(runtime, "bin", "postgres"), ["--version"], account);
  return code === 0 ? null : output || `exit code ${code}`;
}

const notRunnable = ({ root, account }: Home, refusal: string) =>
  new EmbeddedFault(
    `account ${account.name} cannot run Postgres in ${root}: ${refusal}`,
    `choose a data_dir that this account can reach, start as an ordinary user, ${OWN_DATABASE}`,
  );

/** For a data_dir below a directory closed to the account (a checkout in /root): the server's files go to /var/lib, a link stays. */
async function relocate(place: string, closed: Home, refusal: string, log: Log): Promise<Home> {
  const elsewhere = join("/var/lib/mailroom", randomBytes(6).toString("hex"));
  try {
    await mkdir(elsewhere, { recursive: true, mode: 0o755 });
    await rm(closed.runtime, { recursive: true, force: true });
    await rmdir(place); // fails if anything else is in there: then nothing is moved
    await symlink(elsewhere, place);
  } catch (error) {
    throw Object.assign(notRunnable(closed, refusal), { cause: error });
  }
  const home = await homeAt(place);
  const still = await whyNotRunnable(home);
  if (still) throw notRunnable(home, still);
  log.warn("postgres files placed elsewhere", { instead_of: place, in: elsewhere, why: `account ${home.account.name} cannot reach it` });
  return home;
}

/** Makes the cluster if there is none, or checks its version. Throws EmbeddedFault. */
export async function prepareCluster({ cluster, runtime, account }: Home): Promise<void> {
  const major = /(\d+)/.exec((await runProgram(join(runtime, "bin", "postgres"), ["--version"], account)).output.replace(/^\D+/, ""))?.[1];
  const present = await readFile(join(cluster, "PG_VERSION"), "utf8").catch(() => null);
  if (present === null && (await exists(cluster))) {
    throw new EmbeddedFault(
      `${cluster} is not a Postgres cluster: it has no PG_VERSION`,
      `move it away, choose another data_dir, ${OWN_DATABASE}`,
    );
  }
  if (present !== null && present.trim() !== major) throw otherMajor(cluster, present.trim(), major ?? "?");
  if (present === null) await initialise(cluster, runtime, account);
}

const otherMajor = (cluster: string, present: string, ours: string) =>
  new EmbeddedFault(
    `${cluster} is of Postgres ${present}, this version of Mailroom brings Postgres ${ours}`,
    `the files stay as they are. To upgrade: start the previous Mailroom, save the database with pg_dump, move ${cluster} away, start this version, restore; ${OWN_DATABASE}`,
  );

async function initialise(cluster: string, runtime: string, account: Account): Promise<void> {
  const fresh = `${cluster}.new-${process.pid}`;
  await rm(fresh, { recursive: true, force: true });
  await makePrivate(fresh, account);
  // The same order everywhere (C.UTF-8), in which lower() and ILIKE still know all letters.
  const locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"];
  const args = ["-D", fresh, "-U", "mailroom", "-E", "UTF8", ...locale, "--data-checksums", "-A", "peer", "--no-instructions"];
  const { code, output } = await runProgram(join(runtime, "bin", "initdb"), args, account);
  if (code !== 0) {
    await rm(fresh, { recursive: true, force: true });
    throw new EmbeddedFault(`initdb failed: ${output.slice(-500)}`, `see above; free disk space, choose another data_dir, ${OWN_DATABASE}`);
  }
  try {
    await rename(fresh, cluster);
    await syncDirectory(dirname(cluster));
  } catch (error) {
    await rm(fresh, { recursive: true, force: true });
    if (!(await exists(join(cluster, "PG_VERSION")))) throw error; // else another process was quicker
  }
}

/** A rename survives a power cut once its directory is written. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

async function makePrivate(path: string, { switchTo }: Account): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  await chmod(path, 0o700);
  if (switchTo) await chown(path, switchTo.uid, switchTo.gid);
}

/** A socket's whole path may have 107 octets. */
const SOCKET_PATH_MAX = 107;
const SOCKET_PREFIX = "mailroom-socket-";

/**
 * The socket's directory: run/, or a private one below the system's temporary directory when its path would be too long.
 * `before` is the one used last: it is kept, so that pools find the server again after a restart.
 */
export async function prepareSocketDirectory({ root, account }: Home, before: string | undefined): Promise<string> {
  const usual = join(root, "run");
  const fits = Buffer.byteLength(join(usual, ".s.PGSQL.5432")) <= SOCKET_PATH_MAX;
  if (!fits && before !== undefined && (await isPrivate(before, account))) return before;
  const path = fits ? usual : await mkdtemp(join(tmpdir(), SOCKET_PREFIX));
  await makePrivate(path, account);
  return path;
}

/** After the server has stopped; run/ stays. */
export async function removeSocketDirectory(path: string): Promise<void> {
  if (basename(path).startsWith(SOCKET_PREFIX)) await rm(path, { recursive: true, force: true });
}

async function isPrivate(path: string, { switchTo }: Account): Promise<boolean> {
  const found = await lstat(path).catch(() => null);
  return found?.isDirectory() === true && found.uid === (switchTo?.uid ?? process.getuid?.()) && (found.mode & 0o077) === 0;
}
