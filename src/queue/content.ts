import { createHash } from "node:crypto";
import type { Db } from "../db/client.ts";
import type { MessageId } from "../mail/queue-id.ts";
import type { Content } from "./claim.ts";

/** At most this many octets in one chunk: 256 KiB. A bytea costs several times its size in memory while it is read. */
export const CHUNK_OCTETS = 256 * 1024;

/** The stored content is not what was accepted: it must not be sent. @internal */
export class ContentDamaged extends Error {
  override readonly name = "ContentDamaged";
}

/** Content that never left memory since it was hashed. */
export function contentInMemory(pieces: readonly Buffer[]): Content {
  return {
    inMemory: () => pieces,
    async *chunks() {
      yield* pieces;
    },
  };
}

/**
 * Content in the database, one chunk at a time. The last chunk is held back until length and SHA-256 agree with what was
 * accepted, so that a damaged message is never completed on the wire.
 */
export function contentInDatabase(db: Db, messageId: MessageId, size: number, sha256: Buffer): Content {
  return {
    inMemory: () => null,
    async *chunks() {
      const hash = createHash("sha256");
      let length = 0;
      for (let chunkNo = 0; length < size; chunkNo++) {
        const octets = await readChunk(db, messageId, chunkNo);
        if (octets === null) throw new ContentDamaged(`chunk ${chunkNo} is missing`);
        hash.update(octets);
        length += octets.length;
        if (length >= size && !(length === size && hash.digest().equals(sha256))) throw new ContentDamaged("length or SHA-256 differs");
        yield octets;
      }
    },
  };
}

async function readChunk(db: Db, messageId: MessageId, chunkNo: number): Promise<Buffer | null> {
  const { rows } = await db.query<{ octets: Buffer }>({
    name: "read_chunk",
    text: "select octets from content_chunks where message_id = $1 and chunk_no = $2",
    values: [messageId, chunkNo],
  });
  return rows[0]?.octets ?? null;
}
