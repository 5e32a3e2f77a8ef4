/**
 * deliver: takes claimed recipients to their next hop and says how each attempt ended. Trusts nothing a remote says: a reply is
 * text, capped and cleaned. May connect anywhere a route or an MX leads, through the connect it is given, and write Maildirs; reads
 * no table: the directory tells it routes. Standards: RFC 5321, 2033, 2920, 3207, 3461, 6152, 6531, 7505.
 */
import type { Directory, Route } from "../directory/directory.ts";
import type { Log } from "../log/log.ts";
import { mailboxText } from "../mail/mailbox.ts";
import type { Verdict } from "../mail/verdict.ts";
import type { ClaimedMessage, ClaimedRecipient, Settlement } from "../queue/claim.ts";
import { type AttemptEnd, attempt } from "./attempt.ts";
import type { Edges } from "./edges.ts";
import { Hop, type Job } from "./hop.ts";
import { maildirOf, writeMaildir } from "./maildir.ts";
import { ourWords } from "./remote-reply.ts";
import { Sessions } from "./sessions.ts";
import type { DelivererSettings } from "./settings.ts";

export type DelivererDeps = {
  readonly directory: Pick<Directory, "route">;
  /** Records how attempts ended. Recipients stay counted as held until it resolves. */
  readonly settle: (settlements: Settlement[]) => void | Promise<void>;
  /** Gives recipients back that were not tried: they fall due again at once. */
  readonly release: (message: ClaimedMessage, recipients: readonly ClaimedRecipient[]) => void | Promise<void>;
  readonly edges: Edges;
  readonly log: Log;
};

export type Deliverer = {
  /** Takes over recipients which this node has claimed. */
  accept(message: ClaimedMessage): void;
  /** How many more recipients it wants. */
  capacity(): number;
  /** Destinations of which enough wait already: a claim leaves them out. */
  fullDestinations(): string[];
  /** Lets running attempts end, gives back what was not begun. Resolves when all is settled and every socket closed. */
  drain(): Promise<void>;
  /** Nothing waits and nothing runs. */
  idle(): boolean;
};

export function createDeliverer(deps: DelivererDeps, settings: DelivererSettings): Deliverer {
  const { edges } = deps;
  const hops = new Map<string, { hop: Hop; sessions: Sessions }>();
  const ready = new Set<Hop>(); // in turns: a hop that got an attempt goes to the end
  let held = 0;
  let running = 0;
  let draining = false;
  let whenIdle: (() => void) | null = null;

  const hopFor = (route: Route, domain: string): Hop => {
    const key = route.kind === "mx" ? `mx:${domain}` : route.kind === "maildir" ? "maildir:" : route.url;
    let entry = hops.get(key);
    if (entry === undefined) {
      entry = { hop: new Hop(key, route, domain, Math.max(1, Math.floor(settings.attempts / 4))), sessions: new Sessions() };
      hops.set(key, entry);
    }
    return entry.hop;
  };

  const settle = async (settlements: Settlement[]): Promise<void> => {
    if (settlements.length === 0) return;
    try {
      await deps.settle(settlements);
    } catch (error) {
      deps.log.error("settling failed", { error: String(error), recipients: settlements.length }); // the lease ends, another attempt follows
    }
    held -= settlements.length;
    if (held === 0) whenIdle?.();
  };

  const settleAll = (message: ClaimedMessage, recipients: readonly ClaimedRecipient[], verdict: Verdict): void => {
    const delay = (edges.now() - message.receivedAt.getTime()) / 1000;
    void settle(recipients.map((recipient) => ({ message, recipient, verdict, delays: [delay, 0, 0, 0] })));
  };

  const giveBack = async (message: ClaimedMessage, recipients: readonly ClaimedRecipient[]): Promise<void> => {
    try {
      await deps.release(message, recipients);
    } catch (error) {
      deps.log.error("release failed", { error: String(error), recipients: recipients.length });
    }
    held -= recipients.length;
    if (held === 0) whenIdle?.();
  };

  const run = async (hop: Hop, job: Job): Promise<void> => {
    running++;
    hop.started(job);
    const startedAt = edges.elapsed();
    const end = await attemptBy(hop, job);
    running--;
    hop.ended(job);
    const sinceReceived = (edges.now() - job.message.receivedAt.getTime()) / 1000;
    const sinceAccepted = (edges.elapsed() - job.acceptedAt) / 1000;
    const delays = [
      Math.max(0, sinceReceived - sinceAccepted),
      (startedAt - job.acceptedAt) / 1000,
      end.connectMs / 1000,
      end.sendMs / 1000,
    ] as const;
    void settle(end.verdicts.map(({ recipient, verdict }) => ({ message: job.message, recipient, verdict, delays })));
    if (end.uncertain) deps.log.warn("outcome uncertain", { queueId: job.message.queueId, relay: hop.key, copies: job.recipients.length });
    if (end.again.length > 0) hop.add([{ ...job, recipients: end.again }]);
    learn(hop, end);
    if (hop.waiting > 0) ready.add(hop);
    pump();
  };

  const attemptBy = (hop: Hop, job: Job): Promise<AttemptEnd> => {
    const entry = hops.get(hop.key);
    if (hop.route.kind === "maildir") return toMaildirs(job, hop.route.path, edges);
    return attempt(job, hop, entry?.sessions ?? new Sessions(), edges, settings);
  };

  const learn = (hop: Hop, end: AttemptEnd): void => {
    const verdict = end.verdicts[0]?.verdict;
    if (end.host === "answered") hop.answered();
    if (end.host === "tooMany") hop.tooMany();
    if (end.host !== "unreachable" || verdict === undefined) return;
    hop.connectFailed(verdict.reply, edges.elapsed(), settings.retry);
    if (hop.isOpen) for (const job of hop.takeAll()) settleAll(job.message, job.recipients, verdict);
  };

  const pump = (): void => {
    for (const hop of ready) {
      if (running >= settings.attempts || draining) return;
      ready.delete(hop);
      const job = hop.hasRoom ? hop.next() : undefined;
      if (job === undefined) continue;
      if (hop.waiting > 0) ready.add(hop); // behind all others
      void run(hop, job);
    }
  };

  const enqueue = (message: ClaimedMessage, route: Route, domain: string, recipients: readonly ClaimedRecipient[]): void => {
    if (draining) {
      void giveBack(message, recipients);
      return;
    }
    if (route.kind === "discard") {
      settleAll(message, recipients, { kind: "relayed", reply: ourWords(250, "2.0.0", "discarded by route"), relay: "discard" });
      return;
    }
    const hop = hopFor(route, domain);
    if (hop.refusesAt(edges.elapsed()) && hop.lastFailure !== null) {
      settleAll(message, recipients, { kind: "deferred", scope: "host", reply: hop.lastFailure, relay: null });
      return;
    }
    hop.add(jobsOf(message, recipients, hop.recipientLimit, edges.elapsed()));
    ready.add(hop);
  };

  const take = async (message: ClaimedMessage): Promise<void> => {
    const byDomain = new Map<string, ClaimedRecipient[]>();
    for (const recipient of message.recipients) {
      const others = byDomain.get(recipient.finalRecipient.domain);
      if (others) others.push(recipient);
      else byDomain.set(recipient.finalRecipient.domain, [recipient]);
    }
    for (const [domain, recipients] of byDomain) {
      const route = await deps.directory.route(domain);
      if (route.kind === "found") enqueue(message, route.value, domain, recipients);
      else
        settleAll(message, recipients, {
          kind: "deferred",
          scope: "local",
          reply: ourWords(451, "4.3.0", "Route lookup failed"),
          relay: null,
        });
    }
    pump();
  };

  return {
    accept(message) {
      held += message.recipients.length;
      take(message).catch((error: unknown) => deps.log.error("accept failed", { error: String(error), queueId: message.queueId }));
    },
    capacity: () => (draining ? 0 : Math.max(0, settings.recipients - held)),
    fullDestinations() {
      const share = settings.recipients / 4;
      return [...hops.values()].flatMap(({ hop }) => (hop.waiting >= share ? [...hop.destinations.keys()] : []));
    },
    async drain() {
      draining = true;
      for (const { hop } of hops.values()) for (const job of hop.takeAll()) void giveBack(job.message, job.recipients);
      if (held > 0) await new Promise<void>((resolve) => (whenIdle = resolve));
      for (const { sessions } of hops.values()) sessions.close();
    },
    idle: () => held === 0,
  };
}

function jobsOf(message: ClaimedMessage, recipients: readonly ClaimedRecipient[], limit: number, acceptedAt: number): Job[] {
  const alike = new Map<string, ClaimedRecipient[]>();
  for (const recipient of recipients) {
    const key = `${recipient.lane} ${recipient.reversePath?.key ?? ""}`;
    const others = alike.get(key);
    if (others) others.push(recipient);
    else alike.set(key, [recipient]);
  }
  const jobs: Job[] = [];
  for (const [first, ...rest] of alike.values()) {
    if (first === undefined) continue;
    const all = [first, ...rest];
    for (let at = 0; at < all.length; at += limit) {
      jobs.push({ message, recipients: all.slice(at, at + limit), reversePath: first.reversePath, lane: first.lane, acceptedAt });
    }
  }
  return jobs;
}

/** Each recipient's copy into its own Maildir. Trouble is ours: the mail waits and never bounces for it. */
async function toMaildirs(job: Job, pattern: string, edges: Edges): Promise<AttemptEnd> {
  const begun = edges.elapsed();
  const { message } = job;
  const returnPath = job.reversePath === null ? "" : mailboxText(job.reversePath);
  // RFC 5321 §4.4: final delivery puts the reverse-path in front.
  const prefix = Buffer.from(`Return-Path: <${returnPath}>\r\n${message.prefix}`, "utf8");
  const verdicts: { recipient: ClaimedRecipient; verdict: Verdict }[] = [];
  for (const recipient of job.recipients) {
    const dir = maildirOf(pattern, recipient.finalRecipient);
    try {
      await writeMaildir(dir, prefix, () => message.content.inMemory() ?? message.content.chunks(), message.size, edges.now());
      verdicts.push({ recipient, verdict: { kind: "relayed", reply: ourWords(250, "2.0.0", "delivered to maildir"), relay: "maildir" } });
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? "error";
      const reply =
        code === "ENOSPC" || code === "EDQUOT"
          ? ourWords(452, "4.3.1", "No space for the Maildir", code)
          : ourWords(451, "4.3.0", "Maildir cannot be written", code);
      verdicts.push({ recipient, verdict: { kind: "deferred", scope: "local", reply, relay: "maildir" } });
    }
  }
  return { verdicts, again: [], host: "answered", connectMs: 0, sendMs: edges.elapsed() - begun, uncertain: false };
}
