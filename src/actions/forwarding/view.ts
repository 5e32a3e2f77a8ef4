import type { Queryable } from "../../db/client.ts";
import { WRONG_CODES } from "./confirm.ts";
import { RESEND_SECONDS } from "./limits.ts";
import { forwardedTo, type OwnAddress } from "./own-address.ts";

/**
 * How mail for one of somebody's addresses is forwarded. `verified`: to a target that proved itself. `set`: somebody else set it. `paused`:
 * the target is proved, and mail stays on campus.
 */
export type ForwardingView = {
  readonly address: string;
  readonly state: "off" | "verified" | "set" | "paused";
  readonly targets: readonly string[];
  readonly campus_mailboxes: readonly string[];
  readonly keeps_copy: boolean;
  readonly can_keep_copy: boolean;
  /** Null: it may leave campus. Else whose mail may not. */
  readonly kept_on_campus: string | null;
  readonly waiting: {
    readonly target: string;
    readonly keep_copy: boolean;
    readonly ends_at: string;
    readonly resend_at: string;
    readonly tries_left: number;
  } | null;
};

type Row = {
  readonly target: string;
  readonly keep_copy: boolean;
  readonly made_at: Date;
  readonly ends_at: Date;
  readonly confirmed_at: Date | null;
  readonly paused_at: Date | null;
  readonly wrong_codes: number;
};

export async function viewForwarding(db: Queryable, own: OwnAddress): Promise<ForwardingView> {
  const { rows } = await db.query<Row>({
    text: `select target, keep_copy, made_at, ends_at, confirmed_at, paused_at, wrong_codes from forwarding_requests
            where address = $1 and ended_at is null and (confirmed_at is not null or ends_at > now())`,
    values: [own.mailbox.key],
  });
  const verified = rows.find(({ confirmed_at }) => confirmed_at !== null);
  const waiting = rows.find(({ confirmed_at }) => confirmed_at === null);
  const targets = forwardedTo(own);
  const isPaused = targets.length === 0 && verified !== undefined && verified.paused_at !== null;
  const isVerified = targets.length === 1 && targets[0] === verified?.target;
  const stays = new Set(own.entry?.targets);
  return {
    address: own.mailbox.key,
    state: isPaused ? "paused" : targets.length === 0 ? "off" : isVerified ? "verified" : "set",
    targets: isPaused ? [verified.target] : targets,
    campus_mailboxes: own.isOwnMailbox ? [own.mailbox.key, ...own.campus.map(({ key }) => key)] : own.campus.map(({ key }) => key),
    keeps_copy: isPaused ? verified.keep_copy : own.campus.some(({ key }) => stays.has(key)),
    can_keep_copy: own.campus.length > 0,
    kept_on_campus: await keptOnCampus(db, own),
    waiting:
      waiting === undefined
        ? null
        : {
            target: waiting.target,
            keep_copy: waiting.keep_copy,
            ends_at: waiting.ends_at.toISOString(),
            resend_at: new Date(waiting.made_at.getTime() + RESEND_SECONDS * 1000).toISOString(),
            tries_left: WRONG_CODES - waiting.wrong_codes,
          },
  };
}

async function keptOnCampus(db: Queryable, { affiliation, entry }: OwnAddress): Promise<string | null> {
  if (affiliation === null) return null;
  const { rows } = await db.query({
    text: `select from forwarding_policies where affiliation = $1 and not off_campus and coalesce($2::timestamptz <= now(), true)`,
    values: [affiliation, entry?.off_campus_until ?? null],
  });
  return rows.length === 0 ? null : affiliation;
}
