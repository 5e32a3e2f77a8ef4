/** Everybody who may do something in the panel: local accounts, and whoever has a role. */
import type { Queryable } from "../../db/client.ts";
import type { Scope } from "../scope.ts";
import type { GrantView } from "./users.ts";

/** Somebody with the roles that the reader may see. `local`: their account here; null: a directory or provider says who they are. */
export type PersonView = {
  readonly principal: string;
  readonly local: { readonly has_totp: boolean; readonly changed_at: string } | null;
  readonly last_seen_at: string | null;
  readonly grants: readonly Omit<GrantView, "principal">[];
};

export type PeopleQuery = { readonly q: string; readonly after: string | null; readonly limit: number };

const inUtc = (moment: string): string => `to_char(${moment} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`;

/** Local accounts without a role are for those to see who see everything. */
const PEOPLE = `people as (
  select principal from panel_grants where $1 or domain = any($2)
  union select 'local:' || login from panel_users where $1)`;

/** One page of people by their names, and how many there are. Grants of other domains are left out. */
export async function listPeople(
  db: Queryable,
  { everything, domains }: Scope,
  { q, after, limit }: PeopleQuery,
): Promise<{ readonly rows: readonly PersonView[]; readonly total: number }> {
  const { rows: counted } = await db.query<{ n: number }>({
    text: `with ${PEOPLE} select count(*)::int as n from people where position($3 in lower(principal)) > 0`,
    values: [everything, domains, q.toLowerCase()],
  });
  const { rows } = await db.query<PersonView>({
    text: `with ${PEOPLE}
      select p.principal,
             case when u.login is not null then json_build_object('has_totp', u.totp_secret is not null, 'changed_at', ${inUtc("u.changed_at")}) end as local,
             (select ${inUtc("max(s.seen_at)")} from panel_sessions s where s.principal = p.principal) as last_seen_at,
             (select coalesce(json_agg(json_build_object('role', role, 'domain', domain, 'ends_at', ${inUtc("ends_at")}, 'granted_by', granted_by)
                                       order by role, domain), '[]')
                from panel_grants g where g.principal = p.principal and ($1 or g.domain = any($2))) as grants
        from people p left join panel_users u on p.principal = 'local:' || u.login
       where position($3 in lower(p.principal)) > 0 and ($4::text is null or p.principal > $4)
       order by p.principal limit $5`,
    values: [everything, domains, q.toLowerCase(), after, limit],
  });
  return { rows, total: counted[0]?.n ?? 0 };
}
