/** Brings the database to this version: forward only, one node at a time, and only along the history that the journal tells. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readMigrationFiles } from "drizzle-orm/migrator";
import { drizzle } from "drizzle-orm/node-postgres";
import { migrate as applyPending } from "drizzle-orm/node-postgres/migrator";
import pg from "pg";
import type { Log } from "../log/log.ts";
import type { Connection } from "./connection.ts";
import { driverSettings } from "./driver-settings.ts";
import { isUnavailable, named, serverErrorOf } from "./faults.ts";

/** The database and this version do not fit together; a person has to decide. The process ends with exit code 78. */
class SchemaFault extends Error {
  override readonly name = "SchemaFault";
  readonly hint: string;
  constructor(message: string, hint: string) {
    super(message);
    this.hint = hint;
  }
}

/** Beside src/ and beside dist/ alike. */
const FOLDER = fileURLToPath(new URL("../../migrations", import.meta.url));
const TABLE = { migrationsSchema: "public", migrationsTable: "applied_migrations" };

/** Any number that no other program uses in this database. */
const LOCK = 7_245_001;

type Migration = { readonly name: string; readonly when: number; readonly hash: string };
type Applied = { readonly when: number; readonly hash: string };

/**
 * Applies what is missing, all in one transaction; returns its names. A second node waits, and then finds nothing to do.
 * Throws SchemaFault when the histories differ, DatabaseUnavailable when the server cannot be reached.
 */
export async function migrate(connection: Connection, log: Log, folder = FOLDER): Promise<string[]> {
  const journal = await readJournal(folder);
  return withClient(connection, async (client) => {
    const free = await client.query<{ got: boolean }>("select pg_try_advisory_lock($1) as got", [LOCK]);
    if (!free.rows[0]?.got) {
      log.info("another node is migrating the database, waiting for it");
      await client.query("select pg_advisory_lock($1)", [LOCK]);
    }
    const pending = pendingOf(journal, await readApplied(client));
    if (pending.length === 0) return [];
    await apply(client, folder, pending);
    for (const { name } of pending) log.info("migration applied", { name });
    return pending.map(({ name }) => name);
  });
}

/**
 * A migration that waits for a table's lock keeps everybody else waiting behind it: so it gives up after LOCK_WAIT, all of
 * it is rolled back, and it is tried again.
 */
const LOCK_WAIT = "2s";
const TRIES = 15;
const PAUSE_MS = 1000;

async function apply(client: pg.Client, folder: string, pending: readonly Migration[]): Promise<void> {
  await client.query(`set lock_timeout = '${LOCK_WAIT}'`);
  for (let tries = 1; ; tries++) {
    try {
      return await applyPending(drizzle({ client }), { migrationsFolder: folder, ...TABLE });
    } catch (error) {
      const fault = serverErrorOf(error);
      if (fault?.code !== "55P03" || tries === TRIES) throw isUnavailable(error) || !fault ? error : refused(pending, fault);
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

function refused(pending: readonly Migration[], fault: pg.DatabaseError): SchemaFault {
  const names = pending.map(({ name }) => name).join(", ");
  const hint = fault.code === "42501" ? "make our role the owner of the database" : "nothing was changed; see the error";
  return new SchemaFault(`the database refused to be migrated (${names}): ${fault.message} (${fault.code})`, hint);
}

/**
 * What of the journal is missing in the database. drizzle itself looks at the newest row only: a migration merged later
 * with an older date would be skipped without a word, and an edited one never noticed. Both are faults here.
 */
function pendingOf(journal: readonly Migration[], applied: readonly Applied[]): Migration[] {
  const known = new Map(journal.map((migration) => [migration.when, migration]));
  const newest = journal.at(-1)?.when ?? 0;
  for (const { when, hash } of applied) {
    const migration = known.get(when);
    if (!migration && when > newest)
      throw new SchemaFault("the database is newer than this version of Mailroom", "start the version that migrated it, or a later one");
    if (!migration)
      throw new SchemaFault(
        `the database has a migration of ${new Date(when).toISOString()} that this version does not know`,
        "was it made by another branch? restore a backup of before it",
      );
    if (migration.hash !== hash)
      throw new SchemaFault(
        `migration ${migration.name} was changed after it was applied`,
        "restore the file: a change needs a new migration",
      );
  }
  const last = Math.max(0, ...applied.map(({ when }) => when));
  const done = new Set(applied.map(({ when }) => when));
  const pending = journal.filter(({ when }) => !done.has(when));
  const late = pending.find(({ when }) => when < last);
  if (late)
    throw new SchemaFault(`migration ${late.name} is older than one that was applied already`, "generate it anew, so that it comes last");
  return pending;
}

/** The migrations of the folder in order; their dates must grow, for drizzle applies by date. */
async function readJournal(folder: string): Promise<Migration[]> {
  const journal = JSON.parse(await readFile(join(folder, "meta", "_journal.json"), "utf8")) as { entries: { tag: string; when: number }[] };
  const files = readMigrationFiles({ migrationsFolder: folder });
  return journal.entries.map(({ tag, when }, i) => {
    if (i > 0 && when <= (journal.entries[i - 1]?.when ?? 0))
      throw new SchemaFault(`migration ${tag} is not newer than the one before it`, "generate it anew");
    return { name: tag, when, hash: files[i]?.hash ?? "" };
  });
}

async function readApplied(client: pg.Client): Promise<Applied[]> {
  const { rows: tables } = await client.query<{ found: boolean }>("select to_regclass($1) is not null as found", [
    `public.${TABLE.migrationsTable}`,
  ]);
  if (!tables[0]?.found) return [];
  const { rows } = await client.query<{ created_at: bigint; hash: string }>(
    `select created_at, hash from public.${TABLE.migrationsTable} order by created_at`,
  );
  return rows.map(({ created_at, hash }) => ({ when: Number(created_at), hash }));
}

/** A migration may rewrite a large table, and another node's may have to be waited for. */
const TIMEOUTS = { connectMs: 5000, statementMs: 30 * 60_000, lockMs: 0, idleInTransactionMs: 60_000 };

/** On a client of its own: of several hosts the first that answers and is no standby. */
async function withClient<T>(connection: Connection, work: (client: pg.Client) => Promise<T>): Promise<T> {
  let trouble: unknown = null;
  for (const host of connection.hosts) {
    const client = new pg.Client({ ...driverSettings(connection, "mailroom migrate", TIMEOUTS), ...host });
    client.on("error", () => undefined); // the statement at hand rejects
    try {
      trouble = await unfit(client);
      if (trouble === null) return await work(client);
    } catch (error) {
      throw named(error, null);
    } finally {
      await client.end();
    }
  }
  throw named(trouble, null);
}

async function unfit(client: pg.Client): Promise<unknown> {
  try {
    await client.connect();
    const { rows } = await client.query<{ standby: boolean }>("select pg_is_in_recovery() as standby");
    return rows[0]?.standby ? new Error("the database is a standby") : null;
  } catch (error) {
    return error;
  }
}
