/** Our domains as a person looks at them: how many addresses, where their mail goes, which other domains mean them. */
import type { Queryable } from "../db/client.ts";
import type { DomainView } from "./domains.ts";
import type { Scope } from "./scope.ts";

export type DomainOverview = DomainView & {
  /** Aliases and lists. */
  readonly addresses: number;
  readonly alias_domains: readonly string[];
  /** Null: it has none of its own. */
  readonly route: string | null;
  /** Where its mail goes: by its own route, by that of `*`, or as DNS says. */
  readonly effective_route: { readonly url: string; readonly from: "own" | "all" | "dns" };
};

type Row = Omit<DomainOverview, "effective_route" | "created_at"> & { readonly created_at: Date; readonly all_route: string | null };

/** Those in scope in order of name, or the one that is named. There are hundreds, not millions. */
export async function domainOverviews(
  db: Queryable,
  { everything, domains }: Scope,
  name: string | null = null,
): Promise<readonly DomainOverview[]> {
  const { rows } = await db.query<Row>({
    text: `select d.domain, d.alias_of, d.catch_all, d.subaddressing, to_json(d.reserved) as reserved, d.created_at, r.url as route,
                  (select count(*)::int from entries e where e.domain = d.domain) as addresses,
                  array(select a.domain from domains a where a.alias_of = d.domain order by a.domain) as alias_domains,
                  (select url from routes where domain = '*') as all_route
             from domains d left join routes r using (domain)
            where ($1::boolean or d.domain = any($2::text[])) and ($3::text is null or d.domain = $3) order by d.domain`,
    values: [everything, domains, name],
  });
  return rows.map(({ all_route, created_at, ...row }) => ({
    ...row,
    created_at: created_at.toISOString(),
    effective_route:
      row.route !== null
        ? { url: row.route, from: "own" as const }
        : all_route !== null
          ? { url: all_route, from: "all" as const }
          : { url: "mx:", from: "dns" as const },
  }));
}
