/** Finding messages in the trace, a page at a time: within a scope, newest first, and never more rows at once than a moment takes. */
import type { Queryable } from "../db/client.ts";
import { firstIdAt, type MessageId } from "../mail/queue-id.ts";
import { type MailScope, mailScopeValues, messageInScope } from "./mail-scope.ts";

/** What became of a message, for at least one of its recipients. */
export const FOUND_STATUSES = ["sent", "deferred", "bounced", "expired", "discarded", "deleted", "held", "quarantined", "waiting"] as const;
export type FoundStatus = (typeof FOUND_STATUSES)[number];

export type MessageQuery = {
  /** Spellings of one mailbox: the sender, or an original or final recipient. Null: anybody. `""`: the null reverse-path. */
  readonly person: readonly string[] | null;
  readonly messageId: MessageId | null;
  readonly headerMessageId: string | null;
  readonly status: FoundStatus | null;
  /** Part of the name or address of the server it went to. */
  readonly relay: string | null;
  readonly since: Date;
  readonly until: Date | null;
};

export type FoundIds = {
  readonly ids: readonly MessageId[];
  /** Where to go on: messages before this one. Null: everything was looked at. A page may be short, or even empty, and not be the last. */
  readonly next: MessageId | null;
};

/** Messages that are looked at for one page. A person's are found by index, one by one; all others lie beside each other. */
const LOOKED_AT = 4000;
const LOOKED_AT_OF_PERSON = 400;
/** First tries that run right now have no index by recipient; nearly all of them began this recently, so these rows are read. */
const IN_FLIGHT_MS = 15 * 60_000;

export async function findMessageIds(
  db: Queryable,
  scope: MailScope,
  query: MessageQuery,
  limit: number,
  before: MessageId | null,
): Promise<FoundIds> {
  const values: unknown[] = [];
  const put = (value: unknown): string => `$${values.push(value)}`;
  const range = idRange(query, before, put);
  const ofOwner = !scope.everything && scope.domains.length === 0;
  // Whoever sees only their own mail looks only among it; the scope below still decides.
  const persons = query.person ?? (ofOwner ? scope.owners : null);
  const isOfPerson = persons !== null && query.messageId === null && query.headerMessageId === null;
  const lookedAt = isOfPerson ? LOOKED_AT_OF_PERSON : LOOKED_AT;
  const candidates = isOfPerson ? personCandidates(put(persons), range, lookedAt, put) : plainCandidates(query, range, lookedAt, put);
  const conditions = [...filters(query, put), ...(query.person !== null && !isOfPerson ? [touches(put(query.person))] : [])];
  const first = values.length + 1;
  values.push(...mailScopeValues(scope));
  const { rows } = await db.query<{ message_id: bigint; last: bigint | null; looked: number }>({
    text: `with candidates as materialized (${candidates}),
           found as (select m.message_id from candidates c join messages m on m.message_id = c.message_id
                      where ${range("m")} and ${[...conditions, messageInScope("m", first)].join(" and ")}
                      order by m.message_id desc limit ${put(limit)})
           select f.message_id, s.last, s.looked
             from (select min(message_id) as last, count(*)::integer as looked from candidates) s left join found f on true
            order by f.message_id desc`,
    values,
  });
  const ids = rows.flatMap(({ message_id }) => message_id ?? []);
  const { last = null, looked = 0 } = rows[0] ?? {};
  return { ids, next: ids.length === limit ? (ids.at(-1) ?? null) : looked >= lookedAt ? last : null };
}

type Put = (value: unknown) => string;
type Range = (alias: string) => string;

/** Ids are times: a span of time is a range of ids, and leaves out the partitions of other days. */
function idRange({ since, until, messageId }: MessageQuery, before: MessageId | null, put: Put): Range {
  if (messageId !== null) {
    const id = put(messageId);
    return (alias) => `${alias}.message_id = ${id}${before === null ? "" : ` and false`}`;
  }
  const end = until === null ? null : firstIdAt(until.getTime());
  const to = before === null ? end : end === null || before < end ? before : end;
  const low = put(firstIdAt(since.getTime()));
  const high = to === null ? null : put(to);
  return (alias) => `${alias}.message_id >= ${low}${high === null ? "" : ` and ${alias}.message_id < ${high}`}`;
}

function plainCandidates({ headerMessageId }: MessageQuery, range: Range, lookedAt: number, put: Put): string {
  const named = headerMessageId === null ? "" : ` and c.header_message_id = ${put(headerMessageId)}`;
  return `select c.message_id from messages c where ${range("c")}${named} order by c.message_id desc limit ${lookedAt}`;
}

/**
 * A list's post has ten thousand rows with the same recipient, so each step goes to the next smaller id by the index, and not to the next row.
 */
function personCandidates(persons: string, range: Range, lookedAt: number, put: Put): string {
  const steps = (table: string, column: string): string => `
    select s.message_id from unnest(${persons}::text[]) p(person), lateral (
      with recursive steps(message_id) as (
        (select x.message_id from ${table} x where x.${column} = p.person and ${range("x")} order by x.message_id desc limit 1)
        union all
        select (select x.message_id from ${table} x where x.${column} = p.person and ${range("x")} and x.message_id < steps.message_id
                 order by x.message_id desc limit 1) from steps where steps.message_id is not null)
      select message_id from steps where message_id is not null limit ${lookedAt}) s`;
  const untried = (column: string): string =>
    `(select x.message_id from queued_recipients x where x.${column} = any(${persons}::text[]) and x.claimed_by is null and x.last_attempt_at is null
        and ${range("x")} order by x.message_id desc limit ${lookedAt})`;
  return `select u.message_id from (
      select s.message_id from unnest(${persons}::text[]) p(person), lateral (
        select x.message_id from messages x where x.reverse_path = p.person and ${range("x")} order by x.message_id desc limit ${lookedAt}) s
      union (select x.message_id from messages x where '' = any(${persons}::text[]) and x.reverse_path is null and ${range("x")}
              order by x.message_id desc limit ${lookedAt})
      union ${steps("deliveries", "final_recipient")}
      union ${steps("deliveries", "original_recipient")}
      union ${untried("final_recipient")}
      union ${untried("original_recipient")}
      union (select x.message_id from queued_recipients x where x.message_id >= ${put(firstIdAt(Date.now() - IN_FLIGHT_MS))} and ${range("x")}
               and (x.final_recipient = any(${persons}::text[]) or x.original_recipient = any(${persons}::text[])))
    ) u order by u.message_id desc limit ${lookedAt}`;
}

const touches = (persons: string): string =>
  `(m.reverse_path = any(${persons}::text[]) or (m.reverse_path is null and '' = any(${persons}::text[]))
    or exists (select from deliveries d where d.message_id = m.message_id
                and (d.final_recipient = any(${persons}::text[]) or d.original_recipient = any(${persons}::text[])))
    or exists (select from queued_recipients q where q.message_id = m.message_id
                and (q.final_recipient = any(${persons}::text[]) or q.original_recipient = any(${persons}::text[]))))`;

function filters({ status, relay }: MessageQuery, put: Put): string[] {
  const conditions: string[] = [];
  if (status !== null) conditions.push(statusCondition(status, put));
  if (relay !== null) {
    const part = put(relay.toLowerCase());
    conditions.push(`exists (select from deliveries r where r.message_id = m.message_id and strpos(lower(r.relay), ${part}) > 0)`);
  }
  return conditions;
}

function statusCondition(status: FoundStatus, put: Put): string {
  const waits = (which: string): string => `exists (select from queued_recipients w where w.message_id = m.message_id and ${which})`;
  switch (status) {
    case "held":
      return waits("w.held_at is not null");
    case "quarantined":
      return waits("w.quarantined_at is not null");
    case "deferred":
      return waits("w.last_reply is not null and w.held_at is null and w.quarantined_at is null");
    case "waiting":
      return waits("w.last_reply is null and w.held_at is null and w.quarantined_at is null");
    case "sent":
    case "bounced":
    case "expired":
    case "discarded":
    case "deleted":
      return `exists (select from deliveries o where o.message_id = m.message_id and o.outcome = ${put(status)})`;
  }
}
