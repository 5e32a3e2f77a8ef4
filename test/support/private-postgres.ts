/** A Postgres of any version and with any settings, for what the embedded one never is: an old one, a careless one. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chown, mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
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

export type Wishes = {
  /** The directory of its programs; without it those of the embedded one. */
  readonly bin?: string;
  readonly settings?: Readonly<Record<string, string>>;
  /** Then it listens on localhost as well, with TLS. */
  readonly tls?: { readonly cert: string; readonly key: string };
};

/** Whoever reaches it is let in. */
export async function startPostgres({ bin, settings = {}, tls }: Wishes = {}): Promise<PrivatePostgres> {
  const directory = await testDirectory();
  const programs = bin ?? join(await prepareRuntime(directory.path), "bin");
  const cluster = join(directory.path, "cluster");
  const account = await chooseAccount(cluster);
  const give = async (path: string) => account.switchTo && (await chown(path, account.switchTo.uid, account.switchTo.gid));
  await mkdir(cluster, { mode: 0o700 });
  await give(cluster);
  const made = await runProgram(
    join(programs, "initdb"),
    ["-D", cluster, "-U", "mailroom", "-E", "UTF8", "--locale=C", "-A", "trust", "--no-sync"],
    account,
  );
  if (made.code !== 0) throw new Error(made.output);
  for (const [name, text] of Object.entries(tls ?? {})) {
    await writeFile(join(cluster, name), text, { mode: 0o600 });
    await give(join(cluster, name));
  }
  const port = tls ? await freePort() : 5432;
  const encrypted = { listen_addresses: "localhost", ssl: "on", ssl_cert_file: "cert", ssl_key_file: "key" };
  const all = { listen_addresses: "", port: String(port), unix_socket_directories: cluster, ...(tls && encrypted), ...settings };
  const args = ["-D", cluster, ...Object.entries(all).flatMap(([name, value]) => ["-c", `${name}=${value}`])];
  const child = spawn(join(programs, "postgres"), args, { ...asAccount(account), detached: true, stdio: "ignore" });
  const connection = { hosts: [{ host: cluster, port }], user: "mailroom", password: null, database: "postgres", tls: null };
  const stop = async () => {
    await stopServer(child.pid ?? 0);
    await directory.remove();
  };
  await untilReady(child, connection).catch((error: unknown) => stop().then(() => Promise.reject(error)));
  return { connection, url: `postgres://mailroom@/postgres?host=${encodeURIComponent(cluster)}&port=${port}`, stop };
}

/** One that nobody listens on at this moment. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  return port;
}

async function untilReady(child: ChildProcess, connection: Connection): Promise<void> {
  await eventually(async () => {
    if (child.exitCode !== null) throw new Error(`postgres ended with ${child.exitCode}`);
    await (await bareClient(connection)).end();
  });
}
