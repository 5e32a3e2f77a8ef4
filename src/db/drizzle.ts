/** drizzle over our own sessions, so that its statements get the same errors and the same care. */
import { drizzle, type NodePgDatabase } from "drizzle-orm/node-postgres";
import type pg from "pg";
import type { Answer, Statement } from "./session.ts";

/** Without its own transaction(), which knows nothing of an unanswered COMMIT: use Db.transaction and the `drizzle` of its argument. */
export type Drizzle = Omit<NodePgDatabase, "transaction" | "$client">;

type DriverConfig = Statement & { readonly rowMode?: "array"; readonly types?: unknown };

/** Rows of raw SQL are read as those of query(); for mapped rows drizzle brings types of its own. */
export function drizzleOver(ask: (statement: Statement) => Promise<Answer<object>>): Drizzle {
  const client = {
    query: ({ types, ...config }: DriverConfig, values?: unknown[]) =>
      ask({ ...config, ...(config.rowMode === "array" && { types }), ...(values && { values }) }),
  };
  return drizzle({ client: client as unknown as pg.Client });
}
