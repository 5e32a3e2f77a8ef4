/** What a person asks about a source: when it was last compared as a whole, and what the guard holds back. */
import type { Queryable } from "../../db/client.ts";

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
