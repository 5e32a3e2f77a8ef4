/** What can go wrong between us and the database, sorted by what the caller should do. */
import pg from "pg";
import type { Fields } from "../log/log.ts";

/** One session on the server: numbers of server processes are used again, so the start counts too. */
export type SessionIdentity = { readonly pid: number; readonly startedAt: string };

/**
 * The database did not answer, or answers nobody now: local trouble, which passes by itself. Mail waits, nothing is lost.
 * `session` had the statement: whether it was carried out is open, see outcomeOf. Null: nothing was sent.
 */
export class DatabaseUnavailable extends Error {
  override readonly name = "DatabaseUnavailable";
  readonly session: SessionIdentity | null;
  constructor(message: string, session: SessionIdentity | null, cause?: unknown) {
    super(message, { cause });
    this.session = session;
  }
}

/**
 * COMMIT was sent and its answer never came: see outcomeOf, which asks for `session`. Null: the answer came and could not
 * be trusted (committed, but perhaps on no standby), and nobody can tell.
 */
export class CommitUnknown extends Error {
  override readonly name = "CommitUnknown";
  readonly session: SessionIdentity | null;
  constructor(message: string, session: SessionIdentity | null, cause?: unknown) {
    super(message, { cause });
    this.session = session;
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
function isStalePlan(error: unknown): boolean {
  const server = serverErrorOf(error);
  return server?.code === "26000" || (server?.code === "0A000" && server.routine === "RevalidateCachedQuery");
}

/** SQLSTATEs that end the connection, or after which nobody knows what the server did. */
const ENDS_SESSION = /^(08|57P|58|XX|25006|25P03)/;

/**
 * The server refused the statement, nothing of it was carried out and the connection is as good as before. At the end of a
 * transaction this holds as well: a constraint that is checked last, a serialisation failure.
 */
export function isRefusal(error: unknown): boolean {
  if (error instanceof DatabaseUnavailable || error instanceof CommitUnknown) return false;
  return serverErrorOf(error) !== null && !isStalePlan(error);
}

/** For the log: code and names, never the statement or its values (drizzle's messages hold both, the server's may). */
export function faultFields(error: unknown): Fields {
  const server = serverErrorOf(error);
  if (server) return { sqlstate: server.code, routine: server.routine, table: server.table, constraint: server.constraint };
  let last = error;
  while (last instanceof Error && last.cause instanceof Error) last = last.cause;
  if (!(last instanceof Error)) return { error: String(last) };
  const { code } = last as NodeJS.ErrnoException;
  return { error: error instanceof Error ? error.name : last.name, code, message: last.message.slice(0, 200) };
}

/** Mistakes of ours that the driver reports with a plain Error as well. */
const OUR_MISTAKE = /^(Prepared statements must|A query must|Query values must)/;

/**
 * Names what the driver threw. What ended the connection becomes DatabaseUnavailable, with the session that had the
 * statement; a refusal stays the server's own error, a mistake of ours what it is.
 */
export function named(error: unknown, session: SessionIdentity | null): unknown {
  if (!(error instanceof Error) || error instanceof DatabaseUnavailable || error instanceof CommitUnknown) return error;
  const isPlain = Object.getPrototypeOf(error) === Error.prototype; // the driver's own, and most of TLS
  const isTls = /^ERR_(TLS|SSL)_/.test((error as NodeJS.ErrnoException).code ?? "");
  const isTrouble =
    error instanceof pg.DatabaseError
      ? ENDS_SESSION.test(error.code ?? "08")
      : isTls || "syscall" in error || error.name === "AggregateError" || (isPlain && !OUR_MISTAKE.test(error.message));
  return isTrouble ? new DatabaseUnavailable(`database: ${error.message || "cannot connect"}`, session, error) : error;
}
