/** BEGIN, work, COMMIT; and what it means when COMMIT is not answered. */
import { type Drizzle, drizzleOver } from "./drizzle.ts";
import { CommitUnknown, DatabaseUnavailable, named, serverErrorOf } from "./faults.ts";
import { WorkFailed } from "./pool.ts";
import type { Queryable, Session, Statement } from "./session.ts";

/** Its statements may be issued side by side: they travel together and run in order; once one failed the others fail with 25P02. */
export type Transaction = Queryable & { readonly drizzle: Drizzle };

export async function transact<T>(session: Session, work: (tx: Transaction) => Promise<T>): Promise<T> {
  // BEGIN is awaited: had it failed, statements sent behind it would be committed one by one.
  const [, ids] = await Promise.all([
    session.run({ text: "begin" }),
    session.run<{ id: string }>({ name: "transaction_id", text: "select pg_current_xact_id()::text as id" }),
  ]);
  let isOpen = true;
  const ask = async <Row extends object>(statement: Statement) => {
    // Kept by mistake, the handle would speak on a session that is somebody else's by now.
    if (!isOpen) throw new Error("the transaction is over");
    return session.run<Row>(statement).catch((error: unknown) => Promise.reject(named(error)));
  };
  let result: T;
  try {
    result = await work({ query: ask, drizzle: drizzleOver(ask) });
  } catch (error) {
    isOpen = false;
    const undone = await session.run({ text: "rollback" }).then(Boolean, () => false);
    throw undone ? new WorkFailed("rolled back", { cause: error }) : error; // what went wrong first says more than a lost ROLLBACK
  }
  isOpen = false;
  await commit(session, ids.rows[0]?.id ?? null);
  return result;
}

/** SQLSTATEs that refuse a COMMIT for certain: a constraint checked at its end, a serialisation failure, a trigger. */
const REFUSED = /^(2[1-7]|40|42|44|P0)/;

async function commit(session: Session, transactionId: string | null): Promise<void> {
  let tag: string;
  try {
    tag = (await session.run({ text: "commit" })).command;
  } catch (error) {
    if (error instanceof CommitUnknown || REFUSED.test(serverErrorOf(error)?.code ?? "")) throw error;
    throw new CommitUnknown("no answer to COMMIT", transactionId, error);
  }
  if (tag === "COMMIT") return;
  throw new WorkFailed("rolled back", { cause: new Error("a statement of the transaction had failed, so COMMIT rolled it back") });
}

/** How long to ask for the fate of a transaction: an open dialogue waits for the answer. */
const PATIENCE_MS = 3000;
const PAUSE_MS = 50;

/**
 * What became of a COMMIT that was not answered, asked on another connection. `evidence` gives a row if and only if the
 * transaction's writes are there: pg_xact_status alone may say "committed" of a later transaction, for a number whose
 * transaction was lost with unwritten log is given out again after a crash. "unknown": the database did not tell in time,
 * or no standby is sure to have it; say 451, the client will send again.
 */
export async function commitOutcome(
  db: Queryable,
  unknown: CommitUnknown,
  evidence: Statement,
  patienceMs = PATIENCE_MS,
): Promise<"committed" | "rolled back" | "unknown"> {
  if (unknown.transactionId === null) return "unknown";
  for (const since = performance.now(); performance.now() - since < patienceMs; ) {
    const answer = await askOnce(db, unknown.transactionId, evidence);
    if (answer !== "in progress") return answer;
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  return "unknown";
}

async function askOnce(db: Queryable, transactionId: string, evidence: Statement) {
  try {
    const { rows } = await db.query<{ status: string | null }>({
      text: "select pg_xact_status($1::xid8) as status",
      values: [transactionId],
    });
    const status = rows[0]?.status;
    if (status === "in progress") return "in progress"; // its process still runs, or has not noticed that we are gone
    if (status === "aborted") return "rolled back";
    return (await db.query(evidence)).rowCount > 0 ? "committed" : "rolled back";
  } catch (error) {
    if (serverErrorOf(error)?.code === IN_THE_FUTURE) return "rolled back"; // a crash forgot it
    if (error instanceof DatabaseUnavailable || serverErrorOf(error)) return "in progress";
    throw error;
  }
}

const IN_THE_FUTURE = "22023";
