/** The last good answers of the sources, in Postgres: they outlive an outage of LDAP and a restart of ours. */
import type { Queryable } from "../../db/client.ts";
import { type Mailbox, mailboxOfKey } from "../../mail/mailbox.ts";
import { filterOfKey } from "../filter-address.ts";
import type { Loss } from "./guard.ts";
import type { KnownEntry, SourceEntry } from "./source.ts";

type Row = {
  readonly address: string;
  readonly kind: "person" | "group";
  readonly dn: string;
  readonly affiliation: string | null;
  readonly targets: readonly string[];
  readonly bad_targets: readonly string[];
  readonly oversized: boolean;
  readonly answered_at: Date;
};

/** `*` in ldap_frozen: the whole source. */
export const WHOLE_SOURCE = "*";
/** Of what a frozen source or group would lose so many are kept to show. */
const SAMPLE = 20;

export type LastGood = {
  readonly entries: ReadonlyMap<string, KnownEntry>;
  /** Which of these addresses are of frozen groups; WHOLE_SOURCE among them: the source is frozen. */
  readonly frozen: ReadonlySet<string>;
};

/** What is known of these addresses, and what of them is frozen. */
export async function readLastGood(db: Queryable, source: string, keys: readonly string[]): Promise<LastGood> {
  if (keys.length === 0) return { entries: new Map(), frozen: new Set() };
  const { rows } = await db.query<Row & { frozen: readonly string[] }>({
    name: "ldap_last_good",
    text: `select a.address, a.kind, a.dn, a.affiliation, to_json(a.targets) as targets, to_json(a.bad_targets) as bad_targets, a.oversized,
                  a.answered_at,
                  to_json(array(select f.address from ldap_frozen f
                                 where f.source = $1 and f.address in (a.address, '${WHOLE_SOURCE}'))) as frozen
             from ldap_answers a where a.source = $1 and a.address = any($2::text[])`,
    values: [source, keys],
  });
  const entries = new Map<string, KnownEntry>();
  const frozen = new Set<string>();
  for (const row of rows) {
    for (const address of row.frozen) frozen.add(address);
    const entry = entryOf(row);
    if (entry !== null) entries.set(row.address, { entry, answeredAt: row.answered_at });
  }
  return { entries, frozen };
}

/** Somebody may have written a row by hand: what is no address is left out. */
function entryOf(row: Row): SourceEntry | null {
  const parsed = mailboxOfKey(row.address);
  const address = filterOfKey(row.address) ?? (parsed.ok ? parsed.mailbox : null);
  if (address === null) return null;
  const { kind, dn, affiliation, oversized, bad_targets: badTargets } = row;
  const targets: Mailbox[] = [];
  for (const key of row.targets) {
    const target = mailboxOfKey(key);
    if (target.ok) targets.push(target.mailbox);
  }
  return { address, kind, dn, targets, badTargets, affiliation, oversized };
}

/** Makes these the last good answers of the source. */
export async function writeLastGood(db: Queryable, source: string, known: readonly KnownEntry[]): Promise<void> {
  if (known.length === 0) return;
  const rows = known.map(({ entry, answeredAt }) => ({
    address: entry.address.key,
    kind: entry.kind,
    dn: entry.dn,
    affiliation: entry.affiliation,
    targets: entry.targets.map(({ key }) => key),
    bad_targets: entry.badTargets,
    oversized: entry.oversized,
    answered_at: answeredAt,
  }));
  await db.query({
    name: "ldap_write_last_good",
    text: `insert into ldap_answers (source, address, kind, dn, affiliation, targets, bad_targets, oversized, answered_at)
           select distinct on (r.address) $1, r.address, r.kind, r.dn, r.affiliation, r.targets, r.bad_targets, r.oversized, r.answered_at
             from json_to_recordset($2::json) as r(address text, kind text, dn text, affiliation text, targets text[], bad_targets text[],
                                                  oversized boolean, answered_at timestamptz)
            order by r.address, r.answered_at desc
           on conflict (source, address) do update
              set kind = excluded.kind, dn = excluded.dn, affiliation = excluded.affiliation, targets = excluded.targets,
                  bad_targets = excluded.bad_targets, oversized = excluded.oversized, answered_at = excluded.answered_at
            where ldap_answers.answered_at < excluded.answered_at`,
    values: [source, JSON.stringify(rows)],
  });
}

/** The source does not know these addresses any more, and may forget them. */
export async function forgetLastGood(db: Queryable, source: string, keys: readonly string[]): Promise<void> {
  await db.query({ text: "delete from ldap_answers where source = $1 and address = any($2::text[])", values: [source, keys] });
}

/** Notes that the last good answers stand. True: they did not before. */
export async function freeze(db: Queryable, source: string, address: string, { lost, known }: Loss): Promise<boolean> {
  const { rowCount } = await db.query({
    text: `insert into ldap_frozen (source, address, lost, known, sample) values ($1, $2, $3, $4, $5::text[])
           on conflict (source, address) do nothing`,
    values: [source, address, lost.length, known, lost.slice(0, SAMPLE)],
  });
  return rowCount > 0;
}

/** The source says again what is good enough, or a person has accepted what it says. True: it was frozen. */
export async function unfreeze(db: Queryable, source: string, address: string): Promise<boolean> {
  const { rowCount } = await db.query({ text: "delete from ldap_frozen where source = $1 and address = $2", values: [source, address] });
  return rowCount > 0;
}
