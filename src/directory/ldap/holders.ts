import { OrFilter } from "ldapts";
import type { Mailbox } from "../../mail/mailbox.ts";
import type { Pool } from "./pool.ts";
import type { LdapRecord } from "./record.ts";
import { searchAll, within } from "./search.ts";
import type { Shape } from "./shape.ts";
import { filterFor } from "./templates.ts";

/** Terms of an OR-filter. */
const BATCH = 200;

/** The entries of one kind that have any of the addresses, each once. Throws as searchAll does. */
export async function holders(pool: Pool, kind: Shape["people"] | Shape["groups"], asked: readonly Mailbox[]): Promise<LdapRecord[]> {
  if (kind === null) return [];
  const filters = asked.flatMap((address) => kind.templates.map((template) => filterFor(template, address)));
  const searches: Promise<LdapRecord[]>[] = [];
  for (let from = 0; from < filters.length; from += BATCH) {
    const filter = within(kind.filter, new OrFilter({ filters: filters.slice(from, from + BATCH) }));
    searches.push(searchAll(pool, { base: kind.base, scope: "sub", filter, attributes: kind.attributes }));
  }
  const records = new Map((await Promise.all(searches)).flat().map((record) => [record.dn, record]));
  return [...records.values()];
}
