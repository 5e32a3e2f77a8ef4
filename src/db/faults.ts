/** What can go wrong between us and the database, sorted by what the caller should do. */
import pg from "pg";
import type { Fields } from "../log/log.ts";

/** The database did not answer, or answers nobody now: local trouble, which passes by itself. Mail waits, nothing is lost. */
export class DatabaseUnavailable extends Error {
  override readonly name = "DatabaseUnavailable";
}

/**
 * COMMIT was sent and its answer never came: the transaction is in the database or it is not. `transactionId` is what
 * commitOutcome() asks about; null when even the answer could not be trusted (committed, but perhaps on no standby).
 */
export class CommitUnknown extends Error {
  override readonly name = "CommitUnknown";
  readonly transactionId: string | null;
  constructor(message: string, transactionId: string | null, cause?: unknown) {
    super(message, { cause });
    this.transactionId = transactionId;
  }
}

/** SQLSTATEs (or their first two letters) that speak of the server's state and not of our statement. */
const TROUBLE = new Set([
  "08", // connection exceptions
  "53", // out of disk, memory, connections
  "57", // shutdown, starting up, cancelled by a timeout or an operator
  "58", // input/output errors
  "F0", // configuration file
  "XX", // internal, damaged pages or indexes
  "28", // our login does not work at present
  "3D000", // the database is not there
  "40001", // could not serialise
  "40P01", // deadlock
  "55P03", // lock_timeout
  "25P03", // idle_in_transaction_session_timeout
  "25006", // read only: a standby, or a primary that was demoted
]);

/** The server's error below whatever wrapped it (drizzle, ourselves); null when it was none. */
export function serverErrorOf(error: unknown): pg.DatabaseError | null {
  for (let e = error; e instanceof Error; e = e.cause) if (e instanceof pg.DatabaseError) return e;
  return null;
}

/** True for trouble of our own that is not the statement's fault: try again later, answer 451, count nothing against the mail. */
export function isUnavailable(error: unknown): boolean {
  for (let e = error; e instanceof Error; e = e.cause) if (e instanceof DatabaseUnavailable || e instanceof CommitUnknown) return true;
  const code = serverErrorOf(error)?.code ?? "";
  return TROUBLE.has(code) || TROUBLE.has(code.slice(0, 2)) || isStalePlan(error);
}

/** A table changed under a prepared statement (a newer node migrated): the statement works again on a new connection. */
export function isStalePlan(error: unknown): boolean {
  const server = serverErrorOf(error);
  return server?.code === "26000" || (server?.code === "0A000" && server.routine === "RevalidateCachedQuery");
}

/** For the log: code and names, never the statement or its values (drizzle's messages hold both, the server's may). */
export function faultFields(error: unknown): Fields {
  const server = serverErrorOf(error);
  if (server) return { sqlstate: server.code, routine: server.routine, table: server.table, constraint: server.constraint };
  let last = error;
  while (last instanceof Error && last.cause instanceof Error) last = last.cause;
  if (!(last instanceof Error)) return { error: String(last) };
  return {
    error: error instanceof Error ? error.name : last.name,
    code: (last as NodeJS.ErrnoException).code,
    message: last.message.slice(0, 200),
  };
}

/** Names what the driver threw. Its own errors and those of the socket become DatabaseUnavailable; mistakes of ours stay what they are. */
export function named(error: unknown): unknown {
  if (error instanceof pg.DatabaseError || error instanceof DatabaseUnavailable || error instanceof CommitUnknown) return error;
  const isSocketError = error instanceof Error && ("syscall" in error || "errno" in error || error.name === "AggregateError");
  const isDriverError =
    error instanceof Error &&
    Object.getPrototypeOf(error) === Error.prototype &&
    !/^Prepared statements must|^A query must|^Query values must/.test(error.message);
  const isTlsError =
    error instanceof Error &&
    typeof (error as NodeJS.ErrnoException).code === "string" &&
    /^ERR_(TLS|SSL)|CERT|^UNABLE_TO|SELF_SIGNED/.test(String((error as NodeJS.ErrnoException).code));
  return isSocketError || isDriverError || isTlsError
    ? new DatabaseUnavailable(`database: ${error.message || "cannot connect"}`, { cause: error })
    : error;
}

/** True when the connection can be used again after this error: the server refused the statement and nothing else happened. */
export function leavesClientUsable(error: unknown): boolean {
  const server = serverErrorOf(error);
  if (!server || isStalePlan(error)) return false;
  return !/^(08|57P|58|XX|25006|25P03)/.test(server.code ?? "08");
}
