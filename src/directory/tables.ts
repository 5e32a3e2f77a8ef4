/** The statements that read the directory tables. Each sees one moment of the database. */
import type { Queryable } from "../db/client.ts";
import type { Domain, Entry, Forwarding, Route } from "./directory.ts";
import { MX_ROUTE, parseRouteUrl } from "./route-url.ts";
import { type DomainRow, domainOfRow, type EntryRow, entryOfRow, readDomain } from "./rows.ts";

/** All domains and routes: there are few, so they are read whole, and a domain that is not ours costs no question. */
export type Domains = {
  readonly byName: ReadonlyMap<string, Domain>;
  /** A route that cannot be used is its fault, not `mx:`: mail waits until somebody mends it. */
  readonly routes: ReadonlyMap<string, Route | Error>;
  readonly forwarding: Forwarding;
};

/** A domain, a route (`url`) or a policy that forbids forwarding off campus (`affiliation`). */
type DomainsRow = DomainRow & { readonly url: string | null; readonly affiliation: string | null };

export async function readDomains(db: Queryable): Promise<Domains> {
  const { rows } = await db.query<DomainsRow>({
    name: "directory_domains",
    text: `select domain, alias_of, catch_all, subaddressing, null as url, null as affiliation from domains
           union all select domain, null, null, false, url, null from routes
           union all select '', null, null, false, null, affiliation from forwarding_policies where not off_campus`,
  });
  const named: Omit<Domain, "isRouted">[] = [];
  const routes = new Map<string, Route | Error>();
  const forbidden = new Set<string>();
  for (const row of rows) {
    if (row.affiliation !== null) {
      forbidden.add(row.affiliation);
      continue;
    }
    if (row.url !== null) {
      routes.set(row.domain === "*" ? "*" : (readDomain(row.domain) ?? row.domain), routeOf(row.domain, row.url));
      continue;
    }
    const domain = domainOfRow(row);
    if (domain !== null) named.push(domain);
  }
  const isRouted = (name: string): boolean => routes.has(name) && routes.get(name) !== MX_ROUTE;
  const byName = new Map(named.map((domain): [string, Domain] => [domain.domain, { ...domain, isRouted: isRouted(domain.domain) }]));
  return { byName, routes, forwarding: { forbidden, routed: new Set([...routes.keys()].filter((domain) => domain !== "*")) } };
}

function routeOf(domain: string, url: string): Route | Error {
  const parsed = parseRouteUrl(url);
  return parsed.ok ? parsed.route : new Error(`the route of ${domain} cannot be used: ${parsed.fault}`);
}

/** Targets that come with the entry; a longer list is asked for alone, so that no answer for many addresses is too large for memory. */
const INLINE = 1000;
/** Targets read of one entry. More than that is refused whole (Entry.oversized): half a list is never delivered. */
const MOST_TARGETS = 100_000;

/** What a list or an alias has besides its row. */
type Parts = Pick<EntryRow, "targets" | "dates" | "senders" | "excluded" | "filters">;
type PartRow = { readonly address: string } & { readonly [K in keyof Parts]: Parts[K] | null };
type Row = (Omit<EntryRow, keyof Parts> & { readonly kind: EntryRow["kind"] }) | (PartRow & { readonly kind: null });

/**
 * One answer of several kinds of rows, put together here: each table is read once, by all keys. A question for each entry, or a join, would
 * cost the square of their number whenever the planner still believes that the tables are as small as they were an import ago.
 */
const ENTRIES = `
  select address, kind, owner, expires_at, posting, starts_at, disabled, disabled_text, moved_to, moved_delivers, affiliation, off_campus_until,
         own_copy, may_leave, member_limit, null::json as targets, null::json as dates, null::json as senders, null::json as excluded, null::json as filters
    from entries where address = any($1::text[])
  union all
  select address, null, null, null, null, null, null, null, null, null, null, null, null, null, null,
         json_agg(target order by target), null, null, null, null
    from (select address, target, row_number() over (partition by address order by target) as n from targets where address = any($1::text[])) t
   where n <= $2 group by address
  union all
  select address, null, null, null, null, null, null, null, null, null, null, null, null, null, null,
         null, json_object_agg(target, json_build_array(starts_at, expires_at)), null, null, null
    from targets where address = any($1::text[]) and (starts_at is not null or expires_at is not null) group by address
  union all
  select address, null, null, null, null, null, null, null, null, null, null, null, null, null, null,
         null, null, json_agg(mailbox) filter (where role = 'sender'), json_agg(mailbox) filter (where role = 'excluded'), null
    from list_roles where address = any($1::text[]) group by address
  union all
  select address, null, null, null, null, null, null, null, null, null, null, null, null, null, null,
         null, null, null, null, json_agg(filter || '@ldap:' || source order by source, filter)
    from list_filters where address = any($1::text[]) group by address`;

/**
 * Entries by key; keys without one are not in the map. Throws when the longer lists among them have more than `mostInLists` targets
 * together: no single expansion may have so many, and they would not fit in memory.
 */
export async function readEntries(
  db: Queryable,
  keys: readonly string[],
  mostInLists = Number.POSITIVE_INFINITY,
): Promise<Map<string, Entry>> {
  const { rows } = await db.query<Row>({ name: "directory_entries", text: ENTRIES, values: [keys, INLINE + 1] });
  const parts = new Map<string, Parts>();
  for (const row of rows) if (row.kind === null) parts.set(row.address, joined(parts.get(row.address) ?? NO_PARTS, row));
  const entries = new Map<string, Entry>();
  let inLists = 0;
  for (const row of rows) {
    if (row.kind === null) continue;
    const more = parts.get(row.address) ?? NO_PARTS;
    const isLong = more.targets.length > INLINE;
    const targets = isLong ? await readTargets(db, row.address) : more.targets;
    if (isLong) inLists += targets.length;
    if (inLists > mostInLists) throw new Error(`more than ${mostInLists} targets in the lists of one question`);
    const entry = entryOfRow({ ...row, ...more, targets: targets.slice(0, MOST_TARGETS) }, targets.length > MOST_TARGETS);
    if (entry !== null) entries.set(row.address, entry);
  }
  return entries;
}

const NO_PARTS: Parts = { targets: [], dates: null, senders: null, excluded: null, filters: [] };

const joined = (known: Parts, { targets, dates, senders, excluded, filters }: PartRow): Parts => ({
  targets: targets ?? known.targets,
  dates: dates ?? known.dates ?? null,
  senders: senders ?? known.senders,
  excluded: excluded ?? known.excluded,
  filters: filters ?? known.filters,
});

async function readTargets(db: Queryable, address: string): Promise<readonly string[]> {
  const { rows } = await db.query<{ targets: string[] }>({
    name: "directory_targets",
    text: "select to_json(array(select target from targets where address = $1 order by target limit $2)) as targets",
    values: [address, MOST_TARGETS + 1],
  });
  return rows[0]?.targets ?? [];
}
