import type { Directory } from "../directory/directory.ts";
import type { ReversePath } from "../mail/envelope.ts";
import type { Lookup } from "../mail/lookup.ts";
import { atOurs, type Mailbox, mailboxText } from "../mail/mailbox.ts";
import { replies, replyToLocalPart } from "../mail/replies.ts";
import type { Reply } from "../mail/reply.ts";
import { answerOf } from "./answer.ts";
import { describe } from "./describe.ts";
import type { Routes } from "./ends.ts";
import type { ExplainedLeaf, Explanation } from "./explanation.ts";
import type { Graph, Node } from "./graph.ts";
import { withBars } from "./held.ts";
import { LIMITS, type Limits } from "./limits.ts";
import { outcomeOf } from "./outcome.ts";
import { withoutOwnCopy } from "./own-copy.ts";
import { type Bar, barsFor, sendersOf } from "./posting.ts";
import { listsIn } from "./posts.ts";
import type { FinalRecipient, Resolution } from "./resolution.ts";
import type { ResolveOptions } from "./resolve.ts";
import { type Walk, walk } from "./walk.ts";

export type ExplainDirectory = Pick<Directory, "domains" | "entries" | "people" | "forwarding" | "route">;

/** `postmaster`: who gets mail to postmaster that nobody answers; null: it is held. */
export type ExplainOptions = Pick<ResolveOptions, "limits" | "now"> & { readonly postmaster?: Mailbox | null };

/**
 * What mail for an address would do now, with the walk that RCPT takes. `sender` undefined: not given, so posting policies are not asked.
 * A walk that fails half way explains what it saw.
 */
export async function explain(
  directory: ExplainDirectory,
  recipient: Mailbox,
  sender: ReversePath | undefined,
  { limits = LIMITS, now = () => new Date(), postmaster = null }: ExplainOptions = {},
): Promise<Explanation> {
  const time = now();
  const asked: Asked[] = [];
  const ask = async (mailbox: Mailbox): Promise<Resolution> => {
    const one = await askFor(directory, mailbox, sender, limits, time);
    asked.push(one);
    return one.resolution;
  };
  const { meant, resolution } = await answerOf(ask, recipient, sender === null, async () => postmaster);
  const [first] = asked;
  const last = asked.at(-1);
  if (first === undefined || last === undefined) throw new Error("an answer without a question");
  const isOurs = first.walked.graph.starts[0]?.kind !== "final";
  const unanswered = resolution !== last.resolution;
  const walked = unanswered && resolution.kind === "expanded" ? standIn(meant, resolution.recipients) : last.walked;
  const bars = last.bars.kind === "found" && !unanswered ? last.bars.value : new Map();
  const { nodes, hops, leaves } = describe(walked, resolution, bars, await routesOf(directory, walked.graph));
  return {
    address: mailboxText(recipient),
    from: sender === undefined ? null : sender === null ? "<>" : mailboxText(sender),
    as_of: time.toISOString(),
    verdict: verdictOf(resolution, isOurs, recipient),
    counts: countsOf(leaves),
    nodes,
    hops,
    leaves,
    warnings: [
      ...(await strangerWarning(directory, sender, resolution)),
      ...warningsFor(sender, last.lists, asked.length > 1 ? meant : null, unanswered ? last.resolution : null),
    ],
  };
}

/** One question, as RCPT asks it. */
type Asked = { readonly walked: Walk; readonly lists: readonly Node[]; readonly bars: Bars; readonly resolution: Resolution };

async function askFor(
  directory: ExplainDirectory,
  mailbox: Mailbox,
  sender: ReversePath | undefined,
  limits: Limits,
  time: Date,
): Promise<Asked> {
  const walked = await walk(directory, [mailbox], limits, time);
  const lists = walked.kind === "complete" ? listsIn(walked.graph) : [];
  const senders = sendersOf(sender ?? null);
  const bars = sender === undefined ? NO_BARS : await barsFor(directory, walked.graph, lists, senders, limits, time);
  const resolution = await withoutOwnCopy(directory, resolutionOf(walked, bars), walked.graph, senders);
  return { walked, lists, bars, resolution };
}

/** The way of mail to a postmaster whom nobody answers: to whom the settings name, or no further. */
function standIn(postmaster: Mailbox, recipients: readonly FinalRecipient[]): Walk {
  const node = (mailbox: Mailbox, parent: Node | null): Node => ({
    mailbox,
    kind: "final",
    why: null,
    entry: null,
    hops: [],
    skipped: [],
    parent,
  });
  const start = node(postmaster, null);
  const others = recipients.filter(({ mailbox }) => mailbox.key !== postmaster.key).map(({ mailbox }) => node(mailbox, start));
  if (others.length > 0) {
    start.kind = "passed";
    start.hops = others.map((to) => ({ to, reason: "postmaster" }));
  }
  const nodes = new Map([start, ...others].map((each) => [each.mailbox.key, each]));
  return { kind: "complete", graph: { starts: [start], nodes, revisits: 0 }, freshUntil: Number.POSITIVE_INFINITY };
}

type Bars = Lookup<ReadonlyMap<Node, Bar>>;
const NO_BARS: Bars = { kind: "found", value: new Map() };

function resolutionOf(walked: Walk, bars: Bars): Resolution {
  const outcome = outcomeOf(walked);
  if (bars.kind === "unavailable") return bars;
  return outcome.kind === "expanded" && bars.kind === "found" && bars.value.size > 0
    ? withBars(outcome, walked.graph, bars.value)
    : outcome;
}

const VERDICTS: Readonly<Record<Exclude<Resolution["kind"], "refused">, Reply>> = {
  expanded: replies.recipientOk,
  absent: replies.mailboxUnknown,
  unavailable: replies.lookupFailed,
  tooLarge: replies.expansionTooLarge,
  onlyItself: replies.leadsToItself,
  mayNotPost: replies.mayNotPost,
};

const replyTo = (resolution: Resolution): Reply => (resolution.kind === "refused" ? resolution.reply : VERDICTS[resolution.kind]);

function verdictOf(resolution: Resolution, isOurs: boolean, recipient: Mailbox): Explanation["verdict"] {
  const reply = isOurs ? (replyToLocalPart(atOurs(recipient).localPart) ?? replyTo(resolution)) : replies.relayDenied;
  return { kind: isOurs ? resolution.kind : "notOurs", code: reply.code, enhanced_status: reply.enhancedStatus, text: reply.text };
}

async function routesOf(directory: ExplainDirectory, graph: Graph): Promise<Routes> {
  const domains = new Set<string>();
  for (const node of graph.nodes.values()) if (node.kind === "final") domains.add(node.mailbox.domain);
  const routes = await Promise.all([...domains].map(async (domain) => [domain, await directory.route(domain)] as const));
  return new Map(routes);
}

function countsOf(leaves: readonly ExplainedLeaf[]): Record<string, number> {
  const counts: Record<string, number> = { paths: leaves.length };
  for (const { state } of leaves) counts[state] = (counts[state] ?? 0) + 1;
  return counts;
}

/** Of a sender outside the envelope says little: RCPT leaves the decision to the author, who is taken here for the same. */
async function strangerWarning(directory: ExplainDirectory, sender: ReversePath | undefined, resolution: Resolution): Promise<string[]> {
  if (resolution.kind !== "mayNotPost" || sender === undefined || sender === null) return [];
  const domains = await directory.domains();
  if (domains.kind !== "found" || domains.value.has(sender.domain)) return [];
  return ["RCPT takes mail of a sender outside and refuses it after DATA, unless its From field names somebody who may post"];
}

/** `answers`: the postmaster in whose place it is answered. `unanswered`: what his own address comes to. */
function warningsFor(
  sender: ReversePath | undefined,
  lists: readonly Node[],
  answers: Mailbox | null,
  unanswered: Resolution | null,
): string[] {
  const warnings: string[] = [];
  const closed = lists.find((list) => list.entry?.posting !== "anyone");
  if (sender === undefined && closed !== undefined)
    warnings.push(`${mailboxText(closed.mailbox)} does not take posts from everybody: name a sender to see whether it takes theirs`);
  if (answers !== null)
    warnings.push(
      sender === null
        ? `nobody else gets these bounces: ${answers.key} answers for them`
        : `nobody else answers for the list: ${answers.key} gets its mail`,
    );
  if (unanswered !== null)
    warnings.push(
      unanswered.kind === "absent" && unanswered.deadEnds.every(({ from }) => from === null)
        ? "mail for postmaster is always taken, and no entry says whose it is"
        : "mail for postmaster is always taken, but where its entry leads it cannot go",
    );
  return warnings;
}
