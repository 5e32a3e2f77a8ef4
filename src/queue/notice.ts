import { createHash } from "node:crypto";
import type { Db } from "../db/client.ts";
import type { MessageId } from "../mail/queue-id.ts";
import type { Content, NewMessage } from "./claim.ts";
import { CHUNK_OCTETS, contentInMemory } from "./content.ts";
import { enqueue, type Storable } from "./enqueue.ts";
import type { QueueSettings } from "./settings.ts";
import { type Ending, settleBatch } from "./settle.ts";

/** A message of our own (a DSN), with all its octets. */
export type Notice = { readonly message: NewMessage; readonly octets: Buffer };

/** Some of the recipients were no longer ours: nothing is settled and no notice exists; whoever holds them now decides. */
export class ClaimLost extends Error {
  override readonly name = "ClaimLost";
}

/**
 * A failure and its notice are one transaction: when the notice cannot be stored the recipient stays due, so nothing
 * disappears; when the recipient was taken over, no second notice appears.
 */
export async function settleWithNotice(
  db: Db,
  nodeNo: number,
  endings: readonly Ending[],
  notice: Notice & { readonly messageId: MessageId },
  settings: QueueSettings,
  claimed: number,
): Promise<{ storable: Storable; content: Content }> {
  const storable = storableOf(notice, claimed);
  await db.transaction(async (tx) => {
    const { refused } = await settleBatch(tx, nodeNo, endings);
    if (refused > 0) throw new ClaimLost(`${refused} of ${endings.length} recipients are held by another node`);
    await enqueue(tx, nodeNo, [storable], settings);
  });
  return { storable, content: contentInMemory(storable.chunks) };
}

/** A notice as it is stored; so many of its recipients are claimed with it. */
export function storableOf({ messageId, message, octets }: Notice & { readonly messageId: MessageId }, claimed: number): Storable {
  const chunks: Buffer[] = [];
  for (let at = 0; at < octets.length; at += CHUNK_OCTETS) chunks.push(octets.subarray(at, at + CHUNK_OCTETS));
  const sha256 = createHash("sha256").update(octets).digest();
  return { messageId, message, size: octets.length, sha256, chunks, firstChunkNo: 0, claimed };
}
