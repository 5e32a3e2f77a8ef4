/**
 * actions: what an admin or the command line changes, one function per change. Trusts no argument: each address passes the one
 * address function, each rule is checked inside the transaction that writes. May write the directory tables and their change
 * records; may not touch the queue's tables but through queue/, and opens no connection.
 */
import type { Db, Queryable } from "../db/client.ts";

/** Who changes something, for the change record ("ann@mx1 via cli"), and the reason or ticket they gave. */
export type Author = { readonly actor: string; readonly why: string | null };

/** What a change did. `changed` is false when everything was so already: nothing is written and no record is made. */
export type Changed<T> = {
  readonly changed: boolean;
  readonly before: T | null;
  readonly after: T | null;
  /** Sentences for the author about what is allowed but probably not meant. */
  readonly warnings: readonly string[];
};

/** Any constant will do: it names the lock under which the directory is changed, in every node and command of one database. */
const DIRECTORY_LOCK = 5_138_005;

/**
 * Runs one change of the directory in one transaction. Changes happen one after another: two of them, each harmless, could
 * make a loop together. Readers never wait for this lock. Waits for it as long as the connection's lock_timeout says.
 */
export function changing<T>(db: Db, work: (tx: Queryable) => Promise<T>): Promise<T> {
  return db.transaction(async (tx) => {
    await holdDirectory(tx);
    return work(tx);
  });
}

/** Takes the lock of changing(), for a transaction that has long preparations before it changes anything. */
export const holdDirectory = (tx: Queryable): Promise<unknown> =>
  tx.query({ text: "select pg_advisory_xact_lock($1)", values: [DIRECTORY_LOCK] });

/**
 * Tells the triggers that keep history and tombstones who changes the directory, and why. To be called before the first change; without it
 * they name the database account.
 */
export const nameAuthor = (tx: Queryable, author: Author): Promise<unknown> =>
  tx.query({
    text: "select set_config('mailroom.actor', $1, true), set_config('mailroom.why', $2, true)",
    values: [author.actor, author.why ?? ""],
  });

/** One row of change_records. `before` and `after` hold what is needed to undo the change by hand or by machine. */
export type ChangeRecord = { readonly action: string; readonly object: string; readonly before: unknown; readonly after: unknown };

/** Writes the record of a change, in the change's own transaction. */
export async function recordChange(tx: Queryable, author: Author, record: ChangeRecord): Promise<void> {
  await tx.query({
    text: `insert into change_records (actor, action, object, why, before, after) values ($1, $2, $3, $4, $5::jsonb, $6::jsonb)`,
    values: [author.actor, record.action, record.object, author.why, asJson(record.before), asJson(record.after)],
  });
}

/** The number of the first change record of this transaction; null: it has none. */
export async function changeOfThis(tx: Queryable): Promise<number | null> {
  const { rows } = await tx.query<{ change_no: number | null }>({
    text: `select min(change_no)::double precision as change_no from change_records
            where txid = (pg_current_xact_id_if_assigned()::text)::bigint and changed_at = now()`,
  });
  return rows[0]?.change_no ?? null;
}

const asJson = (value: unknown): string | null => (value === null || value === undefined ? null : JSON.stringify(value));
