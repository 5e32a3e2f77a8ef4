/** What tests of every folder need of the database besides createDatabase(). */
import pg from "pg";
import type { Connection } from "../../src/db/connection.ts";
import { driverSettings } from "../../src/db/driver-settings.ts";
import type { Log } from "../../src/log/log.ts";

export const silentLog: Log = { line: () => {}, debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** A bare client, for what Db does not offer: DDL on databases, several sessions, killing backends. */
export async function bareClient(connection: Connection): Promise<pg.Client> {
  const timeouts = { connectMs: 5000, statementMs: 60_000, lockMs: 60_000, idleInTransactionMs: 0 };
  const client = new pg.Client({ ...driverSettings(connection, "mailroom test", timeouts), ...connection.hosts[0] });
  client.on("error", () => {}); // the statement at hand rejects
  await client.connect();
  return client;
}

/** Runs statements on a connection of their own; gives the rows of the last. */
export async function runSql<Row extends object>(connection: Connection, ...statements: string[]): Promise<Row[]> {
  const client = await bareClient(connection);
  try {
    let rows: Row[] = [];
    for (const statement of statements) ({ rows } = await client.query<Row>(statement));
    return rows;
  } finally {
    await client.end();
  }
}
