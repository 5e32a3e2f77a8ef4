import type { Route } from "../directory/directory.ts";
import type { Verdict } from "../mail/verdict.ts";
import type { ClaimedMessage, ClaimedRecipient } from "../queue/claim.ts";
import { type Job, jobsOf, Lanes } from "./lanes.ts";
import { Sessions } from "./sessions.ts";
import type { AllSettings } from "./settings.ts";

/** After so many failed connects in a row nobody connects but one trial for each step. */
const FAILURES_TO_OPEN = 3;
/** Of the attempts a next hop may have, lists use no more than this share: a person's mail never waits for a list's slow transaction. */
const LISTS_SHARE = 0.75;
/**
 * A next hop whose attempts last longer than others' patience gets this many at once: no more, so that it does not use up the slots; no
 * fewer, so that one message it never answers does not hold up all others for it.
 */
const SLOW_WINDOW = 2;

/** What a finished attempt says of the host: it answered; it broke off or sent us away; no session could be had; nothing. */
export type HostState = "answered" | "strained" | "unreachable" | "untouched";

/** One next hop: what waits for it, how many attempts it may have at once, and whether it is worth connecting to. Opens nothing. */
export class Hop {
  readonly key: string;
  readonly route: Route;
  /** The domain whose MX counts; without meaning for other routes. */
  readonly domain: string;
  readonly lanes = new Lanes();
  readonly sessions: Sessions;
  active = 0;
  /** It has answered lately, and without delay: it may use slots that unproven hops may not. */
  proven = false;
  /** What the last failed connect meant for its recipients: until the next trial it holds for those who come. */
  lastFailure: Verdict | null = null;
  lastUsed: number;
  readonly #settings: AllSettings;
  readonly #largest: number;
  #window: number;
  #recipientLimit: number;
  #slow = false;
  #activeLists = 0;
  #failures = 0;
  #steps = 0;
  #trialAt = 0;

  constructor(key: string, route: Route, domain: string, settings: AllSettings, elapsed: number) {
    this.key = key;
    this.route = route;
    this.domain = domain;
    this.#settings = settings;
    this.sessions = new Sessions();
    this.#recipientLimit = route.kind === "maildir" ? 1 : settings.transactionRecipients;
    // No next hop holds more than its share of the attempts, whatever its window says.
    this.#largest = Math.max(1, Math.min(settings.concurrency, Math.floor(settings.attempts * settings.share)));
    this.#window = Math.min(settings.firstConcurrency, this.#largest);
    this.lastUsed = elapsed;
  }

  /** Recipients of one message begin to wait. */
  add(message: ClaimedMessage, recipients: readonly ClaimedRecipient[], acceptedAt: number): void {
    if (recipients.length === 0) return;
    // Some LMTP hosts join recipients that differ in case alone, and then answer the dot once too few.
    const apart = this.route.kind === "lmtp" || this.route.kind === "lmtpSocket";
    this.lanes.add(jobsOf(message, recipients, this.#recipientLimit, acceptedAt, apart));
  }

  /** Attempts it may have at once now. */
  get window(): number {
    if (this.isOpen) return 1;
    return this.#slow ? Math.min(SLOW_WINDOW, this.#largest) : Math.floor(this.#window);
  }

  /** The next job, if one may run. */
  next(): Job | undefined {
    if (this.lanes.waiting === 0 || this.active >= this.window) return undefined;
    return this.lanes.next(this.#activeLists < Math.max(1, Math.floor(this.window * LISTS_SHARE)));
  }

  /** The breaker is open: three connects in a row have failed. */
  get isOpen(): boolean {
    return this.#failures >= FAILURES_TO_OPEN;
  }

  /** Open and not yet time for a trial: what comes now is deferred with the last failure. */
  refusesAt(elapsed: number): boolean {
    return this.isOpen && this.active === 0 && elapsed < this.#trialAt;
  }

  /** Nothing of it is worth keeping at `elapsed`. */
  isForgettable(elapsed: number, idleMs: number): boolean {
    return this.active === 0 && this.lanes.waiting === 0 && elapsed >= this.lastUsed + idleMs && elapsed >= this.#trialAt + idleMs;
  }

  /** A transaction had room for so many recipients, and for so many not: the next ones are cut to fit, and one larger once that went well. */
  hadRoomFor(taken: number, tooMany: number): void {
    if (tooMany > 0) this.#recipientLimit = Math.max(1, taken);
    else if (taken >= this.#recipientLimit && taken < this.#settings.transactionRecipients) this.#recipientLimit++;
  }

  started(job: Job): void {
    this.active++;
    if (job.lane === 1) this.#activeLists++;
  }

  /** An attempt runs longer than others' patience. */
  turnedSlow(): void {
    this.#slow = true;
    this.proven = false;
  }

  /** An attempt has ended. `slow`: others had ceased to wait for it. */
  ended(job: Job, state: HostState, slow: boolean, verdict: Verdict | null, elapsed: number): void {
    this.active--;
    if (job.lane === 1) this.#activeLists--;
    this.lastUsed = elapsed;
    if (state === "untouched") return;
    if (state === "unreachable") {
      this.#connectFailed(verdict, elapsed);
      return;
    }
    this.#failures = 0;
    this.#steps = 0;
    this.#slow = slow;
    this.proven = !slow && state === "answered";
    // A window's worth of good ends lets one more attempt run at once; a 421 or a broken session halves it.
    if (state === "answered") this.#window = Math.min(this.#largest, this.#window + 1 / this.#window);
    else this.#window = Math.max(1, this.#window / 2);
  }

  #connectFailed(verdict: Verdict | null, elapsed: number): void {
    this.lastFailure = verdict;
    this.proven = false;
    this.#window = Math.max(1, this.#window / 2);
    this.#failures++;
    // What began before the breaker opened and fails after it is no trial.
    if (!this.isOpen || elapsed < this.#trialAt) return;
    const { retry } = this.#settings;
    const step = retry[Math.min(this.#steps++, retry.length - 1)] ?? 300;
    // The queue's waits are these steps ± 20 %: with 0.8 of a step the first recipient that comes back is the trial.
    this.#trialAt = elapsed + step * 800;
  }
}
