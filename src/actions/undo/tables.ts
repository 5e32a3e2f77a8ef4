/** The tables whose every version the history keeps, and how a kept version becomes a row again. */
import type { Queryable } from "../../db/client.ts";

/** Their key columns; the first is the history's `key`. Addresses with all that hangs on them first. */
export const TABLES = {
  entries: ["address"],
  targets: ["address", "target"],
  list_roles: ["address", "role", "mailbox"],
  list_filters: ["address", "source", "filter"],
  domains: ["domain"],
  routes: ["domain"],
  forwarding_policies: ["affiliation"],
} as const;

export type Relation = keyof typeof TABLES;
export const RELATIONS = Object.keys(TABLES) as readonly Relation[];

/** What belongs to an entry and goes with it. */
export const CHILDREN = ["targets", "list_roles", "list_filters"] as const satisfies readonly Relation[];

/** The columns of a table, each with what a kept version `r` gives for it. */
export type Columns = ReadonlyMap<string, string>;

/**
 * A version leaves out what was null, and knows nothing of a column that came later: where that may not be null it gets its default. Dates of
 * change are of now, and numbers of versions go on from the last one there ever was, so that whoever still looks at an older one is told so.
 */
export async function columnsOf(tx: Queryable, relation: Relation): Promise<Columns> {
  const { rows } = await tx.query<{ name: string; fallback: string | null }>({
    text: `select quote_ident(a.attname) as name, case when a.attnotnull then pg_get_expr(d.adbin, d.adrelid) end as fallback
             from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
            where a.attrelid = $1::regclass and a.attnum > 0 and not a.attisdropped order by a.attnum`,
    values: [relation],
  });
  const columns = new Map(rows.map(({ name, fallback }) => [name, fallback === null ? `r.${name}` : `coalesce(r.${name}, ${fallback})`]));
  if (relation !== "entries") return columns;
  return columns.set("changed_at", "now()").set("version", NEXT_VERSION);
}

const NEXT_VERSION = `1 + (select max((h.row ->> 'version')::int) from directory_history h
                            where h.relation = 'entries' and h.key = r.address)`;
