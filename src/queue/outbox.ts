/** Mail of our own from a process that delivers nothing: it is queued in the caller's transaction, and the nodes deliver it. */
import type { Queryable } from "../db/client.ts";
import { relayLines } from "../db/relayed-lines.ts";
import { acceptedLine } from "../log/maillog.ts";
import { idMaker, queueIdOf } from "../mail/queue-id.ts";
import { enqueue } from "./enqueue.ts";
import { type Notice, storableOf } from "./notice.ts";
import type { QueueSettings } from "./settings.ts";
import { QUEUE_DUE_CHANNEL } from "./steer.ts";

/** Queues notices when the transaction commits: the change they tell of and they themselves are one commit. */
export type Outbox = (tx: Queryable, notices: readonly Notice[]) => Promise<void>;

/**
 * Takes a number of its own for its message ids with the first mail, as nodes do; it is no node and claims nothing, so it has no row among
 * them.
 */
export function openOutbox(settings: QueueSettings): Outbox {
  let ids: { readonly nodeNo: number; readonly next: () => bigint } | null = null;
  let databaseTime = 0;
  return async (tx, notices) => {
    if (notices.length === 0) return;
    databaseTime = await timeOf(tx);
    if (ids === null) {
      const taken = await nodeNumber(tx);
      ids ??= { nodeNo: taken, next: idMaker(taken, () => databaseTime) };
    }
    const { nodeNo, next: nextId } = ids;
    const storables = notices.map((notice) => storableOf({ ...notice, messageId: nextId() }, 0));
    await enqueue(tx, nodeNo, storables, settings);
    await relayLines(
      tx,
      storables.map(({ messageId, message, size }) =>
        acceptedLine({
          queueId: queueIdOf(messageId),
          from: "",
          size,
          recipients: message.recipients.length,
          client: "local",
          messageId: message.headerMessageId,
        }),
      ),
    );
    await tx.query({ text: "select pg_notify($1, '')", values: [QUEUE_DUE_CHANNEL] });
  };
}

async function nodeNumber(tx: Queryable): Promise<number> {
  const { rows } = await tx.query<{ node_no: number }>({ text: "select nextval('node_numbers')::integer as node_no" });
  const [row] = rows;
  if (row === undefined) throw new Error("no node number was given");
  return row.node_no;
}

/** The database's clock: ids say on which day's partition a message is. Milliseconds. */
async function timeOf(tx: Queryable): Promise<number> {
  const { rows } = await tx.query<{ ms: number }>({
    text: "select (extract(epoch from clock_timestamp()) * 1000)::double precision as ms",
  });
  return rows[0]?.ms ?? Date.now();
}
