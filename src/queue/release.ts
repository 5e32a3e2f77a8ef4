import type { Queryable } from "../db/client.ts";
import type { ClaimedMessage } from "./claim.ts";

/** Gives claimed recipients back untried: the booking is undone, and any node may take them at once. */
export async function releaseUntried(db: Queryable, nodeNo: number, messages: readonly ClaimedMessage[]): Promise<void> {
  const rows = messages.flatMap((message) =>
    message.recipients.map((r) => ({ message_id: String(message.messageId), recipient_no: r.recipientNo, fence: r.fence })),
  );
  await db.query({
    text: `update queued_recipients q
              set claimed_by = null, attempts = q.attempts - 1, unrecorded = q.unrecorded - 1, fence = q.fence + 1, next_attempt_at = now()
             from json_to_recordset($1::json) as r(message_id bigint, recipient_no integer, fence integer)
            where q.message_id = r.message_id and q.recipient_no = r.recipient_no and q.fence = r.fence and q.claimed_by = $2`,
    values: [JSON.stringify(rows), nodeNo],
  });
}
