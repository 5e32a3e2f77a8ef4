/** Messages that came since somebody looked. */
import type { Queryable } from "../db/client.ts";
import type { MessageId } from "../mail/queue-id.ts";
import { type MailScope, mailScopeValues, messageInScope } from "./mail-scope.ts";

/** Messages looked at in one question: of more, the next one tells. */
const LOOKED_AT = 500;

/** The newest message there is; 0: none. */
export async function newestMessage(db: Queryable): Promise<MessageId> {
  const { rows } = await db.query<{ id: bigint | null }>({ text: "select max(message_id) as id from messages" });
  return rows[0]?.id ?? 0n;
}

/** How many of those after `after` lie in the scope, and up to which was looked. */
export async function messagesAfter(
  db: Queryable,
  scope: MailScope,
  after: MessageId,
): Promise<{ readonly count: number; readonly lookedTo: MessageId }> {
  const { rows } = await db.query<{ count: number; last: bigint | null }>({
    text: `with fresh as materialized (select message_id, reverse_path from messages where message_id > $4 order by message_id limit ${LOOKED_AT})
           select (select count(*)::integer from fresh m where ${messageInScope("m", 1)}) as count, (select max(message_id) from fresh) as last`,
    values: [...mailScopeValues(scope), after],
  });
  return { count: rows[0]?.count ?? 0, lookedTo: rows[0]?.last ?? after };
}
