import type { RemoteReply, Verdict } from "../mail/verdict.ts";
import type { ClaimedRecipient } from "../queue/claim.ts";
import type { Edges } from "./edges.ts";
import { fitJob } from "./fitting.ts";
import type { Hop, HostState } from "./hop.ts";
import type { Job } from "./lanes.ts";
import type { Host, NextHops } from "./next-hop.ts";
import { openSession } from "./open-session.ts";
import { type LeaveUrl, prefixOf } from "./prefix.ts";
import type { Session } from "./session.ts";
import { SessionLost } from "./session-lost.ts";
import type { OpenSession } from "./sessions.ts";
import type { AllSettings } from "./settings.ts";
import { type Answer, transact } from "./transaction.ts";
import { isTooManyRecipients, verdictOf } from "./verdict-of.ts";
import { withDetail, words } from "./words.ts";

export type Ending = { readonly recipient: ClaimedRecipient; readonly verdict: Verdict };

/** How an attempt ended. */
export type AttemptEnd = {
  readonly endings: readonly Ending[];
  /** Recipients that the host had no room for in this transaction, while it took others: to be tried again at once. */
  readonly again: readonly ClaimedRecipient[];
  /** Recipients that were not tried, because the process stops. */
  readonly untried: readonly ClaimedRecipient[];
  readonly state: HostState;
  /** The verdict is about the next hop itself: it holds for all that waits for it. */
  readonly forAll: boolean;
  /** Milliseconds: finding and reaching the host; the transaction. */
  readonly connectMs: number;
  readonly sendMs: number;
  /** Copies that the host may have taken although they are deferred. */
  readonly uncertain: number;
};

export type World = { readonly edges: Edges; readonly nextHops: NextHops; readonly settings: AllSettings; readonly leaveUrl: LeaveUrl };

/** Why an attempt is cut: it has lasted too long, or the process stops and has waited long enough. */
export class TooLong extends Error {}
export class Stopping extends Error {}

/** One attempt, as turns.ts sees it. */
export type Attempt = {
  /** Never rejects: what goes wrong is a verdict. */
  run(): Promise<AttemptEnd>;
  /** Ends it as soon as may be, with this as the cause. */
  abort(cause: Error): void;
};

/** One attempt to bring one job to its next hop over SMTP or LMTP. */
export class SmtpAttempt implements Attempt {
  readonly #job: Job;
  readonly #hop: Hop;
  readonly #world: World;
  readonly #begunAt: number;
  #connectedAt: number;
  #session: Session | null = null;
  #aborted: Error | null = null;

  constructor(job: Job, hop: Hop, world: World) {
    this.#job = job;
    this.#hop = hop;
    this.#world = world;
    this.#begunAt = world.edges.elapsed();
    this.#connectedAt = this.#begunAt;
  }

  abort(cause: Error): void {
    this.#aborted = cause;
    this.#session?.abort(cause);
  }

  async run(): Promise<AttemptEnd> {
    try {
      return (await this.#overIdleSession()) ?? (await this.#overNewSession());
    } catch (error) {
      return this.#all(deferred("local", withDetail(words.attemptBroke, String(error)), null), "untouched"); // perhaps a bug of ours: keep the mail
    }
  }

  /** Null: there was none, or it had died between messages; either way nothing was sent that could count. */
  async #overIdleSession(): Promise<AttemptEnd | null> {
    const open = this.#hop.sessions.take();
    if (open === undefined) return null;
    this.#session = open.session;
    try {
      return await this.#transact(open);
    } catch (error) {
      if (this.#aborted !== null || !(error instanceof SessionLost) || !isSafeToRepeat(error)) return this.#lost(error, open.host);
      this.#connectedAt = this.#world.edges.elapsed();
      return null;
    }
  }

  async #overNewSession(): Promise<AttemptEnd> {
    const { nextHops, edges, settings } = this.#world;
    const { route, domain } = this.#hop;
    const where = await nextHops.hostsOf(route, domain);
    if (where.kind !== "hosts")
      return this.#all({ kind: where.kind, scope: where.scope, reply: where.reply, relay: null }, "untouched", true);
    let last: Verdict | null = null;
    let state: HostState = "unreachable";
    for (const host of where.hosts) {
      if (this.#aborted !== null) break;
      try {
        const session = await openSession(route, host, edges, settings, (begun) => this.#use(begun));
        this.#connectedAt = edges.elapsed();
        return await this.#transact({ session, host });
      } catch (error) {
        if (!(error instanceof SessionLost) || !isSafeToRepeat(error)) return this.#lost(error, host);
        if (error.stage !== "connect" && error.stage !== "greeting") state = "strained";
        const verdict = hostVerdict(error, host);
        if (last === null || last.kind === "failed") last = verdict; // a final word holds only if all hosts have it
      }
    }
    if (this.#aborted instanceof Stopping) return this.#untried();
    nextHops.forget(route, domain);
    return this.#all(last ?? deferred("host", words.tooLong, null), state);
  }

  #use(session: Session): void {
    this.#session = session;
    if (this.#aborted !== null) session.abort(this.#aborted);
  }

  async #transact(open: OpenSession): Promise<AttemptEnd> {
    const { session, host } = open;
    const prefix = Buffer.from(prefixOf(this.#job, this.#world.leaveUrl), "utf8");
    const { recipients, transaction, unfit } = await fitJob(this.#job, session, prefix);
    const answers = recipients.length === 0 ? [] : await transact(session, transaction);
    const { endings, again, uncertain } = read(answers, recipients, host, session.isLmtp);
    for (const [recipient, reply] of unfit)
      endings.push({ recipient, verdict: { kind: "failed", scope: "message", reply, relay: host.relay } });
    this.#hop.hadRoomFor(recipients.length - again.length, again.length);
    const needsReset = answers.length > 0 && answers.every((answer) => answer.stage !== "dot");
    if (needsReset && session.usable && !(await session.rset())) session.close();
    this.#hop.sessions.give(open, this.#world.edges.elapsed());
    return { endings, again, untried: [], state: uncertain > 0 ? "strained" : "answered", forAll: false, ...this.#times(), uncertain };
  }

  /** The dialogue broke after the session stood. */
  #lost(error: unknown, host: Host): AttemptEnd {
    this.#session?.close();
    const uncertain = error instanceof SessionLost && error.uncertain;
    if (this.#aborted instanceof Stopping && !uncertain) return this.#untried();
    const verdict = uncertain ? deferred("host", withDetail(words.uncertain, error.message), host.relay) : hostVerdict(error, host);
    return {
      ...this.#all(verdict, verdict.kind === "deferred" && verdict.scope === "local" ? "untouched" : "strained"),
      uncertain: uncertain ? this.#job.recipients.length : 0,
    };
  }

  #untried(): AttemptEnd {
    return { endings: [], again: [], untried: this.#job.recipients, state: "untouched", forAll: false, ...this.#times(), uncertain: 0 };
  }

  #all(verdict: Verdict, state: HostState, forAll = false): AttemptEnd {
    const endings = this.#job.recipients.map((recipient) => ({ recipient, verdict }));
    return { endings, again: [], untried: [], state, forAll, ...this.#times(), uncertain: 0 };
  }

  #times(): { connectMs: number; sendMs: number } {
    return { connectMs: this.#connectedAt - this.#begunAt, sendMs: this.#world.edges.elapsed() - this.#connectedAt };
  }
}

/** It broke before any of the content was sent, by no fault of ours: the same job may go to another host, or over another connection. */
const isSafeToRepeat = ({ stage, ours }: SessionLost): boolean => !ours && stage !== "data" && stage !== "dot";

/** What the answers of a transaction mean for its recipients. */
function read(answers: readonly Answer[], recipients: readonly ClaimedRecipient[], host: Host, isLmtp: boolean) {
  const endings: Ending[] = [];
  const again: ClaimedRecipient[] = [];
  let uncertain = 0;
  const someTaken = answers.some((answer) => answer.stage === "dot");
  for (const [i, recipient] of recipients.entries()) {
    const answer = answers[i];
    if (answer === undefined || answer.reply === null) {
      uncertain++;
      endings.push({ recipient, verdict: deferred("host", words.uncertain, host.relay) });
    } else if (someTaken && answer.stage === "rcpt" && isTooManyRecipients(answer.reply)) {
      again.push(recipient); // others were taken, so each round is smaller than the one before
    } else endings.push({ recipient, verdict: verdictOf(answer, host.relay, isLmtp) });
  }
  return { endings, again, uncertain };
}

const deferred = (scope: "local" | "host", reply: RemoteReply, relay: string | null): Verdict => ({
  kind: "deferred",
  scope,
  reply,
  relay,
});

function hostVerdict(error: unknown, { relay }: Host): Verdict {
  if (!(error instanceof SessionLost)) return deferred("local", withDetail(words.attemptBroke, String(error)), relay);
  if (error.ours) return deferred("local", withDetail(words.contentUnreadable, error.message), relay);
  if (error.cause instanceof TooLong) return deferred("host", words.tooLong, relay);
  if (error.reply !== null && error.reply.code >= 400) return verdictOf({ stage: error.stage, reply: error.reply }, relay, false);
  if (error.tls) return deferred("host", withDetail(words.tlsFailed, error.message), relay);
  return deferred("host", withDetail(error.stage === "connect" ? words.noConnection : words.connectionLost, error.message), relay);
}
