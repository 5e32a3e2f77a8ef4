import type { Db } from "../db/client.ts";
import { firstIdAt } from "../mail/queue-id.ts";

/** Longer than a message may take to come in (30 min), so that no content of a message still arriving is taken. */
const ORPHAN_AFTER_MS = 60 * 60 * 1000;

/**
 * Removes content nobody will ask for again: of messages whose last recipients were settled by two nodes at the same moment, and of
 * messages that were never accepted because their node died while they came in. Returns how many messages' content went.
 */
export async function removeOrphanedContent(db: Db, now: Date): Promise<number> {
  const { rows } = await db.query<{ messages: number }>({
    text: `with gone as (
             delete from content_chunks c where c.message_id < $1
                and not exists (select from queued_recipients q where q.message_id = c.message_id)
             returning c.message_id)
           select count(distinct message_id)::integer as messages from gone`,
    values: [firstIdAt(now.getTime() - ORPHAN_AFTER_MS)],
  });
  return rows[0]?.messages ?? 0;
}
