/** How fast a list may be posted to. The posts of the last minutes stand in the database, so that all workers count the same. */
import type { Db, Queryable } from "../db/client.ts";
import type { MessageId } from "../mail/queue-id.ts";

/** A post about to be accepted. `reach`: final recipients behind the list; `sender`: a mailbox key. */
export type Post = { readonly list: string; readonly reach: number };

/** `tooFast`: the sender must wait. `storm`: too many at once for a list that large, so its owner decides. */
export type BrakeAnswer = "go" | "tooFast" | "storm";

/** Posts of one sender to one list in a minute. */
const BY_SENDER = 5;
/** Posts to a list with more recipients than LARGE in ten minutes; the next ones are held. */
const STORM = 20;
const LARGE = 500;

/**
 * Counts a message as a post to each of the lists, and says how each takes it; where one answers tooFast nothing is counted. Two workers
 * that ask about one list at the same moment answer one after the other.
 */
export function brake(db: Db, posts: readonly Post[], sender: string, messageId: MessageId): Promise<ReadonlyMap<string, BrakeAnswer>> {
  return db.transaction(async (tx) => {
    const answers = new Map<string, BrakeAnswer>();
    // In one order for all, so that no two wait for each other.
    for (const post of posts.toSorted((a, b) => (a.list < b.list ? -1 : 1))) answers.set(post.list, await countOne(tx, post, sender));
    if ([...answers.values()].includes("tooFast")) return answers;
    await tx.query({
      name: "count_posts",
      text: "insert into list_posts (list, message_id, sender) select unnest($1::text[]), $2, $3 on conflict do nothing",
      values: [[...answers.keys()], messageId, sender],
    });
    return answers;
  });
}

/** Of pg_advisory_xact_lock(int, int), whose second key is the list. */
const LOCK = 5_138_006;

async function countOne(tx: Queryable, { list, reach }: Post, sender: string): Promise<BrakeAnswer> {
  await tx.query({ name: "lock_list_posts", text: `select pg_advisory_xact_lock(${LOCK}, hashtext($1))`, values: [list] });
  const { rows } = await tx.query<{ mine: number; all: number }>({
    name: "recent_posts",
    text: `select (count(*) filter (where sender = $2 and posted_at > now() - interval '1 minute'))::integer as mine, count(*)::integer as all
             from list_posts where list = $1 and posted_at > now() - interval '10 minutes'`,
    values: [list, sender],
  });
  const { mine, all } = rows[0] ?? { mine: 0, all: 0 };
  if (mine >= BY_SENDER) return "tooFast";
  return reach > LARGE && all >= STORM ? "storm" : "go";
}

/** Removes what no brake counts any more. */
export async function forgetOldPosts(db: Queryable): Promise<void> {
  await db.query({ text: "delete from list_posts where posted_at < now() - interval '20 minutes'" });
}
