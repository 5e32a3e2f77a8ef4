/** How many recipients (forward-paths, not copies) a person may name. */
export type SendingLimits = {
  /** Affiliations whose people have the wider limits; all others, and who has none, have the narrow ones. */
  readonly staff: readonly string[];
  readonly staffPerHour: number;
  readonly othersPerHour: number;
  /** Recipients never sent to before, for those who are not staff. */
  readonly othersFirstTimePerDay: number;
  /** Named in ten minutes, accepted or not: then everything of theirs stops. */
  readonly hardStop: number;
};

/** What was named before this recipient: accepted in the last hour, named in ten minutes, first-time in a day. */
export type Counts = {
  readonly hour: number;
  readonly asked: number;
  readonly firstTime: number;
  readonly known: boolean;
  readonly stopped: boolean;
};

export type QuotaDecision = "accepted" | "tooManyPerHour" | "tooManyFirstTime" | "stopped" | "stopNow";

/** Whether a person may name one more recipient. Pure. `stopNow`: this one makes the hard stop. */
export function decideQuota(counts: Counts, affiliation: string | null, limits: SendingLimits): QuotaDecision {
  if (counts.stopped) return "stopped";
  if (counts.asked >= limits.hardStop) return "stopNow";
  const staff = affiliation !== null && limits.staff.includes(affiliation.toLowerCase());
  if (counts.hour >= (staff ? limits.staffPerHour : limits.othersPerHour)) return "tooManyPerHour";
  if (!staff && !counts.known && counts.firstTime >= limits.othersFirstTimePerDay) return "tooManyFirstTime";
  return "accepted";
}
