/** Reads of private data stand in the log of changes too. */
import type { Queryable } from "../db/client.ts";
import type { Author } from "./change.ts";

/** Writes who looked at what, once an hour for each person and object: a page that is left open is one look. */
export async function recordLook(db: Queryable, author: Author, action: Look, object: string): Promise<void> {
  await db.query({
    text: `insert into change_records (actor, action, object, why)
           select $1, $2, $3, $4 where not exists (
             select from change_records c where c.object = $3 and c.action = $2 and c.actor = $1 and c.changed_at > now() - interval '1 hour')`,
    values: [author.actor, action, object, author.why],
  });
}

type Look = "members.read" | "held.read" | "person.search";
