import type { Db } from "../db/client.ts";
import { isUnavailable } from "../db/faults.ts";
import { outcomeOf } from "../db/outcome.ts";
import { enqueue, type Storable } from "./enqueue.ts";
import type { QueueSettings } from "./settings.ts";

/** One statement stores at most this many messages and octets: enough to share a commit, short enough not to hold the next group up. */
const GROUP_MESSAGES = 128;
const GROUP_OCTETS = 4 * 1024 * 1024;
/** A message with more recipients is a group alone: nobody waits for the rows of a list, and it may take longer than other statements. */
const GROUP_RECIPIENTS = 2000;
/** Statements under way at once: while one waits for the disk, the next is being parsed. */
const GROUPS_AT_ONCE = 2;

type Waiting = { readonly storable: Storable; readonly resolve: () => void; readonly reject: (error: unknown) => void };

export type CommitGroup = {
  /** Resolves after COMMIT, rejects when the message is not stored (or nobody can tell). */
  store(storable: Storable): Promise<void>;
};

/**
 * Group commit: messages of concurrent sessions share one statement and one flush of the log. Nothing waits for a timer;
 * a group is whatever came in while the groups before it were being written. `patientDb`: the same database, for what takes long.
 */
export function commitGroup(db: Db, patientDb: Db, nodeNo: number, settings: QueueSettings): CommitGroup {
  const waiting: Waiting[] = [];
  let running = 0;

  const startGroups = (): void => {
    while (running < GROUPS_AT_ONCE && waiting.length > 0) {
      running++;
      void writeGroup(takeGroup(waiting)).finally(() => {
        running--;
        startGroups();
      });
    }
  };

  const writeGroup = async (group: readonly Waiting[]): Promise<void> => {
    try {
      await storeAll(group.map((one) => one.storable));
      for (const one of group) one.resolve();
    } catch (error) {
      // The database is away, or cannot tell whether it has them: nothing is tried again here, the clients will.
      if (group.length === 1 || isUnavailable(error)) {
        for (const one of group) one.reject(error);
        return;
      }
      // One message that the database will not take must not refuse the others: each is tried alone.
      for (const one of group) await storeAll([one.storable]).then(one.resolve, one.reject);
    }
  };

  /** A lost answer leaves it open whether the commit happened: then the database is asked, once nothing of it is under way any more. */
  const storeAll = async (storables: readonly Storable[]): Promise<void> => {
    try {
      await enqueue(recipientsOf(storables) > GROUP_RECIPIENTS ? patientDb : db, nodeNo, storables, settings);
    } catch (error) {
      if ((await outcomeOf(db, error, allStored(storables))) !== "committed") throw error;
    }
  };

  return {
    store: (storable) =>
      new Promise<void>((resolve, reject) => {
        waiting.push({ storable, resolve, reject });
        // In the next turn of the event loop: sessions whose dots arrived in this one join the group.
        if (waiting.length === 1) setImmediate(startGroups);
      }),
  };
}

/** A row if all of them are there. */
const allStored = (storables: readonly Storable[]) => ({
  text: "select from messages where message_id = any($1::bigint[]) having count(*) = $2",
  values: [storables.map((one) => one.messageId), storables.length],
});

const recipientsOf = (storables: readonly Storable[]): number => storables.reduce((sum, { message }) => sum + message.recipients.length, 0);

function takeGroup(waiting: Waiting[]): Waiting[] {
  let octets = 0;
  let count = 0;
  let recipients = 0;
  for (const { storable } of waiting) {
    octets += storable.chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    recipients += storable.message.recipients.length;
    if (count > 0 && (count >= GROUP_MESSAGES || octets > GROUP_OCTETS || recipients > GROUP_RECIPIENTS)) break;
    count++;
  }
  return waiting.splice(0, count);
}
