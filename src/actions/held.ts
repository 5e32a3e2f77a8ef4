/** What a list's owner, or an admin in his place, decides about posts that wait. */
import type { Db, Queryable } from "../db/client.ts";
import { relayLines } from "../db/relayed-lines.ts";
import { heldPostEndedLine } from "../log/maillog.ts";
import { type MessageId, queueIdOf } from "../mail/queue-id.ts";
import { approvePosts, type EndedPost, type HeldSelection } from "../queue/held-posts.ts";
import { holdStopped } from "../sending/stop.ts";
import { type Author, recordChange } from "./change.ts";

/** A post that was decided upon. */
export type Decided = { readonly queueId: string; readonly list: string; readonly copies: number };

/** Lets the selected posts through: their copies are due at once. */
export const approveHeld = (db: Db, author: Author, selection: HeldSelection): Promise<readonly Decided[]> =>
  db.transaction(async (tx) => {
    const ended = await approvePosts(tx, selection);
    await holdStopped(tx); // an owner's word does not free the mail of a sender whom an admin must look at
    await record(tx, author, "held.approve", ended);
    const posts = ended.map(decided);
    await relayLines(
      tx,
      posts.map((post) => heldPostEndedLine({ ...post, as: "approved", by: author.actor })),
    );
    return posts;
  });

/** Ends posts, tells their senders, and writes what `also` does, in one commit (report/held-posts.ts). */
export type Reject = (
  selection: HeldSelection,
  why: string | null,
  by: string,
  also: (tx: Queryable, ended: readonly EndedPost[]) => Promise<void>,
) => Promise<readonly EndedPost[]>;

/** Sends the selected posts back; each sender who may be told reads the author's reason. */
export async function rejectHeld(author: Author, selection: HeldSelection, reject: Reject): Promise<readonly Decided[]> {
  const ended = await reject(selection, author.why, author.actor, (tx, posts) => record(tx, author, "held.reject", posts));
  return ended.map(decided);
}

const decided = ({ messageId, list, copies }: { messageId: MessageId; list: string; copies: number }): Decided => ({
  queueId: queueIdOf(messageId),
  list,
  copies,
});

/** One record for each post: the history of its list. */
async function record(tx: Queryable, author: Author, action: string, posts: readonly EndedPost[]): Promise<void> {
  for (const { messageId, list, sender, subject, copies } of posts) {
    await recordChange(tx, author, {
      action,
      object: list,
      before: null,
      after: { queue_id: queueIdOf(messageId), sender, subject, copies },
    });
  }
}
