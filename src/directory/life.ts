/** The life cycle in an entry's row. Somebody may have written it by hand: nothing in it is trusted. */
import type { Mailbox } from "../mail/mailbox.ts";
import type { Dates, Disabled, Life } from "./directory.ts";
import { momentOf, type StoredMoment } from "./moments.ts";

/** `dates`: of targets that have some, `{"target": [starts_at, expires_at]}`. */
export type LifeRow = {
  readonly starts_at: StoredMoment;
  readonly disabled: string | null;
  readonly disabled_text: string | null;
  readonly moved_to: string | null;
  readonly moved_delivers: boolean;
  readonly affiliation: string | null;
  readonly off_campus_until: StoredMoment;
  readonly dates: Readonly<Record<string, readonly [StoredMoment, StoredMoment]>> | null;
};

const NO_DATES: ReadonlyMap<string, Dates> = new Map();

/** Null: nothing in the row is out of the ordinary. */
export function lifeOfRow(row: LifeRow, readMailbox: (text: string) => Mailbox | null): Life | null {
  const { dates, affiliation } = row;
  const to = row.moved_to === null ? null : readMailbox(row.moved_to);
  // Retired to something that is no address: it does not work any more, and there is nothing to name.
  const disabled = row.moved_to !== null && to === null ? HARD : disabledOf(row);
  const isOrdinary =
    row.starts_at === null && disabled === null && to === null && affiliation === null && row.off_campus_until === null && dates === null;
  if (isOrdinary) return null;
  return {
    startsAt: momentOf(row.starts_at),
    disabled,
    moved: to === null ? null : { to, delivers: row.moved_delivers },
    affiliation,
    offCampusUntil: row.off_campus_until === null ? null : (momentOf(row.off_campus_until) ?? FOR_EVER),
    targetDates: dates === null ? NO_DATES : targetDatesOf(dates, readMailbox),
  };
}

const HARD: Disabled = { answer: "hard" };
/** The last moment there is in JavaScript. */
const FOR_EVER = new Date(8.64e15);

function disabledOf({ disabled, disabled_text: text }: LifeRow): Disabled | null {
  if (disabled === null) return null;
  if (disabled === "quiet" || disabled === "soft") return { answer: disabled };
  const said = (text ?? "").replace(/[^ -~]+/g, " ").trim();
  return disabled === "text" && said !== "" ? { answer: "text", text: said.slice(0, LONGEST_TEXT) } : HARD;
}

/** Characters of an admin's words in a reply: with code, status and queue manners it fits a line of 512 octets several times. */
export const LONGEST_TEXT = 200;

function targetDatesOf(dates: NonNullable<LifeRow["dates"]>, readMailbox: (text: string) => Mailbox | null): ReadonlyMap<string, Dates> {
  const byKey = new Map<string, Dates>();
  for (const [target, [startsAt, expiresAt]] of Object.entries(dates)) {
    const mailbox = readMailbox(target);
    if (mailbox !== null) byKey.set(mailbox.key, { startsAt: momentOf(startsAt), expiresAt: momentOf(expiresAt) });
  }
  return byKey;
}
