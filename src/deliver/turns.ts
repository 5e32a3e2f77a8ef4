import type { Attempt } from "./attempt.ts";
import type { Hop } from "./hop.ts";
import type { Job } from "./lanes.ts";
import type { AllSettings } from "./settings.ts";

const NONE: Set<Hop> = new Set();
/** Next hops that have not proven themselves may together use this share of the attempts, so a storm of dead and slow hosts leaves room for the others. */
const UNPROVEN_SHARE = 0.5;

export type Running = {
  readonly hop: Hop;
  readonly job: Job;
  readonly attempt: Attempt;
  readonly startedAt: number;
  slow: boolean;
  readonly proven: boolean;
};

/**
 * Which next hop may begin an attempt now. Hops take turns. An attempt that lasts becomes slow and counts no longer: nobody waits
 * for a slow destination, there is only a larger limit on how many of them run.
 */
export class Turns {
  readonly running = new Set<Running>();
  readonly #settings: AllSettings;
  /** Sets keep the order of insertion: a hop that had its turn is put in again at the end. */
  readonly #ready = { proven: new Set<Hop>(), unproven: new Set<Hop>() };
  #quick = 0;
  #quickUnproven = 0;
  #slow = 0;
  #unprovenFirst = false;

  constructor(settings: AllSettings) {
    this.#settings = settings;
  }

  /** The hop may have something to do: jobs were added, or an attempt ended. */
  offer(hop: Hop): void {
    const { proven, unproven } = this.#ready;
    (hop.proven ? unproven : proven).delete(hop);
    if (hop.lanes.waiting > 0) (hop.proven ? proven : unproven).add(hop); // one that is there already keeps its place
  }

  /** The next job that may begin, and its hop. */
  next(): { readonly hop: Hop; readonly job: Job } | undefined {
    if (this.#quick >= this.#settings.attempts) return undefined;
    this.#unprovenFirst = !this.#unprovenFirst;
    const unproven = this.#quickUnproven < Math.max(1, this.#settings.attempts * UNPROVEN_SHARE) ? this.#ready.unproven : NONE;
    return this.#unprovenFirst
      ? (this.#from(unproven) ?? this.#from(this.#ready.proven))
      : (this.#from(this.#ready.proven) ?? this.#from(unproven));
  }

  #from(hops: Set<Hop>): { hop: Hop; job: Job } | undefined {
    for (const hop of hops) {
      const job = hop.next();
      if (job === undefined || hop.lanes.waiting === 0 || hops.size > 1) hops.delete(hop);
      if (job === undefined) continue; // it is offered again when one of its attempts ends
      if (hop.lanes.waiting > 0) hops.add(hop); // behind the others
      return { hop, job };
    }
    return undefined;
  }

  begin(running: Running): void {
    this.running.add(running);
    this.#quick++;
    if (!running.proven) this.#quickUnproven++;
    running.hop.started(running.job);
  }

  end(running: Running): void {
    this.running.delete(running);
    if (running.slow) this.#slow--;
    else this.#leaveQuick(running);
  }

  /** Marks what has run too long for others to wait; true if that made room. */
  markSlow(elapsed: number): boolean {
    let room = false;
    for (const running of this.running) {
      if (running.slow || elapsed - running.startedAt < this.#settings.slowSeconds * 1000) continue;
      if (this.#slow >= this.#settings.slowAttempts) break;
      running.slow = true;
      this.#slow++;
      this.#leaveQuick(running);
      running.hop.turnedSlow();
      this.offer(running.hop);
      room = true;
    }
    return room;
  }

  #leaveQuick(running: Running): void {
    this.#quick--;
    if (!running.proven) this.#quickUnproven--;
  }
}
