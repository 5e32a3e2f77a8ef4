import type { Author } from "../../src/actions/change.ts";
import { Refusal } from "../../src/actions/refusal.ts";
import { type Db, openDatabase, type Queryable } from "../../src/db/client.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { silentLog } from "../support/sql.ts";

export const author: Author = { actor: "ann@mx1 via test", why: "TICKET-1" };

/** A database whose commits do not wait for the disk: nothing here is about crashes, and each test makes dozens of them. */
export async function hastyDatabase(): Promise<TestDatabase> {
  const database = await createDatabase();
  const hasty = { ...database.connection, options: "-c synchronous_commit=off" };
  const db = openDatabase(hasty, { applicationName: "mailroom test", max: 4, log: silentLog });
  const drop = () => db.close().then(() => database.drop());
  return { ...database, db, drop };
}

/** Directory tables and change records without a row. */
export const emptied = (db: Db): Promise<void> => db.transaction(empty);

async function empty(tx: Queryable): Promise<void> {
  await tx.query({ text: "set local statement_timeout = 60000" }); // what an import left is many rows, and the machine may be busy
  for (const table of [
    "targets", // a cascade would tell the triggers of one after the other
    "entries",
    "domains",
    "routes",
    "forwarding_policies",
    "change_records",
    "change_sets",
    "tombstones",
    "directory_history where relation <> 'began'",
  ])
    await tx.query({ text: `delete from ${table}` }); // truncate syncs files: 0.4 s
}

/** The Refusal with which this ends; anything else fails the test. */
export async function refusal(work: Promise<unknown>): Promise<Refusal> {
  const error = await work.then(
    () => new Error("it was not refused"),
    (reason: unknown) => reason,
  );
  if (error instanceof Refusal) return error;
  throw error;
}

export type RecordRow = { actor: string; action: string; object: string; why: string | null; before: unknown; after: unknown };

/** The change records of one object, oldest first. */
export async function records(db: Db, object: string): Promise<RecordRow[]> {
  const { rows } = await db.query<RecordRow>({
    text: "select actor, action, object, why, before, after from change_records where object = $1 order by change_no",
    values: [object],
  });
  return rows;
}
