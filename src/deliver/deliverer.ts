/**
 * deliver: takes claimed recipients to their next hop and says how each attempt ended. Trusts nothing a remote says: a reply is
 * text, capped and cleaned. May connect to wherever a route or an MX leads, through the connect it is given, and write Maildirs;
 * reads no table: the directory tells it routes. Standards: RFC 5321, 2033, 2920, 3207, 3461, 6152, 6531, 7505.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Directory, Route } from "../directory/directory.ts";
import type { Metrics } from "../log/metrics.ts";
import type { ClaimedMessage, ClaimedRecipient, Lane } from "../queue/claim.ts";
import { type AttemptEnd, SmtpAttempt, Stopping, TooLong, type World } from "./attempt.ts";
import type { Edges } from "./edges.ts";
import { Holdings, type HoldingsDeps } from "./holdings.ts";
import { Hop } from "./hop.ts";
import type { Job } from "./lanes.ts";
import { MaildirAttempt } from "./maildir-attempt.ts";
import { createNextHops } from "./next-hop.ts";
import type { LeaveUrl } from "./prefix.ts";
import { type AllSettings, type DelivererSettings, delivererDefaults } from "./settings.ts";
import { type Running, Turns } from "./turns.ts";
import { words } from "./words.ts";

export type DelivererDeps = HoldingsDeps & {
  readonly directory: Pick<Directory, "route">;
  readonly edges: Edges;
  /** Not given: nobody leaves a list by a link. */
  readonly leaveUrl?: LeaveUrl;
  readonly metrics?: Pick<Metrics, "duplicateRisk">;
};

export type Deliverer = {
  /** Takes over recipients which this node has claimed; they come back through settle or release. */
  accept(message: ClaimedMessage): void;
  /** How many more recipients of a lane it wants. Lists are offered less, so that they cannot take the room of a person's mail. */
  capacity(lane?: Lane): number;
  /** Destinations of which enough wait already: a claim leaves them out. */
  fullDestinations(): string[];
  /** Gives back what was not begun and lets running attempts end, for so many seconds; then cuts them. Resolves when all is settled and every session is left. */
  drain(seconds?: number): Promise<void>;
  /** Nothing waits and nothing runs. */
  idle(): boolean;
};

/** How often deadlines, slow attempts and idle sessions are looked at. */
const SWEEP_MS = 200;
/** What does not end when it is told to, a write to a dead disk, is waited for so much longer. */
const LAST_SECONDS = 5;
/** A next hop with nothing to do is forgotten after so long, its window and its breaker with it. */
const FORGET_MS = 10 * 60_000;
/** Of all recipients held, one next hop is full with this share waiting, and never has more than twice as much. Lists get LISTS_SHARE. */
const FULL_SHARE = 0.25;
const LISTS_SHARE = 0.75;

export function createDeliverer(deps: DelivererDeps, options: DelivererSettings): Deliverer {
  return new Delivery(deps, { ...delivererDefaults, ...options });
}

class Delivery implements Deliverer {
  readonly #deps: DelivererDeps;
  readonly #settings: AllSettings;
  readonly #world: World;
  readonly #holdings: Holdings;
  readonly #hops = new Map<string, Hop>();
  readonly #turns: Turns;
  readonly #sweeper: NodeJS.Timeout;
  #draining = false;

  constructor(deps: DelivererDeps, settings: AllSettings) {
    this.#deps = deps;
    this.#settings = settings;
    this.#world = { edges: deps.edges, settings, nextHops: createNextHops(deps.edges, settings), leaveUrl: deps.leaveUrl ?? null };
    this.#holdings = new Holdings(deps);
    this.#turns = new Turns(settings);
    this.#sweeper = setInterval(() => this.#sweep(), SWEEP_MS).unref();
  }

  accept(message: ClaimedMessage): void {
    const { recipients } = message;
    this.#holdings.add(recipients.length);
    const [only] = recipients;
    if (only !== undefined && recipients.length === 1) void this.#takeDomain(message, only.finalRecipient.domain, recipients);
    else for (const [domain, some] of byDomain(recipients)) void this.#takeDomain(message, domain, some);
  }

  capacity(lane: Lane = 0): number {
    if (this.#draining) return 0;
    return Math.max(0, Math.floor(this.#settings.recipients * (lane === 1 ? LISTS_SHARE : 1)) - this.#holdings.count);
  }

  fullDestinations(): string[] {
    const full = [...this.#hops.values()].filter((hop) => hop.lanes.waiting >= this.#settings.recipients * FULL_SHARE);
    return full.flatMap((hop) => [...hop.lanes.destinations.keys()]);
  }

  idle(): boolean {
    return this.#holdings.count === 0;
  }

  async drain(seconds = this.#settings.drainSeconds): Promise<void> {
    this.#draining = true;
    for (const hop of this.#hops.values()) for (const job of hop.lanes.takeAll()) this.#holdings.release(job.message, job.recipients);
    const ended = this.#holdings.none().then(() => true);
    if (!(await within(seconds, ended))) {
      for (const { attempt } of this.#turns.running) attempt.abort(new Stopping("this server stops"));
      const left = { recipients: this.#holdings.count };
      if (!(await within(LAST_SECONDS, ended))) this.#deps.log.error("stopping with deliveries under way, the leases decide", left);
    }
    clearInterval(this.#sweeper);
    for (const hop of this.#hops.values()) hop.sessions.close();
  }

  async #takeDomain(message: ClaimedMessage, domain: string, recipients: readonly ClaimedRecipient[]): Promise<void> {
    try {
      const route = await this.#deps.directory.route(domain);
      if (route.kind === "found") {
        this.#take(message, route.value, domain, recipients);
        return;
      }
    } catch (error) {
      this.#deps.log.error("route lookup broke", { domain, error: String(error) });
    }
    this.#holdings.settleAll(message, recipients, { kind: "deferred", scope: "local", reply: words.routeLookupFailed, relay: null });
  }

  #take(message: ClaimedMessage, route: Route, domain: string, recipients: readonly ClaimedRecipient[]): void {
    if (route.kind === "discard") {
      this.#holdings.settleAll(message, recipients, { kind: "relayed", reply: words.discarded, relay: "discard" });
      return;
    }
    const elapsed = this.#deps.edges.elapsed();
    const hop = this.#hopFor(route, domain, elapsed);
    const room = this.#draining ? 0 : Math.max(0, this.#settings.recipients * FULL_SHARE * 2 - hop.lanes.waiting);
    this.#holdings.release(message, recipients.slice(room));
    const taken = room < recipients.length ? recipients.slice(0, room) : recipients;
    if (hop.refusesAt(elapsed) && hop.lastFailure !== null) {
      this.#holdings.settleAll(message, taken, hop.lastFailure);
      return;
    }
    hop.add(message, taken, elapsed);
    this.#turns.offer(hop);
    this.#pump();
  }

  #hopFor(route: Route, domain: string, elapsed: number): Hop {
    const key = route.kind === "mx" ? `mx:${domain}` : route.url;
    let hop = this.#hops.get(key);
    if (hop === undefined) {
      hop = new Hop(key, route, domain, this.#settings, elapsed);
      this.#hops.set(key, hop);
    }
    return hop;
  }

  #pump(): void {
    while (!this.#draining) {
      const turn = this.#turns.next();
      if (turn === undefined) return;
      void this.#run(turn.hop, turn.job);
    }
  }

  async #run(hop: Hop, job: Job): Promise<void> {
    const { edges } = this.#deps;
    const attempt =
      hop.route.kind === "maildir"
        ? new MaildirAttempt(job, hop.route.path, edges, this.#world.leaveUrl)
        : new SmtpAttempt(job, hop, this.#world);
    const running: Running = { hop, job, attempt, startedAt: edges.elapsed(), slow: false, proven: hop.proven };
    this.#turns.begin(running);
    const end = await attempt.run();
    this.#turns.end(running);
    this.#finish(running, end);
    this.#turns.offer(hop);
    this.#pump();
  }

  #finish({ hop, job, startedAt, slow }: Running, end: AttemptEnd): void {
    const { edges, log, metrics } = this.#deps;
    const { message } = job;
    const elapsed = edges.elapsed();
    const before = Math.max(0, edges.now() - message.receivedAt.getTime() - (elapsed - job.acceptedAt)) / 1000;
    const delays = [before, (startedAt - job.acceptedAt) / 1000, end.connectMs / 1000, end.sendMs / 1000] as const;
    this.#holdings.settle(end.endings.map(({ recipient, verdict }) => ({ message, recipient, verdict, delays })));
    this.#holdings.release(message, end.untried);
    if (end.uncertain > 0) {
      metrics?.duplicateRisk.inc(end.uncertain);
      log.warn("outcome uncertain, copies may arrive twice", { queueId: message.queueId, relay: hop.key, copies: end.uncertain });
    }
    const verdict = end.endings[0]?.verdict;
    hop.ended(job, end.state, slow, verdict ?? null, elapsed);
    if (this.#draining) this.#holdings.release(message, end.again);
    else hop.add(message, end.again, job.acceptedAt);
    // What waits for a host that is down, or for a domain that is not there, learns it from this attempt.
    if (verdict !== undefined && (end.forAll || (hop.isOpen && end.state === "unreachable"))) {
      for (const waiting of hop.lanes.takeAll()) this.#holdings.settleAll(waiting.message, waiting.recipients, verdict);
    }
  }

  #sweep(): void {
    const { settings, edges } = this.#world;
    const elapsed = edges.elapsed();
    for (const { attempt, startedAt, job } of this.#turns.running) {
      const seconds = job.message.size >= settings.large ? settings.largeAttemptSeconds : settings.attemptSeconds;
      if (elapsed - startedAt > seconds * 1000) attempt.abort(new TooLong(`attempt took longer than ${seconds} s`));
    }
    for (const [key, hop] of this.#hops) {
      hop.sessions.expire(elapsed);
      if (hop.isForgettable(elapsed, FORGET_MS)) this.#hops.delete(key);
    }
    if (this.#turns.markSlow(elapsed)) this.#pump();
  }
}

/** Whether it resolved in time. */
async function within(seconds: number, ended: Promise<boolean>): Promise<boolean> {
  const timer = new AbortController();
  const late = sleep(seconds * 1000, false, { signal: timer.signal }).catch(() => false);
  const inTime = await Promise.race([ended, late]);
  timer.abort();
  return inTime;
}

function byDomain(recipients: readonly ClaimedRecipient[]): Map<string, ClaimedRecipient[]> {
  const domains = new Map<string, ClaimedRecipient[]>();
  for (const recipient of recipients) {
    const others = domains.get(recipient.finalRecipient.domain);
    if (others) others.push(recipient);
    else domains.set(recipient.finalRecipient.domain, [recipient]);
  }
  return domains;
}
