/**
 * db: the only way to the database. Sets every timeout and every error handler once; knows no mail rule. Trusts the server
 * it is told to use (start-gate.ts has looked at it), and nothing else of the environment: no PG* variable is read.
 */
import type { Log } from "../log/log.ts";
import type { Connection } from "./connection.ts";
import { driverSettings, type Timeouts } from "./driver-settings.ts";
import { type Drizzle, drizzleOver } from "./drizzle.ts";
import { Listener, type Subscription } from "./listener.ts";
import { openPool } from "./pool.ts";
import type { Queryable } from "./session.ts";
import { type Transaction, transact } from "./transaction.ts";

export type { Queryable } from "./session.ts";
export type { Transaction } from "./transaction.ts";

export type Db = Queryable & {
  readonly drizzle: Drizzle;
  /**
   * BEGIN, work, COMMIT; ROLLBACK when work throws, whose error it rejects with. Rejects with CommitUnknown when nobody
   * knows whether it was committed; after that, or when a single writing statement got no answer, outcomeOf tells (outcome.ts).
   */
  transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T>;
  /**
   * Calls onPayload for each NOTIFY on the channel, and onGap whenever the channel begins to be heard, the first time
   * included: whatever was known before may be old. Resolves when the server listens, or when it cannot be reached now
   * (it is tried again until stop).
   */
  listen(channel: string, onPayload: (payload: string) => void, onGap: () => void): Promise<Subscription>;
  /** Connections open, idle, and callers waiting for one: for metrics. */
  load(): { readonly open: number; readonly idle: number; readonly waiting: number };
  /** Waits for running statements, then closes all connections. May be called twice. */
  close(): Promise<void>;
};

export type OpenOptions = {
  /** Shown in pg_stat_activity. */
  readonly applicationName: string;
  /** Connections at most; the one that listens comes on top. */
  readonly max: number;
  readonly log: Log;
  /** A single statement's limit in ms. The mail path keeps the default; imports and other long work need more. */
  readonly statementMs?: number;
  /** How long a statement may wait for a lock, in ms. */
  readonly lockMs?: number;
};

/** An open dialogue must get its 451 within 5 s of an outage: 2 s to connect, and a statement that takes 4 s has failed. */
const TIMEOUTS: Timeouts = { connectMs: 2000, statementMs: 4000, lockMs: 3000, idleInTransactionMs: 10_000 };

/** Connects to nothing yet: connections are made as they are needed and come back by themselves after an outage. */
export function openDatabase(connection: Connection, options: OpenOptions): Db {
  const timeouts = { ...TIMEOUTS, statementMs: options.statementMs ?? TIMEOUTS.statementMs, lockMs: options.lockMs ?? TIMEOUTS.lockMs };
  const pool = openPool(connection, driverSettings(connection, options.applicationName, timeouts), options);
  const listener = new Listener(connection, driverSettings(connection, `${options.applicationName} listen`, timeouts), options.log);
  let closing: Promise<void> | undefined;
  return {
    query: (statement) => pool.with((session) => session.run(statement)),
    drizzle: drizzleOver((statement) => pool.with((session) => session.run(statement))),
    transaction: (work) => pool.with((session) => transact(session, work)),
    listen: (channel, onPayload, onGap) => listener.listen(channel, onPayload, onGap),
    load: () => pool.load(),
    close: () => {
      closing ??= Promise.all([listener.close(), pool.close()]).then(() => undefined);
      return closing;
    },
  };
}
