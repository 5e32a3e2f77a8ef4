/** The statements that read the directory tables. Each sees one moment of the database. */
import type { Queryable } from "../db/client.ts";
import type { Domain, Entry, Route } from "./directory.ts";
import { parseRouteUrl } from "./route-url.ts";
import { type DomainRow, domainOfRow, type EntryRow, entryOfRow } from "./rows.ts";

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
    if (row.url === null) byName.set(row.domain, domainOfRow(row));
    else routes.set(row.domain, routeOf(row.domain, row.url));
  }
  return { byName, routes };
}

function routeOf(domain: string, url: string): Route | Error {
  const parsed = parseRouteUrl(url);
  return parsed.ok ? parsed.route : new Error(`the route of ${domain} cannot be used: ${parsed.fault}`);
}

/** Entries by key; keys without one are not in the map. */
export async function readEntries(db: Queryable, keys: readonly string[]): Promise<Map<string, Entry>> {
  const { rows } = await db.query<EntryRow>({
    name: "directory_entries",
    text: `select address, kind, owner, expires_at, posting,
                  to_json(array(select target from targets t where t.address = e.address order by target)) as targets
             from entries e where address = any($1::text[])`,
    values: [keys],
  });
  const entries = new Map<string, Entry>();
  for (const row of rows) {
    const entry = entryOfRow(row);
    if (entry !== null) entries.set(row.address, entry);
  }
  return entries;
}
