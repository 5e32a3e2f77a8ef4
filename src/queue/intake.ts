import { createHash } from "node:crypto";
import type { Db } from "../db/client.ts";
import type { Log } from "../log/log.ts";
import { type MessageId, queueIdOf } from "../mail/queue-id.ts";
import type { Content, Intake, NewMessage } from "./claim.ts";
import { CHUNK_OCTETS, contentInDatabase, contentInMemory } from "./content.ts";
import type { Storable } from "./enqueue.ts";
import type { MemoryBudget } from "./memory-budget.ts";
import type { QueueSettings } from "./settings.ts";

export type IntakeDeps = {
  readonly db: Db;
  /** The same database with synchronous_commit off: see writeAhead. */
  readonly aheadDb: Db;
  readonly budget: MemoryBudget;
  readonly log: Log;
  readonly settings: QueueSettings;
  /** Stores the message and hands its claimed recipients to delivery; gives the content's memory back when it is no longer needed. */
  readonly store: (storable: Storable, content: Content, giveBack: () => void) => Promise<void>;
  readonly claimable: (message: NewMessage) => number;
};

/** Longer than any statement may run: by then a commit whose answer was lost has happened or not. */
const SWEEP_AFTER_MS = 60_000;

/**
 * Reads one message's content into the queue: hashed and cut into chunks as it comes. Small content stays in memory for
 * the commit and the delivery; larger content, or any when the node's memory budget is spent, is written ahead.
 */
export function openIntake(deps: IntakeDeps, messageId: MessageId): Intake {
  const hash = createHash("sha256");
  const full: Buffer[] = []; // chunks that are complete and still only in memory
  let pieces: Buffer[] = []; // of the chunk that is being filled
  let filled = 0;
  let size = 0;
  let held = 0; // octets counted in the budget
  let chunksAhead = 0;
  let ahead: Promise<void> | null = null;
  let ended = false;

  const giveBack = (): void => {
    deps.budget.give(held);
    held = 0;
  };
  const closeChunk = (): void => {
    if (filled === 0) return;
    full.push(pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces));
    pieces = [];
    filled = 0;
  };

  /**
   * Chunks go to the database before the message is accepted, each its own commit that does not wait for the disk. The commit of the
   * message does wait, and the log is flushed in order: once that commit is on the disk, so are they. Without it they are orphans
   * that the janitor removes.
   */
  const writeAhead = async (): Promise<void> => {
    for (let octets = full.shift(); octets !== undefined; octets = full.shift()) {
      const chunkNo = chunksAhead++;
      await deps.aheadDb.query({
        name: "write_chunk_ahead",
        text: "insert into content_chunks (message_id, chunk_no, octets) values ($1, $2, $3)",
        values: [messageId, chunkNo, octets],
      });
      deps.budget.give(octets.length);
      held -= octets.length;
    }
  };

  const sweep = (): Promise<void> =>
    removeChunks(deps.aheadDb, messageId).catch((error: unknown) =>
      deps.log.warn("chunks of a dropped message stay for the janitor", { queueId: queueIdOf(messageId), error: String(error) }),
    );

  const add = (octets: Buffer): void => {
    hash.update(octets);
    size += octets.length;
    for (let rest = octets; rest.length > 0; ) {
      const piece = rest.subarray(0, CHUNK_OCTETS - filled);
      pieces.push(piece);
      filled += piece.length;
      rest = rest.subarray(piece.length);
      if (filled === CHUNK_OCTETS) closeChunk();
    }
  };

  return {
    messageId,
    queueId: queueIdOf(messageId),
    write(octets) {
      const fits = deps.budget.take(octets.length);
      held += octets.length;
      add(octets);
      if ((fits && size <= deps.settings.inMemoryOctets) || full.length === 0) return undefined;
      // One write ahead at a time: the next octets wait for it, so a message never holds more than a few chunks.
      ahead = (ahead ?? Promise.resolve()).then(writeAhead);
      ahead.catch(() => undefined); // the caller sees it in the promise returned here, or in commit
      return ahead;
    },
    async commit(message) {
      if (ended) throw new Error("the intake has ended");
      try {
        await ahead;
        closeChunk();
        if (chunksAhead > 0) await writeAhead();
        const sha256 = hash.digest();
        const content = chunksAhead > 0 ? contentInDatabase(deps.db, messageId, size, sha256) : contentInMemory([...full]);
        const storable = { messageId, message, size, sha256, chunks: full, firstChunkNo: chunksAhead, claimed: deps.claimable(message) };
        await deps.store(storable, content, giveBack);
        ended = true;
      } catch (error) {
        ended = true;
        giveBack();
        full.length = 0;
        // Nobody may know yet whether the commit happened, so its chunks must not go now.
        if (chunksAhead > 0) setTimeout(() => void sweep(), SWEEP_AFTER_MS).unref();
        throw error;
      }
    },
    async abort() {
      if (ended) return;
      ended = true;
      giveBack();
      full.length = 0;
      pieces = [];
      await ahead?.catch(() => undefined);
      if (chunksAhead > 0) await sweep();
    },
  };
}

/** Removes the chunks of a message that was never accepted; one that was keeps them. */
async function removeChunks(db: Db, messageId: MessageId): Promise<void> {
  await db.query({
    text: `delete from content_chunks c where c.message_id = $1
            and not exists (select 1 from messages m where m.message_id = c.message_id)`,
    values: [messageId],
  });
}
