/** Members of a list that an LDAP source names by a filter. */
import type { Db, Queryable } from "../db/client.ts";
import { canonicalFilter } from "../directory/ldap/filter.ts";
import { type Author, changing, recordChange } from "./change.ts";
import { existingList } from "./lists.ts";
import { Refusal } from "./refusal.ts";

export type ListFilter = { readonly source: string; readonly filter: string };
export type FilterChange = { readonly changed: boolean; readonly list: string; readonly filters: readonly ListFilter[] };

/** Filters of one list: each is a question, whenever mail for it is resolved and a minute has passed. */
const MOST = 20;

/** Everybody in `source` who fulfils `filter` is a member from now on. `source` is the name of one that is set up. */
export const addFilter = (db: Db, author: Author, address: string, source: string, text: string): Promise<FilterChange> =>
  changing(db, async (tx) => {
    const list = await existingList(tx, address, true);
    const filter = readFilter(text);
    const had = await filtersOf(tx, list.key);
    if (had.length >= MOST) throw new Refusal("refused", `${list.key} has ${had.length} filters`, "Make one filter of several: (|(…)(…))");
    const { rowCount } = await tx.query({
      text: "insert into list_filters (address, source, filter) values ($1, $2, $3) on conflict do nothing",
      values: [list.key, source, filter],
    });
    return settled(tx, author, "list filter add", list.key, { source, filter }, rowCount > 0);
  });

/** They are members no more, unless something else makes them that. */
export const removeFilter = (db: Db, author: Author, address: string, source: string, text: string): Promise<FilterChange> =>
  changing(db, async (tx) => {
    const list = await existingList(tx, address, true);
    const filter = readFilter(text);
    const { rowCount } = await tx.query({
      text: "delete from list_filters where address = $1 and source = $2 and filter = $3",
      values: [list.key, source, filter],
    });
    return settled(tx, author, "list filter remove", list.key, { source, filter }, rowCount > 0);
  });

/** In the order of source and filter. */
export async function filtersOf(tx: Queryable, list: string): Promise<readonly ListFilter[]> {
  const { rows } = await tx.query<ListFilter>({
    text: "select source, filter from list_filters where address = $1 order by source, filter",
    values: [list],
  });
  return rows;
}

function readFilter(text: string): string {
  const read = canonicalFilter(text);
  if (!read.ok)
    throw new Refusal(
      "badData",
      `${JSON.stringify(text.slice(0, 200))} is no filter: ${read.fault}`,
      "As in (departmentNumber=cs), RFC 4515",
    );
  return read.filter;
}

async function settled(
  tx: Queryable,
  author: Author,
  action: "list filter add" | "list filter remove",
  list: string,
  filter: ListFilter,
  changed: boolean,
): Promise<FilterChange> {
  if (changed) {
    await tx.query({ text: "update entries set changed_at = now(), version = version + 1 where address = $1", values: [list] });
    const [before, after] = action === "list filter add" ? [null, filter] : [filter, null];
    await recordChange(tx, author, { action, object: list, before, after });
  }
  return { changed, list, filters: await filtersOf(tx, list) };
}
