/** What of the directory needs somebody: each with how many there are, and the first of them. */
import type { Db, Queryable } from "../db/client.ts";
import type { Directory } from "../directory/directory.ts";
import { frozenCounts } from "../directory/people/state.ts";
import type { Mailbox } from "../mail/mailbox.ts";
import type { ExplainDirectory } from "../resolve/explain.ts";
import type { Limits } from "../resolve/limits.ts";
import { roleCoverage } from "./roles.ts";
import { entryInScope, type Scope, scopeValues } from "./scope.ts";

/** `count`: as far as it was counted; `more`: there are more than that. */
export type Attention = { readonly count: number; readonly more: boolean; readonly examples: readonly string[] };

const COUNTED_UP_TO = 1000;
const EXAMPLES = 5;
const EXPIRING_DAYS = 30;

const of = (all: readonly string[]): Attention => ({
  count: Math.min(all.length, COUNTED_UP_TO),
  more: all.length > COUNTED_UP_TO,
  examples: all.slice(0, EXAMPLES),
});

async function entriesWhere(db: Queryable, scope: Scope, condition: string, order: string): Promise<Attention> {
  const { rows } = await db.query<{ address: string }>({
    text: `select e.address from entries e where ${condition} and ${entryInScope("e", 1)} order by ${order} limit ${COUNTED_UP_TO + 1}`,
    values: [...scopeValues(scope)],
  });
  return of(rows.map(({ address }) => address));
}

/** Addresses of which a target leads nowhere, as it was found last. */
export const deadEnds = (db: Queryable, scope: Scope): Promise<Attention> =>
  entriesWhere(db, scope, "e.address in (select address from dead_ends)", "e.address");

export const withoutOwner = (db: Queryable, scope: Scope): Promise<Attention> =>
  entriesWhere(db, scope, "e.owner is null", "e.domain, e.address");

/** Addresses that end within a month, the next first. */
export const expiringSoon = (db: Queryable, scope: Scope): Promise<Attention> =>
  entriesWhere(db, scope, `e.expires_at > now() and e.expires_at < now() + interval '${EXPIRING_DAYS} days'`, "e.expires_at, e.address");

/** Sources that the guard froze, as a whole or in some groups. */
export async function frozenSources(db: Queryable): Promise<Attention> {
  return of((await frozenCounts(db)).map(({ source }) => source));
}

/** How long an answer about the roles of a domain is good enough for the first page. */
const ROLES_KEPT_MS = 5 * 60_000;
/** Domains that are asked about; each takes six questions of the resolver. */
const DOMAINS_AT_MOST = 20;

export type RolesAsked = { unanswered(scope: Scope): Promise<Attention> };

/** Role addresses that nobody answers, asked for at most every few minutes. */
export function keepRoles(
  db: Db,
  directory: ExplainDirectory & Pick<Directory, "domain">,
  options: { readonly limits: Limits; readonly postmaster: Mailbox | null },
  now: () => number = () => Date.now(),
): RolesAsked {
  const kept = new Map<string, { readonly at: number; readonly unanswered: readonly string[] }>();
  const ask = async (domain: string): Promise<readonly string[]> => {
    const before = kept.get(domain);
    if (before !== undefined && now() - before.at < ROLES_KEPT_MS) return before.unanswered;
    const views = await roleCoverage(directory, domain, options);
    const nobody = views.filter(({ state, answered_by }) => state !== "unavailable" && answered_by.length === 0);
    const unanswered = nobody.map(({ address }) => address);
    if (views.every(({ state }) => state !== "unavailable")) kept.set(domain, { at: now(), unanswered });
    return unanswered;
  };
  return {
    async unanswered({ everything, domains }) {
      const { rows } = await db.query<{ domain: string }>({
        text: "select domain from domains where ($1 or domain = any($2::text[])) and alias_of is null order by domain limit $3",
        values: [everything, domains, DOMAINS_AT_MOST],
      });
      const all: string[] = [];
      for (const { domain } of rows) all.push(...(await ask(domain)));
      return of(all);
    },
  };
}
