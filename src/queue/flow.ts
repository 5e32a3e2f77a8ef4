/** What passed through the server, from the hours that were counted (count-hours.ts). */
import type { Queryable } from "../db/client.ts";
import { DELAY_BOUNDS, DELAY_PARTS, type DelayPart, percentileOf } from "./flow-delays.ts";
import type { MailScope } from "./mail-scope.ts";
import { inPlainWords, type Plain } from "./plain-words.ts";
import { partyOf } from "./providers.ts";

export const OUTCOMES = ["sent", "deferred", "bounced", "expired", "discarded", "deleted"] as const;

export type FlowHour = { readonly hour: Date } & Readonly<Record<(typeof OUTCOMES)[number], number>>;
export type Delays = Readonly<Record<DelayPart, { readonly p50: number | null; readonly p95: number | null }>>;
export type Flow = {
  /** Every hour of the span, those without mail too. */
  readonly hours: readonly FlowHour[];
  /** Of delivered mail, in seconds. */
  readonly delays: Delays;
  /** When this hour was last counted; null: never. */
  readonly countedAt: Date | null;
};

/** The domains whose figures somebody sees; all mail together for those who see everything. */
const countedFor = (scope: MailScope): readonly string[] => (scope.everything ? ["*"] : scope.domains);

export async function readFlow(db: Queryable, scope: MailScope, hours: number): Promise<Flow> {
  const values = [countedFor(scope), hours];
  const span = "f.domain = any($1::text[]) and f.hour > date_trunc('hour', now()) - make_interval(hours => $2::integer)";
  const [outcomes, buckets, counted] = await Promise.all([
    db.query<{ hour: Date; counts: Record<string, number> | null }>({
      text: `select h.hour, (select json_object_agg(measure, n) from (
                      select f.measure, sum(f.count)::double precision as n from flow_hours f
                       where f.domain = any($1::text[]) and f.hour = h.hour and f.measure = any($3::text[]) group by 1) c) as counts
               from generate_series(date_trunc('hour', now()) - make_interval(hours => $2::integer - 1), date_trunc('hour', now()), interval '1 hour') h(hour)
              order by h.hour`,
      values: [...values, OUTCOMES],
    }),
    db.query<{ measure: DelayPart; bucket: number; n: number }>({
      text: `select f.measure, f.bucket, sum(f.count)::double precision as n from flow_hours f where ${span} and f.measure = any($3::text[]) group by 1, 2`,
      values: [...values, DELAY_PARTS],
    }),
    db.query<{ counted_at: Date | null }>({ text: "select max(counted_at) as counted_at from counted_hours" }),
  ]);
  return {
    hours: outcomes.rows.map(({ hour, counts }) => ({
      hour,
      ...(Object.fromEntries(OUTCOMES.map((name) => [name, counts?.[name] ?? 0])) as Record<(typeof OUTCOMES)[number], number>),
    })),
    delays: Object.fromEntries(
      DELAY_PARTS.map((part) => [part, percentiles(buckets.rows.filter(({ measure }) => measure === part))]),
    ) as Delays,
    countedAt: counted.rows[0]?.counted_at ?? null,
  };
}

function percentiles(rows: readonly { readonly bucket: number; readonly n: number }[]) {
  const counts = Array.from({ length: DELAY_BOUNDS.length + 1 }, () => 0);
  for (const { bucket, n } of rows) counts[bucket] = n;
  return { p50: percentileOf(counts, 0.5), p95: percentileOf(counts, 0.95) };
}

export type DestinationView = {
  /** A provider, or the domain itself. */
  readonly party: string;
  /** The domains with the most mail, five at most, and how many there are. */
  readonly domains: readonly string[];
  readonly domainCount: number;
  readonly sent: number;
  readonly deferred: number;
  readonly refused: number;
  readonly p95: number | null;
  readonly lastFailure:
    | (Plain & { readonly at: Date; readonly status: string; readonly reply: string; readonly relay: string | null })
    | null;
};

type Row = {
  readonly destination: string;
  readonly sent: number;
  readonly deferred: number;
  readonly refused: number;
  readonly delays: number[];
  readonly failed_at: Date | null;
  readonly status: string | null;
  readonly reply: string | null;
  readonly relay: string | null;
};

/** Domains that are put together; of more, those with the least mail are left out. */
const DOMAINS_AT_MOST = 5000;

/** Where mail went in the last 24 hours, the most mail first. */
export async function readDestinations(db: Queryable): Promise<readonly DestinationView[]> {
  const sums = DELAY_BOUNDS.map((_, i) => i + 1)
    .concat(DELAY_BOUNDS.length + 1)
    .map((i) => `coalesce(sum(delays[${i}]), 0)::integer`);
  const { rows } = await db.query<Row>({
    text: `select destination, sum(sent)::double precision as sent, sum(deferred)::double precision as deferred, sum(refused)::double precision as refused,
                  array[${sums.join(", ")}] as delays, max(last_failed_at) as failed_at,
                  (array_agg(last_status order by last_failed_at desc nulls last))[1] as status,
                  (array_agg(last_reply order by last_failed_at desc nulls last))[1] as reply,
                  (array_agg(last_relay order by last_failed_at desc nulls last))[1] as relay
             from destination_hours where hour > date_trunc('hour', now()) - interval '24 hours'
            group by destination order by sum(sent + deferred + refused) desc, destination limit ${DOMAINS_AT_MOST}`,
  });
  const parties = new Map<string, Row[]>();
  for (const row of rows) {
    const party = partyOf(row.destination, row.relay);
    parties.set(party, [...(parties.get(party) ?? []), row]);
  }
  return [...parties].map(([party, ofParty]) => destinationOf(party, ofParty)).toSorted((a, b) => all(b) - all(a));
}

const all = ({ sent, deferred, refused }: Pick<Row, "sent" | "deferred" | "refused">): number => sent + deferred + refused;

function destinationOf(party: string, rows: readonly Row[]): DestinationView {
  const sum = (of: (row: Row) => number): number => rows.reduce((total, row) => total + of(row), 0);
  const [last] = rows.filter(({ failed_at }) => failed_at !== null).toSorted((a, b) => Number(b.failed_at) - Number(a.failed_at));
  return {
    party,
    domains: rows.slice(0, 5).map(({ destination }) => destination),
    domainCount: rows.length,
    sent: sum(({ sent }) => sent),
    deferred: sum(({ deferred }) => deferred),
    refused: sum(({ refused }) => refused),
    p95: percentileOf(
      DELAY_BOUNDS.map((_, i) => i)
        .concat(DELAY_BOUNDS.length)
        .map((i) => sum(({ delays }) => delays[i] ?? 0)),
      0.95,
    ),
    lastFailure: last === undefined || last.failed_at === null ? null : failureOf(last, last.failed_at),
  };
}

function failureOf({ destination, status, reply, relay }: Row, at: Date) {
  const plain = inPlainWords({ outcome: "deferred", status, reply, relay, to: `@${destination}` });
  return { ...plain, at, status: status ?? "", reply: reply ?? "", relay };
}
