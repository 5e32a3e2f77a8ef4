/** Who reaches an address: the entries, people and groups whose mail comes to it, by whatever way. */
import type { Queryable } from "../db/client.ts";

/** An address from which mail comes. `via`: its target on the way; `steps`: how many are between. */
export type Reacher = {
  readonly address: string;
  readonly kind: "alias" | "list" | "person" | "group";
  readonly owner: string | null;
  readonly domain: string;
  readonly via: string;
  readonly steps: number;
};

/** As deep as an expansion goes, and as many as a person can look at. */
const DEPTH = 10;
const MOST = 1000;

/**
 * Level by level, nearest first; at most 1000, and `more` says that there are others. Off, expired and undated entries count alike: what
 * they would do is for explain. What an LDAP source said last counts too.
 */
export async function reachersOf(
  db: Queryable,
  address: string,
): Promise<{ readonly reachers: readonly Reacher[]; readonly more: boolean }> {
  const seen = new Map<string, Reacher>();
  let level = [address];
  for (let steps = 1; level.length > 0 && steps <= DEPTH && seen.size < MOST; steps++) {
    const { rows } = await db.query<Omit<Reacher, "steps">>({ text: ABOVE, values: [level, MOST - seen.size + 1] });
    const fresh = rows.filter((row) => row.address !== address && !seen.has(row.address));
    for (const row of fresh) seen.set(row.address, { ...row, steps });
    level = [...new Set(fresh.map((row) => row.address))];
  }
  const reachers = [...seen.values()];
  return { reachers: reachers.slice(0, MOST), more: reachers.length > MOST || level.length > 0 };
}

const ABOVE = `
  (select t.address, e.kind, e.owner, e.domain, t.target as via from targets t join entries e using (address) where t.target = any($1::text[]) limit $2)
  union all
  (select a.address, a.kind, null, split_part(a.address, '@', -1), x.target
     from unnest($1::text[]) as x(target)
     cross join lateral (select address, kind from ldap_answers l where l.targets @> array[x.target] offset 0) a -- one by one by the index
    where not exists (select from entries e where e.address = a.address) limit $2)`;
