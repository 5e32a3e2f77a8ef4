/** What the driver is told for each connection, and which of several hosts is next. */
import type { ConnectionOptions } from "node:tls";
import pg from "pg";
import type { Connection, Tls } from "./connection.ts";

/**
 * int8 arrives as bigint, everywhere and always: message ids need all 63 bits. Counts are int8 too: write `count(*)::int`.
 * Per client, so that no other user of the driver in this process is changed.
 */
const INT8 = 20;
const INT8_ARRAY = 1016;
const parseTextArray = (pg.types.getTypeParser as (oid: number) => unknown)(1009) as (text: string) => (string | null)[];
const toBigint = (text: string) => BigInt(text);
const toBigints = (text: string) => parseTextArray(text).map((item) => (item === null ? null : BigInt(item)));
const types = {
  getTypeParser: (oid: number, format?: "text" | "binary") => {
    if (format !== "binary" && oid === INT8) return toBigint;
    if (format !== "binary" && oid === INT8_ARRAY) return toBigints;
    return pg.types.getTypeParser(oid, format as "text");
  },
} as unknown as NonNullable<pg.ClientConfig["types"]>;

/** What a session must not inherit from the server's, the database's or the role's defaults: the driver reads dates in ISO
 *  form only, our statements name tables without schema and count on read committed, a LISTEN connection is idle by nature. */
const SESSION = {
  datestyle: "ISO,MDY",
  timezone: "UTC",
  search_path: "public",
  client_encoding: "UTF8",
  default_transaction_isolation: "read\\ committed",
  default_transaction_read_only: "off",
  idle_session_timeout: "0",
  jit: "off",
};
const sessionOptions = Object.entries(SESSION)
  .map(([name, value]) => `-c ${name}=${value}`)
  .join(" ");

export type Timeouts = {
  readonly connectMs: number;
  readonly statementMs: number;
  readonly lockMs: number;
  readonly idleInTransactionMs: number;
};

/** How long the driver waits beyond the server's own statement_timeout, which should have spoken by then. */
const ANSWER_MARGIN_MS = 1000;

/** What all hosts share. Whatever is not given here the driver takes from PG* variables of the environment: so all is given. */
export function driverSettings(connection: Connection, applicationName: string, timeouts: Timeouts): pg.ClientConfig {
  const settings: pg.ClientConfig & { replication: string } = {
    user: connection.user,
    database: connection.database,
    password: () => connection.password ?? "", // a function: for "no password" the driver would ask PGPASSWORD, then ~/.pgpass
    ssl: connection.tls ? nodeTls(connection.tls) : false,
    sslnegotiation: "postgres",
    application_name: applicationName,
    client_encoding: "UTF8",
    options: `${connection.options ?? ""} ${sessionOptions}`.trim(),
    replication: "false", // not in the driver's types; without it PGREPLICATION counts
    connectionTimeoutMillis: timeouts.connectMs,
    statement_timeout: timeouts.statementMs,
    query_timeout: timeouts.statementMs + ANSWER_MARGIN_MS,
    lock_timeout: timeouts.lockMs,
    idle_in_transaction_session_timeout: timeouts.idleInTransactionMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    types,
  };
  return settings;
}

/** Builds the driver's clients for one host after the other: `next()` once the present one failed or only reads. */
export type HostChoice = { current(): { host: string; port: number }; next(): void };

export function hostChoice(connection: Connection): HostChoice {
  let index = 0;
  return {
    current: () => connection.hosts[index % connection.hosts.length] ?? { host: "localhost", port: 5432 },
    next: () => {
      index += 1;
    },
  };
}

function nodeTls({ verify, ...texts }: Tls): ConnectionOptions {
  return { ...texts, rejectUnauthorized: verify !== "nothing", ...(verify === "chain" && { checkServerIdentity: () => undefined }) };
}
