import type { Route } from "../directory/directory.ts";
import type { ReversePath } from "../mail/envelope.ts";
import type { RemoteReply } from "../mail/verdict.ts";
import type { ClaimedMessage, ClaimedRecipient, Lane } from "../queue/claim.ts";

/** Recipients of one message that one transaction can carry: same next hop, same reverse-path. */
export type Job = {
  readonly message: ClaimedMessage;
  readonly recipients: readonly ClaimedRecipient[];
  readonly reversePath: ReversePath;
  readonly lane: Lane;
  /** When deliver/ took it over, on the clock that never jumps. */
  readonly acceptedAt: number;
};

/** Which lane has the next turn: personal mail most often, but nothing waits for ever behind it. A lane with nothing waiting gives its turn to the first that has. */
const TURNS: readonly Lane[] = [0, 0, 2, 0, 0, 1];
const BY_RANK: readonly Lane[] = [0, 2, 1];

/** Postfix's figures (default_destination_concurrency_*): attempts at once for a next hop begin at 5 and may grow to 20. */
const FIRST_WINDOW = 5;
const LARGEST_WINDOW = 20;
const FAILURES_TO_OPEN = 3;

/** One next hop: what waits for it, how many attempts it may have at once, and whether it is worth connecting to. No I/O. */
export class Hop {
  readonly key: string;
  readonly route: Route;
  /** The domain to ask for when the route is `mx:`; of no meaning otherwise. */
  readonly domain: string;
  /** Recipients waiting; destinations of theirs, with how many. */
  waiting = 0;
  readonly destinations = new Map<string, number>();
  active = 0;
  activeLists = 0;
  /** At most this many recipients in one transaction; shrinks when the host says "too many recipients". */
  recipientLimit = 100;
  readonly #lanes: Record<Lane, Job[][]> = { 0: [], 1: [], 2: [] };
  #turn = 0;
  #window: number;
  readonly #largest: number;
  #failures = 0;
  #steps = 0;
  #closedUntil = 0;
  #trial = false;
  lastFailure: RemoteReply | null = null;

  constructor(key: string, route: Route, domain: string, largestWindow: number) {
    this.key = key;
    this.route = route;
    this.domain = domain;
    this.#largest = Math.min(LARGEST_WINDOW, largestWindow);
    this.#window = Math.min(FIRST_WINDOW, this.#largest);
  }

  /** Jobs of one message; in each lane they share one turn. */
  add(jobs: readonly Job[]): void {
    for (const lane of BY_RANK) {
      const mine = jobs.filter((job) => job.lane === lane);
      if (mine.length > 0) this.#lanes[lane].push(mine);
    }
    for (const job of jobs) this.#count(job, 1);
  }

  get hasRoom(): boolean {
    return this.waiting > 0 && this.active < (this.isOpen ? 1 : Math.floor(this.#window));
  }

  /** The next job by lanes, then by turns of messages: a message of many jobs gets one turn like the others. */
  next(): Job | undefined {
    const listsMayRun = this.activeLists < Math.max(1, Math.floor(this.#window * 0.75));
    const preferred = TURNS[this.#turn++ % TURNS.length] as Lane;
    for (const lane of [preferred, ...BY_RANK]) {
      if (lane === 1 && !listsMayRun) continue;
      const jobs = this.#lanes[lane].shift();
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
    for (const recipient of job.recipients) {
      const left = (this.destinations.get(recipient.destination) ?? 0) + sign;
      if (left > 0) this.destinations.set(recipient.destination, left);
      else this.destinations.delete(recipient.destination);
    }
    this.waiting += sign * job.recipients.length;
  }

  /** After three failed connects in a row the hop is open: nobody connects but one trial per step. */
  get isOpen(): boolean {
    return this.#failures >= FAILURES_TO_OPEN;
  }

  /** Open, and it is not time for the trial, or the trial is running. */
  refusesAt(elapsed: number): boolean {
    return this.isOpen && !this.#trial && elapsed < this.#closedUntil;
  }

  started(job: Job): void {
    this.active++;
    if (job.lane === 1) this.activeLists++;
    if (this.isOpen) this.#trial = true;
  }

  ended(job: Job): void {
    this.active--;
    if (job.lane === 1) this.activeLists--;
    this.#trial = false;
  }

  /** The host answered: a window's worth of these lets one more attempt run at once. */
  answered(): void {
    this.#failures = 0;
    this.#steps = 0;
    this.lastFailure = null;
    this.#window = Math.min(this.#largest, this.#window + 1 / this.#window);
  }

  /** A 421: the host wants fewer of us. */
  tooMany(): void {
    this.#window = Math.max(1, this.#window / 2);
  }

  /** No connection, or no greeting. `steps`: seconds between trials, the last for ever. */
  connectFailed(reply: RemoteReply, elapsed: number, steps: readonly number[]): void {
    this.tooMany();
    this.lastFailure = reply;
    this.#failures++;
    if (!this.isOpen) return;
    const step = steps[Math.min(this.#steps++, steps.length - 1)] ?? 300;
    // The queue's own waits are this step ± 20 %: at 0.8 the first recipient that comes back is the trial.
    this.#closedUntil = elapsed + step * 800;
  }
}
