/** Posts that wait for a list's owner: one row of held_posts for each list, its copies held in queued_recipients (`held_by`). */
import type { Queryable } from "../db/client.ts";
import { type MessageId, queueIdOf } from "../mail/queue-id.ts";
import { type Reply, replyLine } from "../mail/reply.ts";
import { QUEUE_DUE_CHANNEL } from "./steer.ts";

/** A post that waits. `from`: of the envelope. */
export type WaitingPost = {
  readonly queueId: string;
  readonly list: string;
  readonly from: string | null;
  readonly subject: string;
  readonly reason: string;
  readonly heldAt: Date;
  readonly copies: number;
  readonly size: number;
  readonly headerMessageId: string | null;
};

/** Which posts: of these messages (null: of any), for this list (null: for any). */
export type HeldSelection = { readonly ids: readonly MessageId[] | null; readonly list: string | null };

const IS_HELD =
  "exists (select from queued_recipients q where q.message_id = h.message_id and q.held_by = h.list and q.held_at is not null)";
const SELECTED = "($1::bigint[] is null or h.message_id = any($1)) and ($2::text is null or h.list = $2)";
const selected = ({ ids, list }: HeldSelection): unknown[] => [ids?.map(String) ?? null, list];

/** The posts that wait, the oldest first; 1,000 at most. */
export async function waitingPosts(db: Queryable, selection: HeldSelection): Promise<readonly WaitingPost[]> {
  const { rows } = await db.query<Omit<WaitingPost, "queueId"> & { messageId: bigint }>({
    text: `select h.message_id as "messageId", h.list, m.reverse_path as "from", h.subject, h.reason, h.held_at as "heldAt",
                  (select count(*)::integer from queued_recipients q
                    where q.message_id = h.message_id and q.held_by = h.list and q.held_at is not null) as copies,
                  m.size::double precision as size, m.header_message_id as "headerMessageId"
             from held_posts h join messages m on m.message_id = h.message_id
            where ${SELECTED} and ${IS_HELD} order by h.held_at, h.message_id, h.list limit 1000`,
    values: selected(selection),
  });
  return rows.map(({ messageId, ...row }) => ({ queueId: queueIdOf(messageId), ...row }));
}

/** How many posts wait for each of these lists; a list for which none waits is left out. */
export async function waitingCounts(db: Queryable, lists: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const { rows } = await db.query<{ list: string; count: number }>({
    text: `select h.list, count(*)::integer as count from held_posts h where h.list = any($1) and ${IS_HELD} group by h.list`,
    values: [lists],
  });
  return new Map(rows.map(({ list, count }) => [list, count]));
}

/** What was done to one post. */
export type EndedPost = {
  readonly messageId: MessageId;
  readonly list: string;
  readonly sender: string | null;
  readonly subject: string;
  readonly copies: number;
};

type PostRow = { message_id: bigint; list: string; sender: string | null; subject: string };

/** The posts selected, their rows locked until the transaction ends, so that each is decided once. */
async function lockPosts(tx: Queryable, selection: HeldSelection, more = ""): Promise<readonly PostRow[]> {
  const { rows } = await tx.query<PostRow>({
    text: `select h.message_id, h.list, h.sender, h.subject from held_posts h where ${SELECTED} and ${IS_HELD} ${more}
            order by h.message_id, h.list for update`,
    values: selected(selection),
  });
  return rows;
}

/** Lets the copies go, with the time they waited added to their lifetime. */
export async function approvePosts(tx: Queryable, selection: HeldSelection): Promise<readonly EndedPost[]> {
  const ended: EndedPost[] = [];
  for (const post of await lockPosts(tx, selection)) {
    const { rows } = await tx.query<{ copies: number }>({
      text: `with done as (update queued_recipients
                set expires_at = expires_at + (now() - held_at), held_at = null, held_reason = null, held_by = null, unrecorded = 0, next_attempt_at = now()
              where message_id = $1 and held_by = $2 and held_at is not null returning 1)
             select count(*)::integer as copies from done`,
      values: [post.message_id, post.list],
    });
    ended.push(endedPost(post, rows[0]?.copies ?? 0));
  }
  if (ended.length > 0) await tx.query({ text: `notify ${QUEUE_DUE_CHANNEL}` });
  return ended;
}

/** Ends the copies with this reply in their trace; nobody is told of each. */
export async function endPosts(tx: Queryable, selection: HeldSelection, reply: Reply): Promise<readonly EndedPost[]> {
  return endEach(tx, await lockPosts(tx, selection), reply);
}

/** The same for posts nobody has decided upon for so many days. */
export async function endOldPosts(tx: Queryable, days: number, reply: Reply): Promise<readonly EndedPost[]> {
  const old = `and h.held_at < now() - make_interval(days => ${Math.trunc(days)})`;
  return endEach(tx, await lockPosts(tx, { ids: null, list: null }, old), reply);
}

async function endEach(tx: Queryable, posts: readonly PostRow[], reply: Reply): Promise<readonly EndedPost[]> {
  const ended: EndedPost[] = [];
  for (const post of posts) {
    const { rows } = await tx.query<{ copies: number }>({
      text: `
        with gone as (delete from queued_recipients q where q.message_id = $1 and q.held_by = $2 and q.held_at is not null
                      returning q.message_id, q.recipient_no, q.attempts, q.final_recipient, q.original_recipient, q.paths),
        written as (
          insert into deliveries (message_id, recipient_no, attempt_no, outcome, final_recipient, original_recipient, paths, enhanced_status, reply)
          select message_id, recipient_no, attempts + 1, 'bounced', final_recipient, original_recipient, paths, $3, $4 from gone)
        select count(*)::integer as copies from gone`,
      values: [post.message_id, post.list, reply.enhancedStatus, replyLine(reply)],
    });
    // Its own statement, which sees what the one before has left.
    await tx.query({
      text: `delete from content_chunks c where c.message_id = $1 and not exists (select from queued_recipients q where q.message_id = c.message_id)`,
      values: [post.message_id],
    });
    ended.push(endedPost(post, rows[0]?.copies ?? 0));
  }
  return ended;
}

const endedPost = ({ message_id: messageId, list, sender, subject }: PostRow, copies: number): EndedPost => ({
  messageId,
  list,
  sender,
  subject,
  copies,
});

/** Whom to tell that a post is held, and how many of the list wait by now. */
export type Announcement = {
  readonly messageId: MessageId;
  readonly list: string;
  readonly reason: string;
  readonly subject: string;
  readonly sender: string | null;
  readonly tellSender: boolean;
  readonly tellOwner: boolean;
  readonly waiting: number;
};

/** Who may be told again: so many minutes after. */
const TOLD_MINUTES = 10;
/** Of pg_try_advisory_xact_lock: one node announces at a time. */
const ANNOUNCING = 5_138_007;

/**
 * Marks the oldest post that nobody was told of as announced, and says who is to be told: a sender once in ten minutes for each list, its
 * owner once in ten minutes. Null: there is none, or another node is at it.
 */
export async function takeAnnouncement(tx: Queryable): Promise<Announcement | null> {
  const { rows } = await tx.query<Omit<Announcement, "messageId"> & { message_id: bigint }>({
    text: `
      with next as (
        select h.message_id, h.list from held_posts h
         where h.announced_at is null and pg_try_advisory_xact_lock(${ANNOUNCING}) order by h.held_at limit 1),
      told as (
        select n.message_id, n.list, ${IS_HELD.replaceAll("h.", "n.")} as held,
               not exists (select from held_posts o, held_posts m where m.message_id = n.message_id and m.list = n.list and o.list = n.list
                             and o.sender = m.sender and o.sender_told_at > now() - interval '${TOLD_MINUTES} minutes') as sender_due,
               not exists (select from held_posts o where o.list = n.list
                             and o.owner_told_at > now() - interval '${TOLD_MINUTES} minutes') as owner_due
          from next n)
      update held_posts h
         set announced_at = now(), sender_told_at = case when t.held and t.sender_due and h.sender is not null then now() end,
             owner_told_at = case when t.held and t.owner_due then now() end
        from told t where h.message_id = t.message_id and h.list = t.list
      returning h.message_id, h.list, h.reason, h.subject, h.sender, h.sender_told_at is not null as "tellSender",
                h.owner_told_at is not null as "tellOwner",
                (select count(distinct q.message_id)::integer from queued_recipients q where q.held_by = h.list and q.held_at is not null) as waiting`,
  });
  const [row] = rows;
  if (row === undefined) return null;
  const { message_id: messageId, ...rest } = row;
  return { messageId, ...rest };
}

/** Removes what says nothing any more: posts that were decided, once their senders may be told of others. */
export async function forgetEndedPosts(db: Queryable): Promise<void> {
  await db.query({
    text: `delete from held_posts h where h.announced_at < now() - interval '${2 * TOLD_MINUTES} minutes' and not ${IS_HELD}`,
  });
}
