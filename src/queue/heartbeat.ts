import type { Db } from "../db/client.ts";

/**
 * Says that the node lives and prolongs its leases that are past their half, so that an attempt may last longer than a lease.
 * A node that is frozen does not get here, and its recipients go to others. Returns the database's clock.
 */
export async function beat(db: Db, nodeNo: number, leaseSeconds: number): Promise<Date> {
  const { rows } = await db.query<{ now: Date }>({
    name: "heartbeat",
    text: `with prolonged as (
             update queued_recipients set next_attempt_at = now() + make_interval(secs => $2::double precision)
              where claimed_by = $1 and held_at is null and quarantined_at is null and lane in (0, 1, 2)
                and next_attempt_at between now() and now() + make_interval(secs => $2::double precision / 2))
           update nodes set seen_at = now() where node_no = $1 returning now() as now`,
    values: [nodeNo, leaseSeconds],
  });
  const now = rows[0]?.now;
  if (!now) throw new Error("this node is no longer registered");
  return now;
}

/** Removes the rows of nodes that were not seen for a day; what they held fell due long ago. */
export async function forgetOldNodes(db: Db): Promise<void> {
  await db.query({
    text: `delete from nodes n where seen_at < now() - interval '1 day'
            and not exists (select from queued_recipients q where q.claimed_by = n.node_no)`,
  });
}
