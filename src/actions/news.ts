/** What was changed lately, for those who watch: only what lies in their scope. */
import type { Queryable } from "../db/client.ts";
import { type Scope, scopeValues } from "./scope.ts";

export type News = { readonly change_no: number; readonly action: string; readonly object: string };

/** Changes with a number above `after`, oldest first. */
export async function changesAfter(db: Queryable, scope: Scope, after: number, limit: number): Promise<readonly News[]> {
  const { rows } = await db.query<News>({
    text: `select change_no::double precision as change_no, action, left(object, 320) as object from change_records c
            where change_no > $4
              and ($1::boolean or lower(split_part(split_part(c.object, ' ', 1), '@', -1)) = any($2::text[]) or c.object = any($3::text[])
                   or exists (select from entries e where e.address = c.object and e.owner = any($3::text[])))
            order by change_no limit $5`,
    values: [...scopeValues(scope), after, limit],
  });
  return rows;
}

/** The number of the last change; 0: there was none. */
export async function lastChange(db: Queryable): Promise<number> {
  const { rows } = await db.query<{ n: number | null }>({ text: "select max(change_no)::double precision as n from change_records" });
  return rows[0]?.n ?? 0;
}
