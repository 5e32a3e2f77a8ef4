/**
 * db: the only way to the database. Sets every timeout and every error handler once; knows no mail rule. Trusts the server
 * it is told to use (start-gate.ts has looked at it), and nothing else of the environment: no PG* variable is read.
 */
import { drizzle, type NodePgDatabase } from "drizzle-orm/node-postgres";
import pg from "pg";
import type { Log } from "../log/log.ts";
import { type Connection, driverSettings, type HostChoice, hostChoice, type Timeouts } from "./connection.ts";
import { CommitUnknown, faultFields, leavesClientUsable, named, serverErrorOf } from "./faults.ts";
import { openListener, type Subscription } from "./listener.ts";

/** Statements that run for each message have a name: they are prepared once per connection. */
export type Statement = { readonly name?: string; readonly text: string; readonly values?: readonly unknown[] };

/** int8 comes as bigint (write `count(*)::int`), timestamps as Date, bytea as Buffer, numeric as string. */
export type Queryable = {
  query<Row extends object>(statement: Statement): Promise<{ readonly rows: Row[]; readonly rowCount: number }>;
};

/** drizzle over the same connections. Its own transaction() is left out: only Db.transaction knows of an unanswered COMMIT. */
export type Drizzle = Omit<NodePgDatabase, "transaction" | "$client">;

export type Transaction = Queryable & { readonly drizzle: Drizzle };

export type Db = Queryable & {
  readonly drizzle: Drizzle;
  /**
   * BEGIN, work, COMMIT; ROLLBACK when work throws. For writes: it takes a transaction id at once. Statements may be issued
   * side by side, they travel together and run in order; once one failed the others fail with 25P02.
   * Rejects with CommitUnknown when nobody knows whether it was committed: see commitOutcome.
   */
  transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T>;
  /**
   * Calls onPayload for each NOTIFY on the channel, and onGap whenever the channel begins to be heard, the first time included:
   * whatever was known before may be old. Resolves when the server listens, or when it cannot be reached now (it is tried again).
   */
  listen(channel: string, onPayload: (payload: string) => void, onGap: () => void): Promise<Subscription>;
  /** Connections in use, idle, and callers waiting for one: for metrics. */
  load(): { readonly open: number; readonly idle: number; readonly waiting: number };
  /** Waits for running statements, then closes all connections. May be called twice. */
  close(): Promise<void>;
};

export type OpenOptions = {
  /** Shown in pg_stat_activity. */
  readonly applicationName: string;
  /** Connections at most. */
  readonly max: number;
  readonly log: Log;
  /** A single statement's limit in ms; the mail path keeps the default, imports and migrations need more. */
  readonly statementMs?: number;
  /** How long to wait for a lock, in ms. */
  readonly lockMs?: number;
};

/** An open dialogue must get its 451 within 5 s of an outage: 2 s to connect, and a statement that takes 4 s has failed. */
const TIMEOUTS: Timeouts = { connectMs: 2000, statementMs: 4000, lockMs: 3000, idleInTransactionMs: 10_000 };

/** Opens nothing yet: connections are made as they are needed and come back by themselves after an outage. */
export function openDatabase(connection: Connection, options: OpenOptions): Db {
  const { log, applicationName } = options;
  const statementMs = options.statementMs ?? TIMEOUTS.statementMs;
  const timeouts = { ...TIMEOUTS, statementMs, lockMs: options.lockMs ?? Math.min(TIMEOUTS.lockMs, statementMs) };
  const settings = driverSettings(connection, applicationName, timeouts);
  const pool = openPool(connection, settings, options);
  const listener = openListener(connection, driverSettings(connection, `${applicationName} listen`, timeouts), log);

  const query: Queryable["query"] = (statement) => withClient(pool, (client) => run(client, statement));
  let closing: Promise<void> | undefined;
  return {
    query,
    drizzle: drizzleOver((config) => withClient(pool, (client) => run(client, config))),
    transaction: (work) => withClient(pool, (client) => transact(client, work)),
    listen: (channel, onPayload, onGap) => listener.listen(channel, onPayload, onGap),
    load: () => ({ open: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount }),
    close: () => {
      closing ??= Promise.all([listener.close(), pool.end()]).then(() => undefined);
      return closing;
    },
  };
}

function openPool(connection: Connection, settings: pg.ClientConfig, { max, log }: OpenOptions): pg.Pool {
  const hosts = hostChoice(connection);
  class HostClient extends pg.Client {
    constructor() {
      super({ ...settings, ...hosts.current() });
      // The pool listens for errors only while a client is idle: a backend killed under a running statement would end the process.
      this.on("error", (error) => log.warn("database connection lost", faultFields(error)));
      this.on("notice", (notice) => noticeOf.set(this, notice.routine));
    }
    override connect(...args: []): Promise<this> {
      const done = args as unknown as [((error: Error | null) => void)?];
      const callback = done[0];
      if (!callback) return super.connect() as Promise<this>;
      super.connect((error: Error | null) => {
        if (error) hosts.next();
        callback(error);
      });
      return Promise.resolve(this);
    }
  }
  const pool = new pg.Pool({
    ...settings,
    pipeline: true,
    max,
    Client: HostClient as unknown as new () => pg.ClientBase,
    idleTimeoutMillis: 60_000,
    maxLifetimeSeconds: 3600, // a backend's caches grow with each partition it has seen
    ...(connection.hosts.length > 1 && {
      onConnect: (client: pg.ClientBase) => refuseReadOnly(client, hosts) as unknown as undefined,
    }),
  });
  pool.on("error", (error) => log.debug("idle database connection lost", faultFields(error)));
  return pool;
}

/** Of several hosts only the primary will do (libpq's target_session_attrs=read-write). */
async function refuseReadOnly(client: pg.ClientBase, hosts: HostChoice): Promise<void> {
  const { rows } = await client.query<{ standby: boolean }>("select pg_is_in_recovery() as standby");
  if (!rows[0]?.standby) return;
  hosts.next();
  throw new Error("this host is a standby");
}

type Answer<Row> = { rows: Row[]; rowCount: number };

/** Which function of the server sent a client's last notice: see transact. */
const noticeOf = new WeakMap<pg.ClientBase, string | undefined>();

async function run<Row extends object>(client: pg.ClientBase, config: Statement): Promise<Answer<Row>> {
  noticeOf.delete(client);
  const result = await client.query<Row>(config as pg.QueryConfig);
  if (noticeOf.get(client) === NOT_REPLICATED) throw notReplicated();
  return result as Answer<Row>;
}

/** Takes a client for the work and gives it back, or throws it away when its state is in doubt. */
async function withClient<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  let client: pg.PoolClient;
  try {
    client = await pool.connect();
  } catch (error) {
    throw named(error);
  }
  let usable = false;
  try {
    const result = await work(client);
    usable = true;
    return result;
  } catch (error) {
    // Inside a transaction that was not ended the status is T or E; a client handed on like that would spoil the next caller's work.
    usable = (leavesClientUsable(error) || error instanceof WorkFailed) && transactionStatus(client) === "I";
    throw error instanceof WorkFailed ? error.cause : named(error);
  } finally {
    client.release(!usable);
  }
}

/** I: idle, T: in a transaction, E: in a failed one; as of the last answer. Not in the driver's types. */
const transactionStatus = (client: pg.PoolClient) =>
  (client as unknown as { getTransactionStatus(): string | null }).getTransactionStatus();

/** The caller's own error, after a clean ROLLBACK. */
class WorkFailed extends Error {}

async function transact<T>(client: pg.PoolClient, work: (tx: Transaction) => Promise<T>): Promise<T> {
  // BEGIN is awaited: had it failed, statements sent behind it would be committed one by one.
  const [, ids] = await Promise.all([
    run(client, { text: "begin" }),
    run<{ id: string }>(client, { name: "transaction_id", text: "select pg_current_xact_id()::text as id" }),
  ]);
  const tx: Transaction = {
    query: (statement) => run(client, statement).catch(rethrow) as never,
    drizzle: drizzleOver((config) => run(client, config).catch(rethrow)),
  };
  let result: T;
  try {
    result = await work(tx);
  } catch (error) {
    const undone = await run(client, { text: "rollback" }).then(Boolean, () => false);
    throw undone ? new WorkFailed("rolled back", { cause: error }) : error; // what went wrong first says more than a lost ROLLBACK
  }
  await commit(client, ids.rows[0]?.id ?? null);
  return result;
}

const rethrow = (error: unknown): never => {
  throw named(error);
};

/** Errors that end a COMMIT for certain: a constraint checked at its end, a serialisation failure, a trigger. */
const REFUSED_COMMIT = /^(2[1-7]|40|42|44|P0)/;

/** The server's function that waits for standbys. A timeout or shutdown ends that wait with a warning, and COMMIT still says "done". */
const NOT_REPLICATED = "SyncRepWaitForLSN";
const notReplicated = () => new CommitUnknown("committed here, but perhaps on no standby", null);

async function commit(client: pg.PoolClient, transactionId: string | null): Promise<void> {
  let tag: string;
  try {
    tag = ((await run(client, { text: "commit" })) as unknown as pg.QueryResult).command;
  } catch (error) {
    if (error instanceof CommitUnknown) throw error;
    if (REFUSED_COMMIT.test(serverErrorOf(error)?.code ?? "")) throw error;
    const notice = noticeOf.get(client);
    if (notice === NOT_REPLICATED) throw notReplicated();
    throw new CommitUnknown("no answer to COMMIT", transactionId, error);
  }
  if (tag !== "COMMIT")
    throw new WorkFailed("rolled back", { cause: new Error("a statement of the transaction had failed: it was rolled back") });
}

type DriverConfig = Statement & { readonly rowMode?: "array"; readonly types?: unknown };

/** A drizzle that asks through `ask`. Rows of raw SQL are read as those of query(); for mapped rows drizzle brings its own types. */
function drizzleOver(ask: (statement: DriverConfig) => Promise<Answer<object>>): Drizzle {
  const client = {
    query: ({ types, ...config }: DriverConfig, values?: unknown[]) =>
      ask({ ...config, ...(config.rowMode === "array" && { types }), ...(values && { values }) }),
  };
  return drizzle({ client: client as unknown as pg.Client });
}
