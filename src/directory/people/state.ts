/** What a person asks about a source: when it was last compared as a whole, and what the guard holds back. */
import type { Queryable } from "../../db/client.ts";
import { WHOLE_SOURCE } from "./last-good.ts";

/** `address` of a group, or `*` for the whole source; it would lose `lost` of `known`, of which `sample` are some. */
export type Frozen = {
  readonly address: string;
  readonly since: Date;
  readonly lost: number;
  readonly known: number;
  readonly sample: readonly string[];
};

export type Compared = { readonly at: Date; readonly entries: number | null; readonly fault: string | null };

export async function sourceState(
  db: Queryable,
  source: string,
): Promise<{ readonly frozen: readonly Frozen[]; readonly compared: Compared | null }> {
  const frozen = await db.query<Frozen>({
    text: "select address, since, lost, known, to_json(sample) as sample from ldap_frozen where source = $1 order by address",
    values: [source],
  });
  const compared = await db.query<Compared>({
    text: "select ended_at as at, entries, fault from ldap_syncs where source = $1 and ended_at is not null",
    values: [source],
  });
  return { frozen: frozen.rows, compared: compared.rows[0] ?? null };
}

/** Addresses of people and groups a source is known to have, and when it last said so of the first and the last of them. */
export type Known = {
  readonly people: number;
  readonly groups: number;
  readonly oldest: Date | null;
  readonly newest: Date | null;
};

export async function knownOf(db: Queryable, source: string): Promise<Known> {
  const { rows } = await db.query<Known>({
    text: `select (count(*) filter (where kind = 'person'))::int as people, (count(*) filter (where kind = 'group'))::int as groups,
                  min(answered_at) as oldest, max(answered_at) as newest from ldap_answers where source = $1`,
    values: [source],
  });
  return rows[0] as Known; // an aggregate always has one row
}

/** `count`: groups that are frozen, and the source itself. */
export type FrozenCount = { readonly source: string; readonly count: number; readonly isWhole: boolean };

/** Of each source that has something frozen. */
export async function frozenCounts(db: Queryable): Promise<readonly FrozenCount[]> {
  const { rows } = await db.query<FrozenCount>({
    text: `select source, count(*)::int as count, bool_or(address = '${WHOLE_SOURCE}') as "isWhole" from ldap_frozen group by source`,
  });
  return rows;
}
