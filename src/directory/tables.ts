/** The statements that read the directory tables. Each sees one moment of the database. */
import type { Queryable } from "../db/client.ts";
import type { Domain, Entry, Route } from "./directory.ts";
import { parseRouteUrl } from "./route-url.ts";
import { type DomainRow, domainOfRow, type EntryRow, entryOfRow, readDomain } from "./rows.ts";

/** All domains and routes: there are few, so they are read whole, and a domain that is not ours costs no question. */
export type Domains = {
  readonly byName: ReadonlyMap<string, Domain>;
  /** A route that cannot be used is its fault, not `mx:`: mail waits until somebody mends it. */
  readonly routes: ReadonlyMap<string, Route | Error>;
};

type DomainOrRouteRow = DomainRow & { readonly url: string | null };

export async function readDomains(db: Queryable): Promise<Domains> {
  const { rows } = await db.query<DomainOrRouteRow>({
    name: "directory_domains",
    text: `select domain, alias_of, catch_all, subaddressing, null as url from domains
           union all select domain, null, null, false, url from routes`,
  });
  const byName = new Map<string, Domain>();
  const routes = new Map<string, Route | Error>();
  for (const row of rows) {
    if (row.url !== null) {
      routes.set(row.domain === "*" ? "*" : (readDomain(row.domain) ?? row.domain), routeOf(row.domain, row.url));
      continue;
    }
    const domain = domainOfRow(row);
    if (domain !== null) byName.set(domain.domain, domain);
  }
  return { byName, routes };
}

function routeOf(domain: string, url: string): Route | Error {
  const parsed = parseRouteUrl(url);
  return parsed.ok ? parsed.route : new Error(`the route of ${domain} cannot be used: ${parsed.fault}`);
}

/** Targets that come with the entry; a longer list is asked for alone, so that no answer for many addresses is too large for memory. */
const INLINE = 1000;
/** Targets read of one entry. More than that is refused whole (Entry.oversized): half a list is never delivered. */
const MOST_TARGETS = 100_000;

/**
 * Entries by key; keys without one are not in the map. Throws when the longer lists among them have more than `mostInLists` targets
 * together: no single expansion may have so many, and they would not fit in memory.
 */
export async function readEntries(
  db: Queryable,
  keys: readonly string[],
  mostInLists = Number.POSITIVE_INFINITY,
): Promise<Map<string, Entry>> {
  const { rows } = await db.query<EntryRow>({
    name: "directory_entries",
    text: `select address, kind, owner, expires_at, posting, own_copy, may_leave, member_limit,
                  case when kind = 'list' then (select json_agg(mailbox) from list_roles r where r.address = e.address and role = 'sender') end as senders,
                  case when kind = 'list' then (select json_agg(mailbox) from list_roles r where r.address = e.address and role = 'excluded') end as excluded,
                  to_json(array(select target from targets t where t.address = e.address order by target limit $2)) as targets
             from entries e where address = any($1::text[])`,
    values: [keys, INLINE + 1],
  });
  const entries = new Map<string, Entry>();
  let inLists = 0;
  for (const row of rows) {
    const isLong = row.targets.length > INLINE;
    const targets = isLong ? await readTargets(db, row.address) : row.targets;
    if (isLong) inLists += targets.length;
    if (inLists > mostInLists) throw new Error(`more than ${mostInLists} targets in the lists of one question`);
    const entry = entryOfRow({ ...row, targets: targets.slice(0, MOST_TARGETS) }, targets.length > MOST_TARGETS);
    if (entry !== null) entries.set(row.address, entry);
  }
  return entries;
}

async function readTargets(db: Queryable, address: string): Promise<readonly string[]> {
  const { rows } = await db.query<{ targets: string[] }>({
    name: "directory_targets",
    text: "select to_json(array(select target from targets where address = $1 order by target limit $2)) as targets",
    values: [address, MOST_TARGETS + 1],
  });
  return rows[0]?.targets ?? [];
}
