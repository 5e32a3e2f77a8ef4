import type { Queryable } from "../db/client.ts";
import type { MessageId } from "../mail/queue-id.ts";
import { replyLine } from "../mail/reply.ts";
import { arrayLiteral } from "./array-literal.ts";
import type { Settlement } from "./claim.ts";
import { arraysOf, type Column, names, unnested } from "./columns.ts";

/** How a recipient leaves the queue. `discarded`: by a discard: route; `deleted`: by a person, without notice. */
export type Outcome = "sent" | "bounced" | "expired" | "discarded" | "deleted";

/** A settlement with what becomes of the recipient. */
export type Ending = Settlement &
  ({ readonly outcome: Outcome } | { readonly outcome: "deferred"; readonly afterSeconds: number; readonly countsAsFailure: boolean });

/** A recipient that this node no longer held when it wanted to settle it: someone else took it over, and their word counts. */
export type LateWrites = { readonly refused: number };

/**
 * Settles a batch in one statement, hence in one commit. Recipients that are done leave the queue in the same statement that writes their
 * trace; deferred ones stay, with their next attempt. A row counts only while `fence` is the one we claimed with.
 */
export async function settleBatch(db: Queryable, nodeNo: number, endings: readonly Ending[]): Promise<LateWrites> {
  const { rows } = await db.query<{ written: number }>({
    name: "settle",
    text: SETTLE,
    values: [nodeNo, ...arraysOf(endings, COLUMNS)],
  });
  return { refused: endings.length - (rows[0]?.written ?? 0) };
}

const COLUMNS: readonly Column<Ending>[] = [
  ["message_id", "bigint", (e) => e.message.messageId],
  ["recipient_no", "integer", (e) => e.recipient.recipientNo],
  ["fence", "integer", (e) => e.recipient.fence],
  ["outcome", "text", (e) => e.outcome],
  ["relay", "text", (e) => e.verdict.relay],
  ["delays", "text", (e) => `{${e.delays.join(",")}}`],
  ["status", "text", (e) => e.verdict.reply.enhancedStatus],
  ["reply", "text", (e) => replyLine(e.verdict.reply)],
  ["scope", "text", (e) => (e.verdict.kind === "relayed" ? null : e.verdict.scope)],
  ["after_seconds", "double precision", (e) => (e.outcome === "deferred" ? e.afterSeconds : null)],
  ["failed", "smallint", (e) => (e.outcome === "deferred" && e.countsAsFailure ? 1 : 0)],
];

/** A row of the trace, taken where the recipient is written, so that nothing has to be joined again. */
const TRACED = `q.message_id, q.recipient_no, q.attempts, e.outcome, q.final_recipient, q.original_recipient, q.paths, e.relay,
            e.delays::real[], e.status, e.reply`;

const SETTLE = `
with ended as materialized (
  select * from ${unnested(COLUMNS, 2)} as e(${names(COLUMNS)})
), gone as (
  delete from queued_recipients q using ended e
   where e.outcome <> 'deferred' and q.message_id = e.message_id and q.recipient_no = e.recipient_no
     and q.fence = e.fence and q.claimed_by = $1
  returning ${TRACED}
), kept as (
  update queued_recipients q
     set claimed_by = null, unrecorded = 0, failures = q.failures + e.failed, last_attempt_at = now(), last_status = e.status,
         last_reply = e.reply, last_relay = e.relay, last_scope = e.scope, next_attempt_at = now() + make_interval(secs => e.after_seconds)
    from ended e
   where e.outcome = 'deferred' and q.message_id = e.message_id and q.recipient_no = e.recipient_no
     and q.fence = e.fence and q.claimed_by = $1
  returning ${TRACED}
), written as (
  insert into deliveries (message_id, recipient_no, attempt_no, outcome, final_recipient, original_recipient, paths, relay, delays, enhanced_status, reply)
  select * from gone union all select * from kept
  returning 1
)
select count(*)::integer as written from written`;

/**
 * Removes the content of messages that have no recipient left. Its own statement, after the commit: a crash between leaves content
 * that nobody asks for, which the janitor removes, as it does when two nodes settle the last recipients at the same moment.
 */
export async function removeSettledContent(db: Queryable, endings: readonly Ending[]): Promise<void> {
  const ids = new Set<MessageId>();
  for (const ending of endings) if (ending.outcome !== "deferred") ids.add(ending.message.messageId);
  if (ids.size === 0) return;
  await db.query({
    name: "remove_settled_content",
    text: `delete from content_chunks c where c.message_id = any($1::bigint[])
              and not exists (select from queued_recipients q where q.message_id = c.message_id)`,
    values: [arrayLiteral([...ids])],
  });
}
