/**
 * What every other folder sees of the database. Statements that run for each message have a name: they are prepared once
 * per connection.
 */
export type Statement = { readonly name?: string; readonly text: string; readonly values?: readonly unknown[] };

export type Queryable = {
  query<Row extends object>(statement: Statement): Promise<{ readonly rows: Row[]; readonly rowCount: number }>;
};

export type Db = Queryable & {
  /** BEGIN, work, COMMIT; ROLLBACK when work throws. */
  transaction<T>(work: (tx: Queryable) => Promise<T>): Promise<T>;
  close(): Promise<void>;
};
