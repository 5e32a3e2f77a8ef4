/** One connection's statements. What is asked of the driver beyond its types stands here, with a test each. */
import pg from "pg";
import { CommitUnknown, named, type SessionIdentity } from "./faults.ts";

/** Statements that run for each message have a name: they are prepared once per connection. */
export type Statement = { readonly name?: string; readonly text: string; readonly values?: readonly unknown[] };

export type Answer<Row> = { readonly rows: Row[]; readonly rowCount: number };

/** int8 comes as bigint (write `count(*)::int`), timestamps as Date, bytea as Buffer, numeric as string. */
export type Queryable = { query<Row extends object>(statement: Statement): Promise<Answer<Row>> };

/**
 * The server's function that waits for synchronous standbys. An operator's cancel or a shutdown ends that wait with a mere
 * warning, and the statement or COMMIT still counts as done: here, but perhaps nowhere else.
 */
const WAIT_FOR_STANDBYS = "SyncRepWaitForLSN";

export class Session extends pg.Client {
  #identity: SessionIdentity | null = null;
  #notReplicated = false;

  constructor(config: pg.ClientConfig) {
    super(config);
    this.on("notice", (notice) => {
      this.#notReplicated ||= notice.routine === WAIT_FOR_STANDBYS;
    });
  }

  get identity(): SessionIdentity | null {
    return this.#identity;
  }

  /** Once, on a new connection. True when the server is a standby. */
  async introduce(): Promise<boolean> {
    const { rows } = await this.query<SessionIdentity & { standby: boolean }>(
      `select pid, backend_start::text as "startedAt", pg_is_in_recovery() as standby from pg_stat_activity where pid = pg_backend_pid()`,
    );
    const [row] = rows;
    if (!row) throw new Error("the server does not know this session");
    this.#identity = { pid: row.pid, startedAt: row.startedAt };
    return row.standby;
  }

  /** Rejects as faults.ts sorts it, and with CommitUnknown when the server did not wait for its standbys. */
  async run<Row extends object>(statement: Statement): Promise<Answer<Row> & { readonly command: string }> {
    let result: pg.QueryResult<Row>;
    try {
      result = await this.query<Row>(statement as pg.QueryConfig);
    } catch (error) {
      if (this.#notReplicated) throw notReplicated(error);
      throw named(error, this.#identity);
    }
    if (this.#notReplicated) throw notReplicated();
    return result as Answer<Row> & { readonly command: string };
  }

  /** False inside a transaction, as of the last answer. Not in the driver's types. */
  isIdle(): boolean {
    return (this as unknown as { getTransactionStatus(): string | null }).getTransactionStatus() === "I";
  }
}

const notReplicated = (cause?: unknown) => new CommitUnknown("committed here, but perhaps on no standby", null, cause);

/** Ends a client whatever its state: end() alone would wait for a peer that is gone. */
export function cut(client: pg.Client): void {
  client.on("error", () => undefined);
  (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
}
