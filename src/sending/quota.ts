import type { Db, Queryable } from "../db/client.ts";
import type { Mailbox } from "../mail/mailbox.ts";
import type { Person } from "../mail/person.ts";
import { type Counts, decideQuota, type QuotaDecision, type SendingLimits } from "./quota-decision.ts";

/** Names the lock that makes a person's recipients count one after the other, over all nodes. */
const QUOTA_LOCK = 5_138_006;

/**
 * Counts one more recipient of a person and says whether it is accepted, in one transaction: twenty connections at once cannot have twenty
 * times the limit. Counted when it is named, since the final dot is too late to refuse it. Rejects when the database is away.
 */
export function bookRecipient(db: Db, person: Person, recipient: Mailbox, limits: SendingLimits): Promise<QuotaDecision> {
  return db.transaction(async (tx) => {
    await tx.query({ text: "select pg_advisory_xact_lock($1, hashtext($2))", values: [QUOTA_LOCK, person.login] });
    const decision = decideQuota(await readCounts(tx, person.login, recipient.key), person.affiliation, limits);
    if (decision === "stopped") return decision;
    const accepted = decision === "accepted" ? 1 : 0;
    await tx.query({
      name: "count_recipient",
      text: `insert into sending_counts as c (login, minute, asked, accepted) values ($1, date_trunc('minute', now()), 1, $2)
             on conflict (login, minute) do update set asked = c.asked + 1, accepted = c.accepted + excluded.accepted`,
      values: [person.login, accepted],
    });
    if (accepted === 1) {
      await tx.query({
        name: "know_recipient",
        text: "insert into known_recipients (login, recipient) values ($1, $2) on conflict do nothing",
        values: [person.login, recipient.key],
      });
    }
    return decision;
  });
}

/** A minute counts as long as any part of it lies in the span: the limit is never exceeded, and reached at most a minute early. */
async function readCounts(tx: Queryable, login: string, recipient: string): Promise<Counts> {
  const { rows } = await tx.query<Counts>({
    name: "read_sending_counts",
    text: `
      select coalesce(sum(accepted) filter (where minute > now() - interval '61 minutes'), 0)::integer as hour,
             coalesce(sum(asked) filter (where minute > now() - interval '11 minutes'), 0)::integer as asked,
             (select count(*)::integer from known_recipients k where k.login = $1 and k.first_at > now() - interval '1 day') as "firstTime",
             exists (select from known_recipients k where k.login = $1 and k.recipient = $2) as known,
             exists (select from sending_stops s where s.login = $1) as stopped
        from sending_counts c where c.login = $1 and c.minute > now() - interval '61 minutes'`,
    values: [login, recipient],
  });
  const [row] = rows;
  if (row === undefined) throw new Error("an aggregate without a row");
  return row;
}

/** What is too old to count. Known recipients stay for a year: then a person is new again. */
export async function forgetCounts(db: Queryable): Promise<void> {
  await db.query({ text: "delete from sending_counts where minute < now() - interval '1 day'" });
  await db.query({ text: "delete from known_recipients where first_at < now() - interval '1 year'" });
}
