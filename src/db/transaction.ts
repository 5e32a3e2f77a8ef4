/** BEGIN, work, COMMIT. */
import { type Drizzle, drizzleOver } from "./drizzle.ts";
import { CommitUnknown, isRefusal } from "./faults.ts";
import { WorkFailed } from "./pool.ts";
import type { Queryable, Session, Statement } from "./session.ts";

/** Its statements may be issued side by side: they travel together and run in order; once one failed the others fail with 25P02. */
export type Transaction = Queryable & { readonly drizzle: Drizzle };

export async function transact<T>(session: Session, work: (tx: Transaction) => Promise<T>): Promise<T> {
  await session.run({ text: "begin" }); // awaited: had it failed, statements sent behind it would be committed one by one
  let isOpen = true;
  const ask = async <Row extends object>(statement: Statement) => {
    // Kept by mistake, the handle would speak on a session that is somebody else's by now.
    if (!isOpen) throw new Error("the transaction is over");
    return session.run<Row>(statement);
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
  await commit(session);
  return result;
}

async function commit(session: Session): Promise<void> {
  let tag: string;
  try {
    tag = (await session.run({ text: "commit" })).command;
  } catch (error) {
    if (error instanceof CommitUnknown || isRefusal(error)) throw error;
    throw new CommitUnknown("no answer to COMMIT", session.identity, error);
  }
  if (tag === "COMMIT") return;
  throw new WorkFailed("rolled back", { cause: new Error("a statement of the transaction had failed, so COMMIT rolled it back") });
}
