import type { ReversePath } from "../mail/envelope.ts";
import type { ClaimedMessage, ClaimedRecipient, Lane } from "../queue/claim.ts";

/** Recipients of one message that one transaction can carry: same next hop, same reverse-path, same lane. */
export type Job = {
  readonly message: ClaimedMessage;
  readonly recipients: readonly ClaimedRecipient[];
  readonly reversePath: ReversePath;
  readonly lane: Lane;
  /** When deliver/ took it over, on the clock that never jumps. */
  readonly acceptedAt: number;
};

/** Who has the next turn: personal mail most often, but nothing waits for ever behind it. A lane with nothing waiting passes its turn on, by rank. */
const TURNS: readonly Lane[] = [0, 0, 2, 0, 0, 1];
const BY_RANK: readonly Lane[] = [0, 2, 1];

/** What waits for one next hop. Inside a lane messages take turns, so a message of a hundred jobs holds up another by one job. */
export class Lanes {
  /** Recipients waiting, and how many of them for each destination. */
  waiting = 0;
  readonly destinations = new Map<string, number>();
  readonly #lanes: Record<Lane, Job[][]> = { 0: [], 1: [], 2: [] };
  #turn = 0;

  /** Jobs of one message; in each lane they share one turn. */
  add(jobs: readonly Job[]): void {
    for (const lane of BY_RANK) {
      const mine = jobs.filter((job) => job.lane === lane);
      if (mine.length > 0) this.#lanes[lane].push(mine);
    }
    for (const job of jobs) this.#count(job, 1);
  }

  /** The next job. `listsToo`: lane 1 may have this turn. */
  next(listsToo: boolean): Job | undefined {
    const preferred = TURNS[this.#turn++ % TURNS.length] as Lane;
    for (const lane of [preferred, ...BY_RANK]) {
      const jobs = lane === 1 && !listsToo ? undefined : this.#lanes[lane].shift();
      const job = jobs?.shift();
      if (jobs === undefined || job === undefined) continue;
      if (jobs.length > 0) this.#lanes[lane].push(jobs);
      this.#count(job, -1);
      return job;
    }
    return undefined;
  }

  /** All that waits, in no order. */
  takeAll(): Job[] {
    const all = BY_RANK.flatMap((lane) => this.#lanes[lane].splice(0).flat());
    for (const job of all) this.#count(job, -1);
    return all;
  }

  #count(job: Job, sign: 1 | -1): void {
    for (const { destination } of job.recipients) {
      const left = (this.destinations.get(destination) ?? 0) + sign;
      if (left > 0) this.destinations.set(destination, left);
      else this.destinations.delete(destination);
    }
    this.waiting += sign * job.recipients.length;
  }
}

/** Cuts a message's recipients for one next hop into jobs of at most `limit`. With `apart` no two of a job differ in case alone. */
export function jobsOf(
  message: ClaimedMessage,
  recipients: readonly ClaimedRecipient[],
  limit: number,
  acceptedAt: number,
  apart: boolean,
): Job[] {
  const job = (some: readonly ClaimedRecipient[], first: ClaimedRecipient): Job => ({
    message,
    recipients: some,
    reversePath: first.reversePath,
    lane: first.lane,
    acceptedAt,
  });
  const [only] = recipients;
  if (only !== undefined && recipients.length === 1) return [job(recipients, only)];
  const groups = new Map<string, ClaimedRecipient[]>();
  const seen = new Map<string, number>();
  for (const recipient of recipients) {
    let key = `${recipient.lane} ${recipient.reversePath?.key ?? ""} ${recipient.list?.address ?? ""}`;
    if (recipient.list?.member != null) key += ` ${recipient.recipientNo}`; // its copy has a field that no other has
    if (apart) {
      const lower = recipient.finalRecipient.key.toLowerCase();
      seen.set(lower, (seen.get(lower) ?? 0) + 1);
      key += ` ${seen.get(lower)}`;
    }
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [recipient]);
    else group.push(recipient);
  }
  const jobs: Job[] = [];
  for (const group of groups.values()) {
    for (let at = 0; at < group.length; at += limit) jobs.push(job(group.slice(at, at + limit), group[at] as ClaimedRecipient));
  }
  return jobs;
}
