/**
 * Looked at before any port opens: a server that could forget what it committed, or that cannot hold our text, is refused.
 * What counts is what our own sessions get, wherever it was set: for the server, the database or the role.
 */
import pg from "pg";
import { type Connection, driverSettings } from "./connection.ts";
import { named } from "./faults.ts";

export type GateReport = {
  /** Each with a way out. Any: do not start, exit code 78. */
  readonly refusals: readonly string[];
  /** For the log; the server is used all the same. */
  readonly warnings: readonly string[];
};

/** SQL must run on Postgres 15; older ones lack what our statements and partitions need. */
const OLDEST = 150_000;

const SETTINGS = [
  "fsync",
  "full_page_writes",
  "synchronous_commit",
  "synchronous_standby_names",
  "server_encoding",
  "data_checksums",
  "server_version_num",
  "server_version",
] as const;
type Settings = Readonly<Record<(typeof SETTINGS)[number], string>>;

/** What the rules need to know, as it is for one of our sessions. */
export type Facts = {
  readonly settings: Settings;
  /** The URL names several hosts: one may take over from another. */
  readonly hasFailover: boolean;
  /** In clear text to another machine. */
  readonly isExposed: boolean;
  readonly isStandby: boolean;
};

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

/** The rules alone. */
export function judge({ settings, hasFailover, isExposed, isStandby }: Facts): GateReport {
  const refusals: string[] = [];
  const warnings: string[] = [];
  const { fsync, full_page_writes, synchronous_commit, synchronous_standby_names, server_encoding, data_checksums } = settings;
  const because = "acknowledged mail could be lost";
  if (Number(settings.server_version_num) < OLDEST) refusals.push(`Postgres ${settings.server_version} is too old: 15 or newer is needed`);
  if (fsync !== "on") refusals.push(`fsync is ${fsync}: after a power cut ${because}; set fsync = on`);
  if (full_page_writes !== "on")
    refusals.push(`full_page_writes is ${full_page_writes}: after a power cut ${because}; set full_page_writes = on`);
  if (!["on", "remote_apply"].includes(synchronous_commit)) {
    refusals.push(
      `synchronous_commit is ${synchronous_commit} for our sessions: ${because}; set it to on, for the role too (alter role … reset synchronous_commit)`,
    );
  }
  if (hasFailover && synchronous_standby_names.trim() === "") {
    refusals.push(
      `the database URL names several hosts but synchronous_standby_names is empty: at a failover ${because}; name the standbys, or one host only`,
    );
  }
  if (server_encoding !== "UTF8")
    refusals.push(`the database's encoding is ${server_encoding}: addresses and headers need UTF8; create it with encoding 'UTF8'`);
  if (isStandby) refusals.push("the database is a standby and takes no writes; give the primary's host");
  if (data_checksums !== "on")
    warnings.push("data checksums are off: damage on the database's disk goes unnoticed (pg_checksums --enable turns them on)");
  if (isExposed) warnings.push("the connection to the database is in clear text; add sslmode=verify-full to its URL");
  return { refusals, warnings };
}

const TIMEOUTS = { connectMs: 5000, statementMs: 5000, lockMs: 5000, idleInTransactionMs: 0 };

async function factsOf(connection: Connection, { host, port }: Connection["hosts"][number]): Promise<Facts> {
  const client = new pg.Client({ ...driverSettings(connection, "mailroom start gate", TIMEOUTS), host, port });
  client.on("error", () => undefined); // the statement at hand rejects
  try {
    await client.connect();
    const columns = SETTINGS.map((name) => `current_setting('${name}') as ${name}`).join(", ");
    const { rows } = await client.query<Settings & { standby: boolean; local: boolean }>(
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
