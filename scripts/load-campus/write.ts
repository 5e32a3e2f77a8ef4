/** Rows into tables, many at a time. */
import type { Queryable } from "../../src/db/client.ts";
import { arraysOf, type Column, names, unnested } from "../../src/queue/columns.ts";

export type { Column } from "../../src/queue/columns.ts";

/** One statement for all rows, with the table's triggers; `onConflict` ends it. A column of an array type gives its value as Postgres writes it: `{a,b}`. */
export async function insertRows<Row>(
  db: Queryable,
  table: string,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  onConflict = "",
): Promise<void> {
  if (rows.length === 0) return;
  const isArray = (type: string): boolean => type.endsWith("[]");
  const flat = columns.map(([name, type, value]): Column<Row> => [name, isArray(type) ? "text" : type, value]);
  const selected = columns.map(([name, type]) => (isArray(type) ? `${name}::${type}` : name)).join(", ");
  await db.query({
    text: `insert into ${table} (${names(columns)}) select ${selected} from ${unnested(flat, 1)} as r(${names(columns)}) ${onConflict}`,
    values: arraysOf(rows, flat),
  });
}

/** The same rows, so many at a time. */
export function* inBatches<T>(rows: Iterable<T>, size: number): Generator<T[]> {
  let batch: T[] = [];
  for (const row of rows) {
    batch.push(row);
    if (batch.length === size) {
      yield batch;
      batch = [];
    }
  }
  if (batch.length > 0) yield batch;
}

/** A node's number for message ids, as a server takes one when it starts: no other makes the same ids. */
export async function nodeNumber(db: Queryable): Promise<number> {
  const { rows } = await db.query<{ no: number }>({ text: "select nextval('node_numbers')::integer as no" });
  return rows[0]?.no ?? 0;
}
