/** The queue by what it waits for. */
import type { Queryable } from "../db/client.ts";
import { queueIdOf, timeOfId } from "../mail/queue-id.ts";
import { GROUP_COLUMNS, type GroupKey } from "./group-key.ts";
import { copyInScope, type MailScope, mailScopeValues } from "./mail-scope.ts";
import { type Cause, causeOf } from "./plain-words.ts";

/** Ends of the age bands, in seconds; the last band is older than all. */
export const AGE_BANDS = [300, 3600, 14_400, 86_400, 345_600] as const;

export type QueueGroup = GroupKey & {
  readonly cause: Cause;
  readonly recipients: number;
  readonly oldest: { readonly queueId: string; readonly receivedAt: Date };
  /** Null: it is not tried by itself. */
  readonly nextAttemptAt: Date | null;
  /** One of the replies, whole. */
  readonly example: string | null;
  /** How many are in each of AGE_BANDS, and older. */
  readonly ages: readonly number[];
};

export type QueueGroups = {
  readonly groups: readonly QueueGroup[];
  readonly recipients: number;
  /** Groups that were left out: the smallest. */
  readonly moreGroups: number;
  /** Null: every recipient was counted. Else so many rows were looked at, and figures of what waits are estimated from them. */
  readonly sampledRows: number | null;
  readonly readAt: Date;
};

/** Up to so many recipients all are counted; of more a sample of about this size is. */
const EXACT_UP_TO = 50_000;
const GROUPS_AT_MOST = 200;

type Row = GroupKey & {
  readonly n: number;
  readonly oldest: bigint;
  readonly next: Date | null;
  readonly example: string | null;
  readonly ages: number[];
  readonly read_at: Date;
};

/**
 * Held and quarantined recipients are always counted (they have an index of their own), and so is all that somebody with a scope may see.
 * Only the whole of a large queue is sampled by pages: reading a million rows for each look would slow down the mail itself.
 */
export async function readGroups(db: Queryable, scope: MailScope): Promise<QueueGroups> {
  const size = scope.everything ? await sizeOfQueue(db) : 0;
  if (size <= EXACT_UP_TO) return assembled(await readRows(db, scope, "true", null), null);
  const percent = Math.min(100, (100 * EXACT_UP_TO) / size);
  const waiting = await readRows(db, scope, "q.held_at is null and q.quarantined_at is null", percent);
  const stopped = await readRows(db, scope, "(q.held_at is not null or q.quarantined_at is not null)", null);
  const sampled = waiting.reduce((sum, { n }) => sum + n, 0);
  const scaled = waiting.map((row) => ({ ...row, n: times(row.n, percent), ages: row.ages.map((n) => times(n, percent)) }));
  return assembled([...scaled, ...stopped], sampled);
}

const times = (n: number, percent: number): number => Math.round((n * 100) / percent);

/** Counted to the limit, and beyond it what the database itself estimates. */
async function sizeOfQueue(db: Queryable): Promise<number> {
  const { rows } = await db.query<{ counted: number; estimated: number }>({
    text: `select (select count(*)::integer from (select from queued_recipients limit $1) few) as counted,
                  (select reltuples::double precision from pg_class where oid = 'queued_recipients'::regclass) as estimated`,
    values: [EXACT_UP_TO + 1],
  });
  const { counted = 0, estimated = 0 } = rows[0] ?? {};
  return counted <= EXACT_UP_TO ? counted : Math.max(counted, estimated);
}

async function readRows(db: Queryable, scope: MailScope, condition: string, percent: number | null): Promise<Row[]> {
  const { state, party, status, shape } = GROUP_COLUMNS;
  const bounds = [0, ...AGE_BANDS].map((seconds) => `extract(epoch from now() - interval '${seconds} seconds')`);
  // The time stands in the id (mail/queue-id.ts): 22 bits below the milliseconds since 2024.
  const idAt = (epoch: string): string => `((${epoch} - 1704067200) * 4194304000)`;
  const bands = bounds.map((bound, i) => {
    const younger = i === 0 ? "true" : `q.message_id < ${idAt(bound)}`;
    const older = bounds[i + 1];
    return `count(*) filter (where ${younger}${older === undefined ? "" : ` and q.message_id >= ${idAt(older)}`})::integer`;
  });
  const sample = percent === null ? "" : `tablesample system (${percent.toFixed(6)})`;
  const { rows } = await db.query<Row>({
    text: `select ${state} as state, ${party} as party, ${status} as status, ${shape} as shape, count(*)::integer as n, min(q.message_id) as oldest,
                  min(q.next_attempt_at) filter (where q.held_at is null and q.quarantined_at is null and q.claimed_by is null) as next,
                  max(coalesce(q.held_reason, q.last_reply)) as example, array[${bands.join(", ")}] as ages, now() as read_at
             from queued_recipients q ${sample} where ${condition} and ${copyInScope("q", 1)} group by 1, 2, 3, 4`,
    values: [...mailScopeValues(scope)],
  });
  return rows;
}

const ORDER: readonly GroupKey["state"][] = ["quarantined", "own", "held", "deferred", "untried"];

function assembled(rows: readonly Row[], sampledRows: number | null): QueueGroups {
  const sorted = rows.toSorted((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state) || b.n - a.n);
  const groups = sorted.slice(0, GROUPS_AT_MOST).map(({ n, oldest, next, example, ages, read_at: _at, ...key }) => ({
    ...key,
    cause: key.state === "own" ? ("own-trouble" as const) : causeOf({ outcome: key.state, status: key.status, reply: example, relay: "" }),
    recipients: n,
    oldest: { queueId: queueIdOf(oldest), receivedAt: new Date(timeOfId(oldest)) },
    nextAttemptAt: next,
    example,
    ages,
  }));
  return {
    groups,
    recipients: rows.reduce((sum, { n }) => sum + n, 0),
    moreGroups: sorted.length - groups.length,
    sampledRows,
    readAt: rows[0]?.read_at ?? new Date(),
  };
}
