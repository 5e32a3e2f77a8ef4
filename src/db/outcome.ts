/** Whether a write whose answer was lost took place. */
import { CommitUnknown, DatabaseUnavailable, isUnavailable, type SessionIdentity } from "./faults.ts";
import type { Queryable, Statement } from "./session.ts";

export type Outcome = "committed" | "rolled back" | "unknown";

/** How long to ask: an open dialogue waits for the answer. */
const PATIENCE_MS = 3000;
const PAUSE_MS = 50;

/**
 * What became of a write that rejected with `error`, a single statement or a transaction. `evidence` gives a row if and only
 * if the write took place. Asked on another connection, in two steps: first the session that had it must be gone, or it
 * could still do it, even much later when a slow network delivers what was sent; then the evidence is final.
 * "unknown": the database did not tell in time, or no standby is sure to have it. Then say 451: the client sends again.
 *
 * Not by pg_xact_status: it knows transactions only, by a number that has to be asked for before each COMMIT; it cannot
 * stop one that is still under way; and after a crash a number that was lost with unwritten log is given out again, to
 * another transaction, whose "committed" is not ours.
 */
export async function outcomeOf(db: Queryable, error: unknown, evidence: Statement, patienceMs = PATIENCE_MS): Promise<Outcome> {
  if (error instanceof CommitUnknown && error.session === null) return "unknown";
  const session = error instanceof CommitUnknown || error instanceof DatabaseUnavailable ? error.session : null;
  if (session === null) return "rolled back"; // it was refused, or nothing was sent
  for (const since = performance.now(); performance.now() - since < patienceMs; ) {
    const outcome = await ask(db, session, evidence);
    if (outcome !== null) return outcome;
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  return "unknown";
}

/** Null: cannot be told yet. */
async function ask(db: Queryable, session: SessionIdentity, evidence: Statement): Promise<Outcome | null> {
  try {
    if (!(await isGone(db, session))) return null;
    return (await db.query(evidence)).rowCount > 0 ? "committed" : "rolled back";
  } catch (trouble) {
    if (isUnavailable(trouble)) return null;
    throw trouble;
  }
}

/**
 * Ends the session unless it is at work: then it has our statement, or waits for a standby with it, and ends by itself.
 * On a server that was restarted, or took over, it is gone already.
 */
async function isGone(db: Queryable, { pid, startedAt }: SessionIdentity): Promise<boolean> {
  const { rowCount } = await db.query({
    text: "select case when state <> 'active' then pg_terminate_backend(pid) end from pg_stat_activity where pid = $1 and backend_start = $2::timestamptz",
    values: [pid, startedAt],
  });
  return rowCount === 0;
}
