import type { Directory } from "../directory/directory.ts";
import type { ReversePath } from "../mail/envelope.ts";
import type { Lookup } from "../mail/lookup.ts";
import { type Mailbox, mailboxText } from "../mail/mailbox.ts";
import { replies } from "../mail/replies.ts";
import type { Reply } from "../mail/reply.ts";
import { describe, type Routes } from "./describe.ts";
import type { ExplainedLeaf, Explanation } from "./explanation.ts";
import type { Graph, Node } from "./graph.ts";
import { withBars } from "./held.ts";
import { outcomeOf } from "./outcome.ts";
import { type Bar, barsFor, listsIn } from "./posting.ts";
import type { Resolution } from "./resolution.ts";
import type { ResolveOptions } from "./resolve.ts";
import { LIMITS, type Walk, walk } from "./walk.ts";

export type ExplainDirectory = Pick<Directory, "domains" | "entries" | "route">;

/**
 * What mail for an address would do now, with the walk that RCPT takes. `sender` undefined: not given, so posting policies are not asked.
 * A walk that fails half way explains what it saw.
 */
export async function explain(
  directory: ExplainDirectory,
  recipient: Mailbox,
  sender: ReversePath | undefined,
  { limits = LIMITS, now = () => new Date() }: ResolveOptions = {},
): Promise<Explanation> {
  const time = now();
  const walked = await walk(directory, [recipient], limits, time);
  const { graph } = walked;
  const lists = walked.kind === "complete" ? listsIn(graph) : [];
  const bars = sender === undefined ? NO_BARS : await barsFor(directory, graph, lists, sender, limits, time);
  const resolution = resolutionOf(walked, bars);
  const isOurs = graph.starts[0]?.kind !== "final";
  const { nodes, hops, leaves } = describe(
    walked,
    resolution,
    bars.kind === "found" ? bars.value : new Map(),
    await routesOf(directory, graph),
  );
  return {
    address: mailboxText(recipient),
    from: sender === undefined ? null : sender === null ? "<>" : mailboxText(sender),
    as_of: time.toISOString(),
    verdict: verdictOf(resolution, isOurs),
    counts: countsOf(leaves),
    nodes,
    hops,
    leaves,
    warnings: warningsFor(recipient, sender, resolution, lists),
  };
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

const VERDICTS: Readonly<Record<Resolution["kind"], Reply>> = {
  expanded: replies.recipientOk,
  absent: replies.mailboxUnknown,
  unavailable: replies.lookupFailed,
  tooLarge: replies.expansionTooLarge,
  onlyItself: replies.leadsToItself,
  mayNotPost: replies.mayNotPost,
};

function verdictOf(resolution: Resolution, isOurs: boolean): Explanation["verdict"] {
  const { code, enhancedStatus, text } = isOurs ? VERDICTS[resolution.kind] : replies.relayDenied;
  return { kind: isOurs ? resolution.kind : "notOurs", code, enhanced_status: enhancedStatus, text };
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

function warningsFor(recipient: Mailbox, sender: ReversePath | undefined, resolution: Resolution, lists: readonly Node[]): string[] {
  const warnings: string[] = [];
  const closed = lists.find((list) => list.entry?.posting !== "anyone");
  if (sender === undefined && closed !== undefined)
    warnings.push(`${mailboxText(closed.mailbox)} does not take posts from everybody: name a sender to see whether it takes theirs`);
  if (recipient.localPart.toLowerCase() === "postmaster" && resolution.kind === "absent") {
    warnings.push("mail for postmaster is always taken: without an entry it goes to whom the settings name, or waits for a person");
  }
  return warnings;
}
