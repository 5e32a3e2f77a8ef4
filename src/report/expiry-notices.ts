/** Tells owners that their addresses, or targets of them, are about to expire: 30, 7 and 1 days ahead, once each, whatever node does it. */
import type { Db, Queryable } from "../db/client.ts";
import type { Log } from "../log/log.ts";
import { mailboxOfKey } from "../mail/mailbox.ts";
import type { Queue } from "../queue/queue.ts";
import type { Reporter } from "./failure-dsn.ts";
import { composeNotice } from "./notice-mail.ts";
import { noticeRecipients, type ResolveAny } from "./notice-message.ts";

export type ExpiryDeps = {
  readonly db: Db;
  readonly queue: Pick<Queue, "withNotices">;
  readonly resolve: ResolveAny;
  readonly reporter: Reporter;
  readonly log: Log;
};

/** `target` is empty for the entry itself. */
type Expiring = {
  readonly address: string;
  readonly target: string;
  readonly owner: string;
  readonly expires_at: Date;
  readonly days: number;
};

/** Of one run; the next one takes the rest. */
const AT_ONCE = 1000;
/** Addresses named in one mail. */
const NAMED = 100;

/** Sends what is due at `now`; gives how many mails that were. An owner whose mail leads nowhere is logged, and not tried again for it. */
export async function sendExpiryNotices(deps: ExpiryDeps, now: Date): Promise<number> {
  const byOwner = new Map<string, Expiring[]>();
  for (const row of await due(deps.db, now)) {
    const key = `${row.owner}\n${row.address.slice(row.address.lastIndexOf("@") + 1)}`;
    byOwner.set(key, [...(byOwner.get(key) ?? []), row]);
  }
  let sent = 0;
  for (const rows of byOwner.values()) {
    for (let from = 0; from < rows.length; from += NAMED) if (await tell(deps, rows.slice(from, from + NAMED))) sent++;
  }
  return sent;
}

/** The nearest stage alone: who makes an address for five days is not told that it ends within thirty. */
async function due(db: Db, now: Date): Promise<readonly Expiring[]> {
  const { rows } = await db.query<Expiring>({
    text: `with expiring as (
             select address, '' as target, owner, expires_at from entries
              where expires_at > $1 and expires_at <= $1::timestamptz + interval '30 days' and disabled is null and moved_to is null
             union all
             select t.address, t.target, e.owner, t.expires_at from targets t join entries e using (address)
              where (t.starts_at is not null or t.expires_at is not null) and t.expires_at > $1
                and t.expires_at <= $1::timestamptz + interval '30 days' and e.disabled is null and e.moved_to is null),
           staged as (
             select *, case when expires_at <= $1::timestamptz + interval '1 day' then 1
                            when expires_at <= $1::timestamptz + interval '7 days' then 7 else 30 end as days
               from expiring where owner is not null)
           select address, target, owner, expires_at, days from staged s
            where not exists (select from expiry_notices n where (n.address, n.target, n.expires_at, n.days) = (s.address, s.target, s.expires_at, s.days))
            order by owner, address, target limit $2`,
    values: [now, AT_ONCE],
  });
  return rows;
}

/** Another node tells of some of them: nothing is booked, and the next run looks again at the rest. */
class ToldElsewhere extends Error {}

async function tell(deps: ExpiryDeps, rows: readonly Expiring[]): Promise<boolean> {
  const [first] = rows;
  const owner = mailboxOfKey(first?.owner ?? "");
  const recipients = owner.ok ? await noticeRecipients(deps.resolve, owner.mailbox) : null;
  if (first === undefined || !owner.ok || recipients === null) {
    deps.log.warn("an owner cannot be told that an address expires: the owner's mail leads nowhere", {
      owner: first?.owner,
      address: first?.address,
    });
    await deps.db.transaction((tx) => book(tx, rows));
    return false;
  }
  const domain = first.address.slice(first.address.lastIndexOf("@") + 1);
  const subject =
    rows.length === 1
      ? `${first.address} ${first.target === "" ? "expires" : "loses a target"} soon`
      : `${rows.length} addresses expire soon`;
  const lines = [
    "You are the owner of what is named below. It stops working then:",
    "",
    ...rows.map(lineOf),
    "",
    "If it should go on, ask the mail administration for a later date.",
    "Nobody reads answers to this message.",
  ];
  const notice = await composeNotice({ to: owner.mailbox, domain, subject, lines, automatic: "auto-generated" }, recipients, deps.reporter);
  try {
    await deps.queue.withNotices(async (tx) => {
      if ((await book(tx, rows)) < rows.length) throw new ToldElsewhere();
      return [notice];
    });
    return true;
  } catch (error) {
    if (error instanceof ToldElsewhere) return false;
    throw error;
  }
}

const lineOf = ({ address, target, expires_at }: Expiring): string =>
  `  ${expires_at.toISOString().slice(0, 16).replace("T", " ")} UTC  ${address}${target === "" ? "" : `: mail to ${target}`}`;

/** How many of them were not booked before. Another node's booking is waited for. */
async function book(tx: Queryable, rows: readonly Expiring[]): Promise<number> {
  const { rowCount } = await tx.query({
    text: `insert into expiry_notices (address, target, expires_at, days)
           select * from unnest($1::text[], $2::text[], $3::timestamptz[], $4::int[]) on conflict do nothing`,
    values: [rows.map((r) => r.address), rows.map((r) => r.target), rows.map((r) => r.expires_at.toISOString()), rows.map((r) => r.days)],
  });
  return rowCount ?? 0;
}
