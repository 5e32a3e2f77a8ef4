/** A database of its own for a test file: `const { db, connection, drop } = await createDatabase()` in beforeAll, `await drop()` in afterAll. */
import { randomBytes } from "node:crypto";
import { request } from "node:http";
import { inject } from "vitest";
import { type Db, type OpenOptions, openDatabase } from "../../src/db/client.ts";
import type { Connection } from "../../src/db/connection.ts";
import type { Cluster } from "./global-setup.ts";
import { runSql, silentLog } from "./sql.ts";

export type TestDatabase = {
  readonly connection: Connection;
  /** The same as a postgres:// URL, for what reads settings. */
  readonly url: string;
  /** A pool of four connections, closed by drop(). */
  readonly db: Db;
  /** More pools on the same database, as other nodes have them; closed by drop(). */
  open(options?: Partial<OpenOptions>): Db;
  drop(): Promise<void>;
};

/** A fresh clone of the migrated template, in about 0.1 s. `empty`: without any table. */
export async function createDatabase({ empty = false } = {}): Promise<TestDatabase> {
  const cluster = await askForCluster();
  const name = `mailroom_test_${randomBytes(6).toString("hex")}`;
  await runSql(cluster.connection, `create database ${name} template ${empty ? "template0" : cluster.template}`);
  const connection = { ...cluster.connection, database: name };
  const pools: Db[] = [];
  const open = (options: Partial<OpenOptions> = {}) => {
    const db = openDatabase(connection, { applicationName: "mailroom test", max: 4, log: silentLog, ...options });
    pools.push(db);
    return db;
  };
  return {
    connection,
    url: urlOf(connection),
    db: open(),
    open,
    drop: async () => {
      await Promise.all(pools.map((db) => db.close()));
      await runSql(cluster.connection, `drop database ${name} with (force)`);
    },
  };
}

let asked: Promise<Cluster> | undefined;

function askForCluster(): Promise<Cluster> {
  asked ??= new Promise((resolve, reject) => {
    const call = request({ socketPath: inject("databaseDesk") }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => {
        text += part;
      });
      response.on("end", () => (response.statusCode === 200 ? resolve(JSON.parse(text) as Cluster) : reject(new Error(text))));
    });
    call.on("error", reject).end();
  });
  return asked;
}

function urlOf({ hosts, user, password, database, tls }: Connection): string {
  const [first] = hosts;
  const login = encodeURIComponent(user) + (password === null ? "" : `:${encodeURIComponent(password)}`);
  const isSocket = first?.host.startsWith("/");
  const where = isSocket ? "" : `${first?.host}:${first?.port}`;
  const parameters = new URLSearchParams({
    ...(isSocket && { host: String(first?.host), port: String(first?.port) }),
    ...(tls && { sslmode: "require" }),
  });
  return `postgres://${login}@${where}/${database}?${parameters.toString()}`;
}
