/** What the life cycle of an entry says at one moment: whether it works, and which of its targets count. */
import type { Dates, Disabled, Entry, Forwarding } from "../directory/directory.ts";
import type { Mailbox } from "../mail/mailbox.ts";
import type { DeadEnd } from "./resolution.ts";

/** A target that is left out, and why. */
export type Skipped = { readonly address: string; readonly why: "notYet" | "expired" | "notAllowed" };

/** `discarded`: mail is accepted and thrown away. Null: the entry works, or leads to the address it moved to. */
export type Standing = Exclude<DeadEnd["why"], "unknown" | "loop" | "badTarget" | "empty" | "notAllowed"> | "discarded" | null;

/** RFC 3463 §3.2 and §3.3 name the answers: X.1.6 moved, X.2.1 disabled. Dates come first: outside of them there is no such address. */
export function standingOf(entry: Entry, now: number): Standing {
  const { life, expiresAt } = entry;
  const dates = datesSay({ startsAt: life?.startsAt ?? null, expiresAt }, now);
  if (dates !== null) return dates;
  if (life === undefined) return null;
  if (life.disabled !== null) return ANSWERS[life.disabled.answer];
  return life.moved !== null && !life.moved.delivers ? "moved" : null;
}

const ANSWERS: Readonly<Record<Disabled["answer"], Exclude<Standing, null>>> = {
  quiet: "discarded",
  soft: "disabledSoft",
  hard: "disabled",
  text: "disabledText",
};

/** Null: now is inside of the dates. */
function datesSay({ startsAt, expiresAt }: Dates, now: number): "notYet" | "expired" | null {
  if (expiresAt !== null && expiresAt.getTime() <= now) return "expired";
  return startsAt !== null && startsAt.getTime() > now ? "notYet" : null;
}

/** Why a target of an entry does not count now; null: it does. `forwarding` null: no policy was asked for, since no affiliation is known. */
export function skipTarget(
  entry: Entry,
  target: Mailbox,
  isOurs: boolean,
  forwarding: Forwarding | null,
  now: number,
): Skipped["why"] | null {
  const { life } = entry;
  if (life === undefined) return null;
  const dates = life.targetDates.get(target.key);
  const byDates = dates === undefined ? null : datesSay(dates, now);
  if (byDates !== null) return byDates;
  if (life.affiliation === null || forwarding === null || isOurs) return null;
  const isOffCampus = !forwarding.routed.has(target.domain);
  const isExcepted = life.offCampusUntil !== null && life.offCampusUntil.getTime() > now;
  return isOffCampus && !isExcepted && forwarding.forbidden.has(life.affiliation) ? "notAllowed" : null;
}

/** The moments at which an entry may mean something else than before. */
export function* momentsOf({ expiresAt, life }: Entry): Generator<Date> {
  if (expiresAt !== null) yield expiresAt;
  if (life === undefined) return;
  if (life.startsAt !== null) yield life.startsAt;
  if (life.offCampusUntil !== null) yield life.offCampusUntil;
  for (const dates of life.targetDates.values()) {
    if (dates.startsAt !== null) yield dates.startsAt;
    if (dates.expiresAt !== null) yield dates.expiresAt;
  }
}
