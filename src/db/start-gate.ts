/**
 * Looked at before any port opens: a server that could forget what it committed, or that cannot hold our text, is refused.
 * What counts is what our own sessions get, wherever it was set: for the server, the database or the role.
 */
import pg from "pg";
import type { Connection } from "./connection.ts";
import { driverSettings } from "./driver-settings.ts";
import { named } from "./faults.ts";
import { type Facts, type GateReport, judge, SETTINGS } from "./gate-rules.ts";

/** Asks the server and judges; of several hosts the first that is no standby. Rejects with DatabaseUnavailable when none answers. */
export async function inspectDatabase(connection: Connection): Promise<GateReport> {
  let found: Facts | null = null;
  let trouble: unknown = null;
  for (const host of connection.hosts) {
    try {
      found = await factsOf(connection, host);
      if (!found.isStandby) break;
    } catch (error) {
      trouble = named(error, null);
    }
  }
  if (!found) throw trouble;
  return judge(found);
}

const TIMEOUTS = { connectMs: 5000, statementMs: 5000, lockMs: 5000, idleInTransactionMs: 0 };

async function factsOf(connection: Connection, { host, port }: Connection["hosts"][number]): Promise<Facts> {
  const client = new pg.Client({ ...driverSettings(connection, "mailroom start gate", TIMEOUTS), host, port });
  client.on("error", () => undefined); // the statement at hand rejects
  try {
    await client.connect();
    const columns = SETTINGS.map((name) => `current_setting('${name}') as ${name}`).join(", ");
    const { rows } = await client.query<Facts["settings"] & { standby: boolean; local: boolean }>(
      `select ${columns}, pg_is_in_recovery() as standby, coalesce(inet_server_addr() = inet_client_addr(), true) as local`,
    );
    const [row] = rows;
    if (!row) throw new Error("no answer");
    const { standby, local, ...settings } = row;
    return { settings, hasFailover: connection.hosts.length > 1, isExposed: connection.tls === null && !local, isStandby: standby };
  } finally {
    await client.end();
  }
}
