import type { Db } from "../db/client.ts";
import { enqueue, type Storable } from "./enqueue.ts";
import type { QueueSettings } from "./settings.ts";

/** One statement stores at most this many messages and octets: enough to share a commit, short enough not to hold the next group up. */
const GROUP_MESSAGES = 128;
const GROUP_OCTETS = 4 * 1024 * 1024;
/** Statements under way at once: while one waits for the disk, the next is being parsed. */
const GROUPS_AT_ONCE = 2;

type Waiting = { readonly storable: Storable; readonly resolve: () => void; readonly reject: (error: unknown) => void };

export type CommitGroup = {
  /** Resolves after COMMIT, rejects when the message is not stored (or nobody can tell). */
  store(storable: Storable): Promise<void>;
};

/**
 * Group commit: messages of concurrent sessions share one statement and one flush of the log. Nothing waits for a timer;
 * a group is whatever came in while the groups before it were being written.
 */
export function commitGroup(db: Db, nodeNo: number, settings: QueueSettings): CommitGroup {
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
      if (group.length === 1) {
        group[0]?.reject(error);
        return;
      }
      // One message that the database will not take must not refuse the others: each is tried alone.
      for (const one of group) await storeAll([one.storable]).then(one.resolve, one.reject);
    }
  };

  /** A lost connection leaves it open whether the commit happened: then the database is asked. */
  const storeAll = async (storables: readonly Storable[]): Promise<void> => {
    try {
      await enqueue(db, nodeNo, storables, settings);
    } catch (error) {
      if (!(await stored(storables))) throw error;
    }
  };

  const stored = async (storables: readonly Storable[]): Promise<boolean> => {
    const ids = storables.map((one) => String(one.messageId));
    const { rows } = await db.query<{ count: number }>({
      text: "select count(*)::integer as count from messages where message_id = any($1::bigint[])",
      values: [ids],
    });
    return rows[0]?.count === ids.length;
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

function takeGroup(waiting: Waiting[]): Waiting[] {
  let octets = 0;
  let count = 0;
  for (const { storable } of waiting) {
    octets += storable.chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    if (count > 0 && (count >= GROUP_MESSAGES || octets > GROUP_OCTETS)) break;
    count++;
  }
  return waiting.splice(0, count);
}
