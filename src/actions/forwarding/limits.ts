/** How often somebody may have us write to a mailbox that is not proved to be theirs: a stranger must not be mailed again and again. */
import type { Queryable } from "../../db/client.ts";
import type { Mailbox } from "../../mail/mailbox.ts";

const A_DAY_OF_ONE_PERSON = 5;
const A_DAY_TO_ONE_MAILBOX = 3;
/** Between two mails of one person to one mailbox. */
export const RESEND_SECONDS = 60;

/** Not now. Nothing was sent. */
export class TooMany extends Error {
  override readonly name = "TooMany";
  readonly seconds: number;
  constructor(message: string, seconds: number) {
    super(message);
    this.seconds = seconds;
  }
}

/** One mailbox, however it is spelt: without case, `+tag` and dots. At some providers these are others; three mails a day are enough for them too. */
export const countedTarget = ({ localPart, domain }: Mailbox): string =>
  `${localPart.toLowerCase().replace(/\+.*$/s, "").replaceAll(".", "")}@${domain}`;

/** Rejects with TooMany. Inside of the transaction that sends it has the last word, under the directory's lock. */
export async function refuseTooMany(tx: Queryable, principal: string, target: Mailbox): Promise<void> {
  const { rows } = await tx.query<{ person: number; mailbox: number; resend: number }>({
    text: `with day as (select principal, counted_target, made_at from forwarding_requests
                         where made_at > now() - interval '1 day' and (principal = $1 or counted_target = $2))
           select coalesce((select free_in(made_at) from (select made_at from day where principal = $1 order by made_at desc offset $3 limit 1) x), 0) as person,
                  coalesce((select free_in(made_at) from (select made_at from day where counted_target = $2 order by made_at desc offset $4 limit 1) x), 0) as mailbox,
                  coalesce((select ceil(extract(epoch from max(made_at) + make_interval(secs => $5) - now()))::integer
                              from day where principal = $1 and counted_target = $2), 0) as resend`.replaceAll(
      "free_in(made_at)",
      "ceil(extract(epoch from made_at + interval '1 day' - now()))::integer",
    ),
    values: [principal, countedTarget(target), A_DAY_OF_ONE_PERSON - 1, A_DAY_TO_ONE_MAILBOX - 1, RESEND_SECONDS],
  });
  const { person = 0, mailbox = 0, resend = 0 } = rows[0] ?? {};
  if (person > 0) throw new TooMany(`You have asked for ${A_DAY_OF_ONE_PERSON} codes within a day.`, person);
  if (mailbox > 0) throw new TooMany(`That mailbox got ${A_DAY_TO_ONE_MAILBOX} codes within a day: it gets no more for now.`, mailbox);
  if (resend > 0) throw new TooMany("A code has just been sent there.", resend);
}

/** Removes requests that nobody confirmed, and those that ended long ago: their limits and links count no more. */
export async function forgetRequests(db: Queryable): Promise<void> {
  await db.query({ text: "delete from forwarding_requests where confirmed_at is null and made_at < now() - interval '7 days'" });
  await db.query({ text: "delete from forwarding_requests where ended_at < now() - interval '90 days'" });
}
