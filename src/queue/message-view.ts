/** A message of the trace for somebody with a scope: what lies outside is counted, not named. */
import type { Queryable } from "../db/client.ts";
import { type MessageId, queueIdOf } from "../mail/queue-id.ts";
import { findMessageIds, type MessageQuery } from "./find-messages.ts";
import { type MailScope, mailScopeValues, messageInScope, seesAddress } from "./mail-scope.ts";
import { inPlainWords, type Plain } from "./plain-words.ts";

export type MessageRow = {
  readonly queueId: string;
  readonly receivedAt: Date;
  readonly from: string | null;
  readonly size: number;
  readonly headerMessageId: string | null;
  /** The first three addresses it was sent to, as far as they may be seen. */
  readonly to: readonly string[];
  readonly recipients: number;
  /** How many recipients ended so, or wait so; of the first few hundred. */
  readonly states: Readonly<Record<string, number>>;
};

/** An attempt that ended, or an end without one. */
export type SeenDelivery = {
  readonly endedAt: Date;
  readonly attemptNo: number;
  readonly recipientNo: number;
  readonly outcome: string;
  /** Null: another's address, which this reader may not see. */
  readonly to: string | null;
  readonly origTo: string;
  readonly paths: readonly (readonly string[])[];
  readonly relay: string | null;
  readonly delays: readonly number[] | null;
  readonly status: string;
  readonly reply: string;
  readonly plain: Plain;
};

/** A recipient that is still in the queue. */
export type SeenWaiting = {
  readonly recipientNo: number;
  readonly state: string;
  readonly to: string | null;
  readonly origTo: string;
  readonly paths: readonly (readonly string[])[];
  readonly attempts: number;
  readonly nextAttemptAt: Date | null;
  readonly expiresAt: Date;
  readonly reply: string | null;
  readonly plain: Plain;
};

export type MessageView = Omit<MessageRow, "to" | "states"> & {
  readonly sha256: string;
  readonly clientAddress: string | null;
  readonly heloName: string | null;
  readonly authenticatedAs: string | null;
  readonly deliveries: readonly SeenDelivery[];
  readonly waiting: readonly SeenWaiting[];
  /** Rows that this reader may not see, among those read. */
  readonly hidden: number;
  /** True: there is more than is shown. */
  readonly more: boolean;
};

/** Rows of one message that a row of the listing looks at, and that its own page does. */
const OF_EACH = 300;
const OF_ONE = 2000;

type DeliveryRow = Omit<SeenDelivery, "plain" | "to"> & { readonly to: string; readonly messageId: bigint };
type WaitingRow = Omit<SeenWaiting, "plain" | "to"> & {
  readonly to: string;
  readonly messageId: bigint;
  readonly relay: string | null;
  readonly status: string | null;
  readonly tried: boolean;
};
type Envelope = Omit<MessageView, "queueId" | "deliveries" | "waiting" | "hidden" | "more"> & { readonly messageId: bigint };

/** One page of what findMessageIds finds. */
export async function listMessages(
  db: Queryable,
  scope: MailScope,
  query: MessageQuery,
  limit: number,
  before: MessageId | null,
): Promise<{ readonly items: readonly MessageRow[]; readonly next: MessageId | null }> {
  const { ids, next } = await findMessageIds(db, scope, query, limit, before);
  if (ids.length === 0) return { items: [], next };
  const [envelopes, deliveries, waiting] = await Promise.all([
    readEnvelopes(db, ids),
    readDeliveries(db, ids, OF_EACH),
    readWaiting(db, ids, OF_EACH),
  ]);
  return { items: envelopes.map((envelope) => rowOf(scope, envelope, deliveries, waiting)), next };
}

/** Null: there is no such message, it is older than the retention, or nothing of it is theirs. */
export async function readMessage(db: Queryable, scope: MailScope, messageId: MessageId, since: MessageId): Promise<MessageView | null> {
  const { rows } = await db.query({
    text: `select from messages m where m.message_id = $1 and m.message_id >= $2 and ${messageInScope("m", 3)}`,
    values: [messageId, since, ...mailScopeValues(scope)],
  });
  if (rows.length === 0) return null;
  const [[envelope], deliveries, waiting] = await Promise.all([
    readEnvelopes(db, [messageId]),
    readDeliveries(db, [messageId], OF_ONE),
    readWaiting(db, [messageId], OF_ONE),
  ]);
  if (envelope === undefined) return null;
  const { messageId: _, ...rest } = envelope;
  const seenDeliveries = deliveries.flatMap((row) => seenDelivery(scope, envelope.from, row));
  const seenWaiting = waiting.flatMap((row) => seenWaitingOf(scope, envelope.from, row));
  return {
    ...rest,
    queueId: queueIdOf(messageId),
    deliveries: seenDeliveries,
    waiting: seenWaiting,
    hidden: deliveries.length + waiting.length - seenDeliveries.length - seenWaiting.length,
    more: deliveries.length === OF_ONE || waiting.length === OF_ONE,
  };
}

/**
 * What of a recipient a reader sees: all of it, when it is theirs or their domain sent the message; what they themselves wrote, when they sent
 * it (null: where that leads belongs to others); else nothing.
 */
function seen(
  scope: MailScope,
  from: string | null,
  { to, origTo }: { readonly to: string; readonly origTo: string },
): "all" | "sent" | "none" {
  if (seesAddress(scope, to) || seesAddress(scope, origTo)) return "all";
  if (!seesAddress(scope, from)) return "none";
  return from !== null && scope.owners.includes(from) ? "sent" : "all";
}

function seenDelivery(scope: MailScope, from: string | null, { messageId: _, ...row }: DeliveryRow): SeenDelivery[] {
  const sees = seen(scope, from, row);
  if (sees === "none") return [];
  const isMasked = sees === "sent" && row.to !== row.origTo;
  const plain = inPlainWords({
    outcome: row.outcome,
    status: row.status,
    reply: row.reply,
    relay: isMasked ? null : row.relay,
    to: isMasked ? row.origTo : row.to,
  });
  if (!isMasked) return [{ ...row, plain }];
  return [{ ...row, to: null, paths: [], relay: null, reply: plain.text, plain }];
}

function seenWaitingOf(scope: MailScope, from: string | null, row: WaitingRow): SeenWaiting[] {
  const sees = seen(scope, from, row);
  if (sees === "none") return [];
  const { messageId: _, relay, status, tried, ...rest } = row;
  const isMasked = sees === "sent" && row.to !== row.origTo;
  const nextAttemptAt = row.state === "waiting" ? row.nextAttemptAt : null;
  const plain = inPlainWords({
    outcome: row.state,
    status,
    reply: row.reply,
    relay: isMasked ? null : relay,
    to: isMasked ? row.origTo : row.to,
    nextAttemptAt: tried ? nextAttemptAt : null,
  });
  const shown = { ...rest, nextAttemptAt, plain };
  return [isMasked ? { ...shown, to: null, paths: [], reply: row.reply === null ? null : plain.text } : shown];
}

function rowOf(scope: MailScope, envelope: Envelope, allDeliveries: readonly DeliveryRow[], allWaiting: readonly WaitingRow[]): MessageRow {
  const { messageId, receivedAt, from, size, headerMessageId, recipients } = envelope;
  const isSeen = (row: DeliveryRow | WaitingRow): boolean => row.messageId === messageId && seen(scope, from, row) !== "none";
  const deliveries = allDeliveries.filter(isSeen);
  const waiting = allWaiting.filter(isSeen);
  const stateOf = new Map(deliveries.map(({ recipientNo, outcome }) => [recipientNo, outcome])); // in the order of the attempts: the last stays
  for (const { recipientNo, state, tried } of waiting) stateOf.set(recipientNo, state === "waiting" && tried ? "deferred" : state);
  const states: Record<string, number> = {};
  for (const state of stateOf.values()) states[state] = (states[state] ?? 0) + 1;
  const to = [...new Set([...deliveries, ...waiting].map(({ origTo }) => origTo))].slice(0, 3);
  // Whom a message of somebody else went to besides is not told, nor who wrote to others; its sender is, to whom it was for.
  return { queueId: queueIdOf(messageId), receivedAt, from, size, headerMessageId, recipients, to, states };
}

async function readEnvelopes(db: Queryable, ids: readonly MessageId[]): Promise<Envelope[]> {
  const { rows } = await db.query<Envelope>({
    text: `select message_id as "messageId", received_at as "receivedAt", reverse_path as "from", size::double precision as size,
                  encode(sha256, 'hex') as sha256, header_message_id as "headerMessageId", client_address as "clientAddress",
                  helo_name as "heloName", authenticated_as as "authenticatedAs", recipient_count as recipients
             from messages where message_id = any($1::bigint[]) and message_id between $2 and $3 order by message_id desc`,
    values: [ids.map(String), ids.at(-1), ids[0]],
  });
  return rows;
}

async function readDeliveries(db: Queryable, ids: readonly MessageId[], ofEach: number): Promise<DeliveryRow[]> {
  const { rows } = await db.query<DeliveryRow>({
    text: `select d.* from unnest($1::bigint[]) i(id), lateral (
             select message_id as "messageId", ended_at as "endedAt", attempt_no as "attemptNo", recipient_no as "recipientNo", outcome,
                    final_recipient as "to", original_recipient as "origTo", paths, relay, delays, enhanced_status as status, reply
               from deliveries where message_id = i.id order by message_id, recipient_no, attempt_no limit $2) d`,
    values: [ids.map(String), ofEach],
  });
  return rows;
}

async function readWaiting(db: Queryable, ids: readonly MessageId[], ofEach: number): Promise<WaitingRow[]> {
  const { rows } = await db.query<WaitingRow>({
    text: `select w.* from unnest($1::bigint[]) i(id), lateral (
             select message_id as "messageId", recipient_no as "recipientNo", final_recipient as "to", original_recipient as "origTo", paths, attempts,
                    next_attempt_at as "nextAttemptAt", expires_at as "expiresAt", coalesce(held_reason, last_reply) as reply, last_relay as relay,
                    last_status as status, last_reply is not null as tried,
                    case when quarantined_at is not null then 'quarantined' when held_at is not null then 'held'
                         when claimed_by is not null then 'active' else 'waiting' end as state
               from queued_recipients where message_id = i.id order by message_id, recipient_no limit $2) w`,
    values: [ids.map(String), ofEach],
  });
  return rows;
}
