/** The directory as it was: the same statements, over the history instead of the tables. */
import type { Queryable } from "../db/client.ts";
import type { Directory } from "./directory.ts";
import { readDirectory } from "./open-directory.ts";

/** The moment lies before the history begins. `began` null: there is no history. */
export class BeforeHistory extends Error {
  override readonly name = "BeforeHistory";
  readonly began: Date | null;

  constructor(began: Date | null) {
    super(`the history begins ${began === null ? "with the next change" : began.toISOString()}`);
    this.began = began;
  }
}

/** The directory of a moment, for one command: nothing is kept. Throws BeforeHistory. */
export async function directoryAsOf(db: Queryable, moment: Date): Promise<Directory> {
  const { rows } = await db.query<{ began: Date | null }>({
    text: "select min(valid_from) as began from directory_history where relation = 'began'",
  });
  const began = rows[0]?.began ?? null;
  if (began === null || moment < began) throw new BeforeHistory(began);
  const tables = await Promise.all(Object.entries(KEYS).map(async ([table, keys]) => tableAsOf(table, keys, await columnsOf(db, table))));
  return readDirectory({
    query: (statement) => {
      const values = [...(statement.values ?? []), moment];
      const place = `$${values.length}::timestamptz`;
      // Its common table expressions hide the tables of the same names.
      return db.query({ text: `with ${tables.map((table) => table(place)).join(",\n")}\n${statement.text}`, values });
    },
  });
}

/** Which columns the history's own key and member stand for: they are what its index finds. */
const KEYS: Readonly<Record<string, { readonly key: string; readonly member?: string }>> = {
  domains: { key: "domain" },
  routes: { key: "domain" },
  forwarding_policies: { key: "affiliation" },
  entries: { key: "address" },
  targets: { key: "address", member: "target" },
  list_roles: { key: "address" },
  list_filters: { key: "address" },
};

async function columnsOf(db: Queryable, table: string): Promise<readonly string[]> {
  const { rows } = await db.query<{ name: string }>({
    text: "select attname::text as name from pg_attribute where attrelid = $1::regclass and attnum > 0 and not attisdropped order by attnum",
    values: [table],
  });
  return rows.map(({ name }) => name);
}

/** A version without a column that the table got later has null there. */
function tableAsOf(table: string, { key, member }: { readonly key: string; readonly member?: string }, columns: readonly string[]) {
  const list = columns.map((column) => (column === key ? `h.key as ${key}` : column === member ? `h.member as ${member}` : `r.${column}`));
  return (place: string): string =>
    `${table} as not materialized (select ${list.join(", ")} from directory_history h, jsonb_populate_record(null::${table}, h.row) r
       where h.relation = '${table}' and h.valid_from <= ${place} and (h.valid_to is null or h.valid_to > ${place}))`;
}
