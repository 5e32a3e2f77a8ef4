import { type Mailbox, mailboxText } from "../mail/mailbox.ts";
import type { Verdict } from "../mail/verdict.ts";
import type { ClaimedRecipient } from "../queue/claim.ts";
import type { Edges } from "./edges.ts";
import type { Hop, Job } from "./hop.ts";
import { type Host, hostsOf } from "./next-hop.ts";
import { openSession } from "./open-session.ts";
import { ourWords } from "./remote-reply.ts";
import { type Answer, type Session, SessionLost, type Transaction } from "./session.ts";
import type { OpenSession, Sessions } from "./sessions.ts";
import type { AttemptSettings } from "./settings.ts";
import { isTooManyRecipients, verdictOf } from "./verdict-of.ts";

/** How an attempt ended. */
export type AttemptEnd = {
  readonly verdicts: readonly { readonly recipient: ClaimedRecipient; readonly verdict: Verdict }[];
  /** Recipients which the host had no room for in this transaction; it took others. */
  readonly again: readonly ClaimedRecipient[];
  /** What the hop learns from it. */
  readonly host: "answered" | "tooMany" | "unreachable";
  readonly connectMs: number;
  readonly sendMs: number;
  readonly uncertain: boolean;
};

const LARGE = 10 * 1024 * 1024;
const HOSTS_TRIED = 10;

/** One attempt to bring one job to its next hop over SMTP or LMTP. Never rejects: what goes wrong is a verdict. */
export async function attempt(job: Job, hop: Hop, sessions: Sessions, edges: Edges, settings: AttemptSettings): Promise<AttemptEnd> {
  const begun = edges.elapsed();
  let current: Session | null = null;
  let expired = false;
  const seconds = settings.attemptSeconds * (job.message.size > LARGE ? 2 : 1);
  const deadline = setTimeout(() => {
    expired = true;
    current?.abort(new Error(`attempt took longer than ${seconds} s`));
  }, seconds * 1000);
  const use = (open: OpenSession): OpenSession => {
    current = open.session;
    return open;
  };
  try {
    const pooled = sessions.take();
    if (pooled) {
      const end = await tryOn(use(pooled), job, hop, sessions, edges, begun, true);
      if (end !== null) return end;
    }
    const where = await hostsOf(hop.route, edges);
    if (where.kind !== "found")
      return allOf(job, deferred("local", ourWords(451, "4.4.3", "Next hop not found", where.kind)), "answered", edges, begun);
    if (where.value.kind === "nowhere")
      return allOf(job, { kind: "failed", scope: "host", reply: where.value.reply, relay: null }, "answered", edges, begun);
    let last: Verdict = deferred("host", ourWords(450, "4.4.1", "No host to connect to"));
    for (const host of where.value.hosts.slice(0, HOSTS_TRIED)) {
      if (expired) break;
      try {
        const open = use({ session: await openSession(hop.route, host, edges, settings, (session) => (current = session)), host });
        const end = await tryOn(open, job, hop, sessions, edges, begun, false);
        if (end !== null) return end;
      } catch (error) {
        last = hostVerdict(error, host);
      }
    }
    return allOf(job, last, "unreachable", edges, begun);
  } catch (error) {
    return allOf(job, deferred("local", ourWords(451, "4.3.0", "Delivery attempt broke", String(error))), "answered", edges, begun);
  } finally {
    clearTimeout(deadline);
  }
}

const deferred = (scope: "local" | "host", reply: Verdict["reply"], relay: string | null = null): Verdict => ({
  kind: "deferred",
  scope,
  reply,
  relay,
});

function hostVerdict(error: unknown, host: Host): Verdict {
  if (!(error instanceof SessionLost))
    return deferred("local", ourWords(451, "4.3.0", "Delivery attempt broke", String(error)), host.relay);
  if (error.reply !== null) return verdictOf({ stage: error.stage, reply: error.reply }, host.relay, false);
  return deferred("host", ourWords(450, error.stage === "connect" ? "4.4.1" : "4.4.2", `${host.relay}`, error.message), host.relay);
}

function allOf(job: Job, verdict: Verdict, host: AttemptEnd["host"], edges: Edges, begun: number): AttemptEnd {
  const verdicts = job.recipients.map((recipient) => ({ recipient, verdict }));
  return { verdicts, again: [], host, connectMs: edges.elapsed() - begun, sendMs: 0, uncertain: false };
}

/** One transaction. Null: the pooled session had died between messages; nothing was sent that could count. */
async function tryOn(
  open: OpenSession,
  job: Job,
  hop: Hop,
  sessions: Sessions,
  edges: Edges,
  begun: number,
  pooled: boolean,
): Promise<AttemptEnd | null> {
  const { session, host } = open;
  const connected = edges.elapsed();
  const times = () => ({ connectMs: connected - begun, sendMs: edges.elapsed() - connected });
  let answers: Answer[];
  try {
    answers = await session.transact(transactionOf(job, session));
  } catch (error) {
    const lost = error instanceof SessionLost ? error : null;
    if (pooled && lost !== null && lost.stage === "mail" && !lost.uncertain) return null;
    if (lost === null) session.close();
    const verdict = lost?.uncertain
      ? deferred("host", ourWords(450, "4.4.2", "Connection lost after the final dot, outcome uncertain", lost.message), host.relay)
      : hostVerdict(error, host);
    const verdicts = job.recipients.map((recipient) => ({ recipient, verdict }));
    return {
      verdicts,
      again: [],
      host: lost?.reply?.code === 421 ? "tooMany" : "answered",
      ...times(),
      uncertain: lost?.uncertain ?? false,
    };
  }
  const took = answers.some((answer) => answer.stage === "dot");
  if (took || (session.usable && (await session.rset()))) sessions.give(open);
  else session.close();
  const someTaken = answers.some((answer) => answer.reply.code < 300);
  const again = job.recipients.filter(
    (_, i) => someTaken && answers[i]?.stage === "rcpt" && isTooManyRecipients((answers[i] as Answer).reply),
  );
  if (again.length > 0) hop.recipientLimit = Math.max(1, job.recipients.length - again.length);
  const verdicts = job.recipients.flatMap((recipient, i) =>
    again.includes(recipient) ? [] : [{ recipient, verdict: verdictOf(answers[i] as Answer, host.relay, session.isLmtp) }],
  );
  return { verdicts, again, host: "answered", ...times(), uncertain: false };
}

const wirePath = (mailbox: Mailbox | null): string => (mailbox === null ? "" : mailboxText(mailbox));

function transactionOf(job: Job, session: Session): Transaction {
  const { message } = job;
  const prefix = Buffer.from(message.prefix, "utf8");
  let mail = `MAIL FROM:<${wirePath(job.reversePath)}>`;
  if (session.offers("SIZE")) mail += ` SIZE=${message.size + prefix.length}`;
  if (session.offers("8BITMIME") && message.envelope.body === "8BITMIME") mail += " BODY=8BITMIME";
  if (session.offers("SMTPUTF8") && message.envelope.smtputf8) mail += " SMTPUTF8";
  const rcpts = job.recipients.map((recipient) => `RCPT TO:<${wirePath(recipient.finalRecipient)}>`);
  return { mail, rcpts, prefix, content: message.content.inMemory() ?? message.content.chunks() };
}
