/** What a person may do with waiting mail. Recipients that are being tried right now are left alone and counted as skipped. */
import type { Db, Queryable } from "../db/client.ts";
import { queueIdOf } from "../mail/queue-id.ts";
import type { ClaimedMessage } from "./claim.ts";
import { CLAIMED_COLUMNS, type ClaimedRow, withMessages } from "./claimed-rows.ts";
import { type Selection, selectionCondition } from "./selection.ts";

/** Nodes listen on this channel and look for due recipients when they hear it. */
export const QUEUE_DUE_CHANNEL = "queue_due";

export type Steered = { readonly matched: number; readonly done: number; readonly skipped: number };

/** A recipient that was steered. */
export type SteeredRecipient = { readonly queueId: string; readonly to: string; readonly origTo: string };
/** `recipients`: the first thousand of those done. */
export type SteeredBy = Steered & { readonly recipients: readonly SteeredRecipient[] };

const NAMED = `(select coalesce(json_agg(n), '[]') from (select message_id::text as id, final_recipient as "to", original_recipient as "origTo"
                  from done order by message_id, recipient_no limit 1000) n) as named`;
type Counts = {
  readonly matched: number;
  readonly done: number;
  readonly named: readonly { readonly id: string; readonly to: string; readonly origTo: string }[];
};

/** Tries the selected recipients again at once; held ones stay held. */
export const retry = (tx: Queryable, selection: Selection): Promise<SteeredBy> =>
  steer(tx, selection, "q.held_at is null and q.quarantined_at is null", "next_attempt_at = now()", true);

/** Keeps the selected recipients until a person releases them. They neither expire nor are they tried. */
export const hold = (tx: Queryable, selection: Selection, reason: string): Promise<SteeredBy> =>
  steer(tx, selection, "q.held_at is null", "held_at = now(), held_reason = $1, held_by = null", false, [reason]);

/** Keeps what waits of a signed-in person's mail. What is being tried now is left; called again, it is found when it waits again. */
export async function holdSentBy(tx: Queryable, login: string, reason: string): Promise<number> {
  const { rows } = await tx.query<{ done: number }>({
    text: `with held as (
             update queued_recipients q set held_at = now(), held_reason = $2
              where q.message_id in (select message_id from messages where authenticated_as = $1)
                and q.claimed_by is null and q.held_at is null and q.quarantined_at is null
             returning 1)
           select count(*)::integer as done from held`,
    values: [login, reason],
  });
  return rows[0]?.done ?? 0;
}

/** Ends holding and quarantine: the recipients are due at once, with a clean record. */
export const release = (tx: Queryable, selection: Selection): Promise<SteeredBy> =>
  steer(
    tx,
    selection,
    "(q.held_at is not null or q.quarantined_at is not null)",
    "held_at = null, held_reason = null, held_by = null, quarantined_at = null, unrecorded = 0, next_attempt_at = now()",
    true,
  );

async function steer(
  tx: Queryable,
  selection: Selection,
  may: string,
  set: string,
  wake: boolean,
  more: readonly unknown[] = [],
): Promise<SteeredBy> {
  const { condition, values } = selectionCondition(selection, more.length + 1);
  const { rows } = await tx.query<Counts>({
    text: `with matched as (select q.message_id, q.recipient_no from queued_recipients q where ${condition}),
                done as (update queued_recipients q set ${set} where ${condition} and q.claimed_by is null and ${may}
                         returning q.message_id, q.recipient_no, q.final_recipient, q.original_recipient)
           select (select count(*) from matched)::integer as matched, (select count(*) from done)::integer as done,
                  ${NAMED}`,
    values: [...more, ...values],
  });
  if (wake) await tx.query({ text: `notify ${QUEUE_DUE_CHANNEL}` });
  return counted(rows[0] ?? { matched: 0, done: 0, named: [] });
}

/** How many recipients are selected; more than `atMost` are not counted. */
export async function countSelected(db: Queryable, selection: Selection, atMost: number): Promise<number> {
  const { condition, values } = selectionCondition(selection, 2);
  const { rows } = await db.query<{ n: number }>({
    text: `select count(*)::integer as n from (select from queued_recipients q where ${condition} limit $1) few`,
    values: [atMost + 1, ...values],
  });
  return rows[0]?.n ?? 0;
}

/** Ends the selected recipients without a notice; the trace keeps that it was done. */
export async function remove(tx: Queryable, selection: Selection): Promise<SteeredBy> {
  const { condition, values } = selectionCondition(selection, 1);
  const { rows } = await tx.query<Counts>({
    text: `
      with matched as (select q.message_id, q.recipient_no from queued_recipients q where ${condition}),
      done as (delete from queued_recipients q where ${condition} and q.claimed_by is null
               returning q.message_id, q.recipient_no, q.attempts, q.final_recipient, q.original_recipient, q.paths),
      written as (
        insert into deliveries (message_id, recipient_no, attempt_no, outcome, final_recipient, original_recipient, paths, enhanced_status, reply)
        select message_id, recipient_no, attempts + 1, 'deleted', final_recipient, original_recipient, paths, '5.7.0', '550 5.7.0 deleted by an administrator'
          from done),
      emptied as (
        delete from content_chunks c where c.message_id in (select message_id from done)
           and not exists (select from queued_recipients q where q.message_id = c.message_id
                              and not exists (select from done g where g.message_id = q.message_id and g.recipient_no = q.recipient_no)))
      select (select count(*) from matched)::integer as matched, (select count(*) from done)::integer as done,
             ${NAMED}`,
    values,
  });
  return counted(rows[0] ?? { matched: 0, done: 0, named: [] });
}

const counted = ({ matched, done, named }: Counts): SteeredBy => ({
  matched,
  done,
  skipped: matched - done,
  recipients: named.map(({ id, to, origTo }) => ({ queueId: queueIdOf(BigInt(id)), to, origTo })),
});

/** Claims the selected recipients, held ones too, so that they can be settled by the caller: returned to their senders. */
export async function claimSelected(
  db: Db,
  nodeNo: number,
  selection: Selection,
  leaseSeconds: number,
  atMost: number,
): Promise<ClaimedMessage[]> {
  const { condition, values } = selectionCondition(selection, 4);
  const { rows } = await db.query<ClaimedRow>({
    text: `
      with chosen as (select q.message_id, q.recipient_no from queued_recipients q
                       where ${condition} and q.claimed_by is null order by q.message_id, q.recipient_no limit $3 for update skip locked)
      update queued_recipients q
         set claimed_by = $1, fence = q.fence + 1, attempts = q.attempts + 1, unrecorded = q.unrecorded + 1,
             held_at = null, held_reason = null, held_by = null, quarantined_at = null, next_attempt_at = now() + make_interval(secs => $2::double precision)
        from chosen where q.message_id = chosen.message_id and q.recipient_no = chosen.recipient_no
      returning ${CLAIMED_COLUMNS}`,
    values: [nodeNo, leaseSeconds, atMost, ...values],
  });
  return withMessages(db, rows);
}
