import type { Db, Queryable } from "../db/client.ts";
import { queueIdOf } from "../mail/queue-id.ts";
import type { ClaimedMessage, Lane } from "./claim.ts";
import { CLAIMED_COLUMNS, type ClaimedRow, withMessages } from "./claimed-rows.ts";

export type ClaimRequest = {
  readonly nodeNo: number;
  readonly lane: Lane;
  readonly atMost: number;
  readonly leaseSeconds: number;
  /** Destinations this node has enough of already. */
  readonly except: readonly string[];
  /** Recipients whose last two attempts left no record are suspects: they are claimed apart, one message at a time. */
  readonly suspects: boolean;
};

/** After this many attempts without a record a recipient is quarantined instead of claimed. */
const UNRECORDED_BEFORE_QUARANTINE = 3;
const SUSPECT_FROM = 2;

/**
 * Claims due recipients of one lane. One short transaction: the attempt is booked and the lease runs before anybody touches the
 * network, so a crash before settling costs each recipient one lease, one attempt and at most one duplicate.
 */
export async function claimDue(db: Db, request: ClaimRequest): Promise<ClaimedMessage[]> {
  const { rows } = await db.query<ClaimedRow>({
    name: "claim_due",
    text: `
      with due as (
        select message_id, recipient_no from queued_recipients
         where held_at is null and quarantined_at is null and lane = $1 and next_attempt_at <= now()
           and destination <> all($4::text[])
           and (unrecorded >= ${SUSPECT_FROM}) = $6 and unrecorded < ${UNRECORDED_BEFORE_QUARANTINE}
         order by next_attempt_at limit $2 for update skip locked)
      update queued_recipients q
         set claimed_by = $3, fence = q.fence + 1, attempts = q.attempts + 1, unrecorded = q.unrecorded + 1,
             next_attempt_at = now() + make_interval(secs => $5::double precision)
        from due where q.message_id = due.message_id and q.recipient_no = due.recipient_no
      returning ${CLAIMED_COLUMNS}`,
    values: [request.lane, request.suspects ? 1 : request.atMost, request.nodeNo, request.except, request.leaseSeconds, request.suspects],
  });
  return withMessages(db, rows);
}

/** Recipients that three times killed whoever tried them wait for a person. Returns their queue ids. */
export async function quarantineSuspects(db: Queryable): Promise<string[]> {
  const { rows } = await db.query<{ message_id: bigint }>({
    name: "quarantine_suspects",
    text: `update queued_recipients set quarantined_at = now(), claimed_by = null, fence = fence + 1
            where quarantined_at is null and unrecorded >= ${UNRECORDED_BEFORE_QUARANTINE} and next_attempt_at <= now()
           returning message_id`,
  });
  return [...new Set(rows.map((row) => queueIdOf(row.message_id)))];
}
