/**
 * deliver: takes claimed recipients to their next hop and says how each attempt ended. Trusts nothing a remote says: a reply is
 * text, capped and cleaned. May connect to wherever a route or an MX leads, through the connect it is given, and write Maildirs;
 * reads no table: the directory tells it routes. Standards: RFC 5321, 2033, 2920, 3207, 3461, 6152, 6531, 7505.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Directory, Route } from "../directory/directory.ts";
import type { Log } from "../log/log.ts";
import type { Metrics } from "../log/metrics.ts";
import type { Verdict } from "../mail/verdict.ts";
import type { ClaimedMessage, ClaimedRecipient, Lane, Settlement } from "../queue/claim.ts";
import { type AttemptEnd, SmtpAttempt, Stopping, TooLong, type World } from "./attempt.ts";
import type { Edges } from "./edges.ts";
import { Hop } from "./hop.ts";
import { type Job, jobsOf } from "./lanes.ts";
import { MaildirAttempt } from "./maildir-attempt.ts";
import { createNextHops } from "./next-hop.ts";
import { type AllSettings, type DelivererSettings, delivererDefaults } from "./settings.ts";
import { type Running, Turns } from "./turns.ts";
import { words } from "./words.ts";

export type DelivererDeps = {
  readonly directory: Pick<Directory, "route">;
  /** Records how attempts ended. Recipients stay counted as held until it resolves. */
  readonly settle: (settlements: Settlement[]) => void | Promise<void>;
  /** Gives recipients back that were not tried: they fall due again at once. */
  readonly release: (message: ClaimedMessage, recipients: readonly ClaimedRecipient[]) => void | Promise<void>;
  readonly edges: Edges;
  readonly log: Log;
  readonly metrics?: Pick<Metrics, "duplicateRisk">;
};

export type Deliverer = {
  /** Takes over recipients which this node has claimed; they come back through settle or release. */
  accept(message: ClaimedMessage): void;
  /** How many more recipients of a lane it wants. Lists are offered less, so that they cannot take the room of a person's mail. */
  capacity(lane?: Lane): number;
  /** Destinations of which enough wait already: a claim leaves them out. */
  fullDestinations(): string[];
  /** Lets running attempts end (for drainSeconds), gives back what was not begun. Resolves when all is settled and every session is left. */
  drain(): Promise<void>;
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
  readonly #hops = new Map<string, Hop>();
  readonly #turns: Turns;
  readonly #sweeper: NodeJS.Timeout;
  #held = 0;
  #draining = false;
  #whenIdle: (() => void) | null = null;

  constructor(deps: DelivererDeps, settings: AllSettings) {
    this.#deps = deps;
    this.#settings = settings;
    this.#world = { edges: deps.edges, settings, nextHops: createNextHops(deps.edges, settings) };
    this.#turns = new Turns(settings);
    this.#sweeper = setInterval(() => this.#sweep(), SWEEP_MS).unref();
  }

  accept(message: ClaimedMessage): void {
    this.#held += message.recipients.length;
    const [only] = message.recipients;
    if (only === undefined) return;
    if (message.recipients.length === 1) void this.#takeDomain(message, only.finalRecipient.domain, message.recipients);
    else for (const [domain, recipients] of byDomain(message.recipients)) void this.#takeDomain(message, domain, recipients);
  }

  capacity(lane: Lane = 0): number {
    if (this.#draining) return 0;
    return Math.max(0, Math.floor(this.#settings.recipients * (lane === 1 ? LISTS_SHARE : 1)) - this.#held);
  }

  fullDestinations(): string[] {
    const full = [...this.#hops.values()].filter((hop) => hop.lanes.waiting >= this.#settings.recipients * FULL_SHARE);
    return full.flatMap((hop) => [...hop.lanes.destinations.keys()]);
  }

  idle(): boolean {
    return this.#held === 0;
  }

  async drain(): Promise<void> {
    this.#draining = true;
    for (const hop of this.#hops.values()) for (const job of hop.lanes.takeAll()) void this.#release(job.message, job.recipients);
    const { drainSeconds } = this.#settings;
    const patience = setTimeout(() => {
      for (const { attempt } of this.#turns.running) attempt.abort(new Stopping("this server stops"));
    }, drainSeconds * 1000);
    const end = new AbortController();
    const settled = this.#held === 0 ? true : new Promise<true>((resolve) => (this.#whenIdle = () => resolve(true)));
    const givenUp = sleep((drainSeconds + LAST_SECONDS) * 1000, false, { signal: end.signal, ref: false }).catch(() => true);
    if (!(await Promise.race([settled, givenUp])))
      this.#deps.log.error("stopping with deliveries under way, their leases decide", { recipients: this.#held });
    end.abort();
    clearTimeout(patience);
    clearInterval(this.#sweeper);
    for (const hop of this.#hops.values()) hop.sessions.close();
  }

  async #takeDomain(message: ClaimedMessage, domain: string, recipients: readonly ClaimedRecipient[]): Promise<void> {
    try {
      const route = await this.#deps.directory.route(domain);
      if (route.kind === "found") return this.#take(message, route.value, domain, recipients);
    } catch (error) {
      this.#deps.log.error("route lookup broke", { domain, error: String(error) });
    }
    this.#settleAll(message, recipients, { kind: "deferred", scope: "local", reply: words.routeLookupFailed, relay: null });
  }

  #take(message: ClaimedMessage, route: Route, domain: string, recipients: readonly ClaimedRecipient[]): void {
    if (route.kind === "discard") {
      this.#settleAll(message, recipients, { kind: "relayed", reply: words.discarded, relay: "discard" });
      return;
    }
    const elapsed = this.#deps.edges.elapsed();
    const hop = this.#hopFor(route, domain, elapsed);
    const room = this.#draining ? 0 : this.#settings.recipients * FULL_SHARE * 2 - hop.lanes.waiting;
    if (room < recipients.length) void this.#release(message, recipients.slice(Math.max(0, room)));
    const taken = room < recipients.length ? recipients.slice(0, Math.max(0, room)) : recipients;
    if (hop.refusesAt(elapsed) && hop.lastFailure !== null) {
      this.#settleAll(message, taken, { kind: "deferred", scope: "host", reply: hop.lastFailure, relay: null });
      return;
    }
    hop.lanes.add(jobsOf(message, taken, hop.recipientLimit, elapsed, route.kind === "lmtp" || route.kind === "lmtpSocket"));
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
    const attempt = hop.route.kind === "maildir" ? new MaildirAttempt(job, hop.route.path, edges) : new SmtpAttempt(job, hop, this.#world);
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
    const elapsed = edges.elapsed();
    const queued = Math.max(0, edges.now() - job.message.receivedAt.getTime() - (elapsed - job.acceptedAt)) / 1000;
    const delays = [queued, (startedAt - job.acceptedAt) / 1000, end.connectMs / 1000, end.sendMs / 1000] as const;
    void this.#settle(end.endings.map(({ recipient, verdict }) => ({ message: job.message, recipient, verdict, delays })));
    if (end.untried.length > 0) void this.#release(job.message, end.untried);
    if (end.uncertain > 0) {
      metrics?.duplicateRisk.inc(end.uncertain);
      log.warn("outcome uncertain, copies may arrive twice", { queueId: job.message.queueId, relay: hop.key, copies: end.uncertain });
    }
    const failure = end.endings[0]?.verdict;
    hop.ended(job, end.state, slow, failure?.reply ?? null, elapsed);
    const again = { ...job, recipients: end.again };
    if (end.again.length > 0) {
      if (this.#draining) void this.#release(job.message, end.again);
      else hop.lanes.add(jobsOf(job.message, again.recipients, hop.recipientLimit, job.acceptedAt, false));
    }
    // What waited for a host that is down, or for a domain that is not there, learns it from this attempt.
    if ((end.forAll || (hop.isOpen && end.state === "unreachable")) && failure !== undefined) {
      for (const waiting of hop.lanes.takeAll()) this.#settleAll(waiting.message, waiting.recipients, failure);
    }
  }

  #settleAll(message: ClaimedMessage, recipients: readonly ClaimedRecipient[], verdict: Verdict): void {
    const queued = Math.max(0, this.#deps.edges.now() - message.receivedAt.getTime()) / 1000;
    void this.#settle(recipients.map((recipient) => ({ message, recipient, verdict, delays: [queued, 0, 0, 0] })));
  }

  async #settle(settlements: Settlement[]): Promise<void> {
    if (settlements.length === 0) return;
    try {
      await this.#deps.settle(settlements);
    } catch (error) {
      this.#deps.log.error("settling failed, the leases decide", { error: String(error), recipients: settlements.length });
    }
    this.#letGo(settlements.length);
  }

  async #release(message: ClaimedMessage, recipients: readonly ClaimedRecipient[]): Promise<void> {
    try {
      await this.#deps.release(message, recipients);
    } catch (error) {
      this.#deps.log.error("release failed, the leases decide", { error: String(error), recipients: recipients.length });
    }
    this.#letGo(recipients.length);
  }

  #letGo(recipients: number): void {
    this.#held -= recipients;
    if (this.#held === 0) this.#whenIdle?.();
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

function byDomain(recipients: readonly ClaimedRecipient[]): Map<string, ClaimedRecipient[]> {
  const domains = new Map<string, ClaimedRecipient[]>();
  for (const recipient of recipients) {
    const others = domains.get(recipient.finalRecipient.domain);
    if (others) others.push(recipient);
    else domains.set(recipient.finalRecipient.domain, [recipient]);
  }
  return domains;
}
