/** A Postgres of any version and with any settings, for what the embedded one never is: an old one, a careless one. */
import { type ChildProcess, spawn } from "node:child_process";
import { chown, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Connection } from "../../src/db/connection.ts";
import { chooseAccount } from "../../src/db/embedded/account.ts";
import { asAccount, runProgram, stopServer } from "../../src/db/embedded/process.ts";
import { prepareRuntime } from "../../src/db/embedded/runtime.ts";
import { pathOf } from "./debian.ts";
import { testDirectory } from "./directory.ts";
import { eventually } from "./eventually.ts";
import { bareClient } from "./sql.ts";

export type PrivatePostgres = { readonly connection: Connection; readonly url: string; stop(): Promise<void> };

/** Where the programs of Debian's Postgres 15 are; null when it is not installed. */
export function postgres15(): string | null {
  const server = pathOf("postgres15");
  return server && dirname(server);
}

/** `bin`: the directory of its programs; without it those of the embedded one. Whoever reaches the socket is let in. */
export async function startPostgres({
  bin,
  settings = {},
}: {
  bin?: string;
  settings?: Record<string, string>;
} = {}): Promise<PrivatePostgres> {
  const directory = await testDirectory();
  const programs = bin ?? join(await prepareRuntime(directory.path), "bin");
  const cluster = join(directory.path, "cluster");
  const account = await chooseAccount(cluster);
  await mkdir(cluster, { mode: 0o700 });
  if (account.switchTo) await chown(cluster, account.switchTo.uid, account.switchTo.gid);
  const made = await runProgram(
    join(programs, "initdb"),
    ["-D", cluster, "-U", "mailroom", "-E", "UTF8", "--locale=C", "-A", "trust", "--no-sync"],
    account,
  );
  if (made.code !== 0) throw new Error(made.output);
  const all = { listen_addresses: "", unix_socket_directories: cluster, ...settings };
  const args = ["-D", cluster, ...Object.entries(all).flatMap(([name, value]) => ["-c", `${name}=${value}`])];
  const child = spawn(join(programs, "postgres"), args, { ...asAccount(account), detached: true, stdio: "ignore" });
  const connection = { hosts: [{ host: cluster, port: 5432 }], user: "mailroom", password: null, database: "postgres", tls: null };
  const stop = async () => {
    await stopServer(child.pid ?? 0);
    await directory.remove();
  };
  await untilReady(child, connection).catch((error: unknown) => stop().then(() => Promise.reject(error)));
  return { connection, url: `postgres://mailroom@/postgres?host=${encodeURIComponent(cluster)}`, stop };
}

async function untilReady(child: ChildProcess, connection: Connection): Promise<void> {
  await eventually(async () => {
    if (child.exitCode !== null) throw new Error(`postgres ended with ${child.exitCode}`);
    await (await bareClient(connection)).end();
  });
}
