/** Several actions in one transaction: to be done together, or only to see what they would do. */
import type { Db, Transaction } from "../db/client.ts";

/**
 * Runs any action, or several, in one transaction that is rolled back, and gives what they gave: a dry run by the very rules and statements
 * of the change. Whatever they throw is thrown. The directory stays locked for others while it lasts.
 */
export async function rehearse<T>(db: Db, work: (db: Db) => Promise<T>): Promise<T> {
  let result: { readonly value: T } | null = null;
  try {
    await together(db, async (inside) => {
      result = { value: await work(inside) };
      throw new Rehearsed();
    });
  } catch (error) {
    if (!(error instanceof Rehearsed) || result === null) throw error;
  }
  return (result as unknown as { readonly value: T }).value;
}

/** Nothing went wrong: it ends the transaction of a rehearsal. */
class Rehearsed extends Error {}

/** Runs several actions, and checks between them, in one transaction: all of them are done, and make one change set, or none. */
export const together = <T>(db: Db, work: (db: Db) => Promise<T>): Promise<T> => db.transaction((tx) => work(within(db, tx)));

/** A Db whose transactions are part of this one: what fails in one of them is taken back, and the outer one goes on. */
function within(db: Db, tx: Transaction): Db {
  let depth = 0;
  return {
    ...db,
    ...tx,
    transaction: async (work) => {
      const name = `nested_${++depth}`;
      await tx.query({ text: `savepoint ${name}` });
      try {
        const value = await work(tx);
        await tx.query({ text: `release savepoint ${name}` });
        return value;
      } catch (error) {
        await tx.query({ text: `rollback to savepoint ${name}` });
        throw error;
      } finally {
        depth--;
      }
    },
  };
}
