import { arrayLiteral } from "./array-literal.ts";

/** Rows that travel to Postgres as one array parameter for each column: however many rows, the same prepared statement. */
export type Column<Row> = readonly [name: string, type: string, value: (row: Row) => string | number | bigint | boolean | null];

/** The parameters, in the order of the columns. */
export const arraysOf = <Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string[] =>
  columns.map(([, , value]) => arrayLiteral(rows.map(value)));

export const names = (columns: readonly Column<never>[]): string => columns.map(([name]) => name).join(", ");

/** The set of rows again, its first array being parameter `$from`. */
export const unnested = (columns: readonly Column<never>[], from: number): string =>
  `unnest(${columns.map(([, type], i) => `$${from + i}::${type}[]`).join(", ")})`;
