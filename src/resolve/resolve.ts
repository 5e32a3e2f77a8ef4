/**
 * resolve: one forward-path becomes its final recipients, each with the ways it took, or one refusal. The same answer serves RCPT and
 * explain. Trusts neither the directory's rows nor that they end: every walk is bounded. Knows no SMTP session and writes nothing.
 */
import type { Mailbox } from "../mail/mailbox.ts";
import type { Edge, Graph, Node } from "./graph.ts";
import { closingEdges } from "./loops.ts";
import { waysOf } from "./paths.ts";
import type { DeadEnd, FinalRecipient, Hop, Resolution, Resolve } from "./resolution.ts";
import { LIMITS, type Limits, type Walk, type WalkDirectory, walk } from "./walk.ts";

export type ResolveOptions = { readonly limits?: Limits; readonly now?: () => Date };

/** Answers what any mailbox means. */
export function openResolve(directory: WalkDirectory, { limits = LIMITS, now = () => new Date() }: ResolveOptions = {}): Resolve {
  return async (recipient) => resolutionOf(await walk(directory, [recipient], limits, now()));
}

function resolutionOf(walked: Walk): Resolution {
  if (walked.kind === "unavailable") return { kind: "unavailable", cause: walked.cause };
  if (walked.kind === "tooLarge") return { kind: "tooLarge", limit: walked.limit, at: walked.at };
  const { graph } = walked;
  const closing = closingEdges(graph);
  const hops = hopsOf(graph);
  const deadEnds = deadEndsOf(graph, closing);
  const recipients = recipientsOf(graph, closing);
  if (recipients.length > 0) return { kind: "expanded", recipients, hops, deadEnds };
  return { kind: deadEnds.every(({ why }) => why === "loop") ? "onlyItself" : "absent", hops, deadEnds };
}

const hopsOf = ({ nodes }: Graph): Hop[] =>
  [...nodes.values()].flatMap((node) => node.hops.map(({ to, reason }) => ({ from: node.mailbox.key, to: to.mailbox.key, reason })));

function deadEndsOf({ nodes }: Graph, closing: ReadonlySet<Edge>): DeadEnd[] {
  const deadEnds: DeadEnd[] = [];
  for (const node of nodes.values()) {
    const from = node.mailbox.key;
    if (node.why !== null) deadEnds.push({ address: from, from: node.parent?.mailbox.key ?? null, why: node.why });
    for (const address of node.entry?.badTargets ?? []) deadEnds.push({ address, from, why: "badTarget" });
    if (closing.size === 0) continue;
    for (const edge of node.hops) if (closing.has(edge)) deadEnds.push({ address: edge.to.mailbox.key, from, why: "loop" });
  }
  return deadEnds;
}

function recipientsOf(graph: Graph, closing: ReadonlySet<Edge>): FinalRecipient[] {
  const ways = waysOf(graph, closing);
  const recipients: FinalRecipient[] = [];
  for (const node of graph.nodes.values()) {
    if (node.kind !== "final") continue;
    const { paths, more } = ways(node);
    recipients.push({ mailbox: node.mailbox, paths, morePaths: more, list: lastList(node), held: null });
  }
  return recipients;
}

/** The last list on the shortest way. */
function lastList(node: Node): Mailbox | null {
  for (let at: Node | null = node.parent; at !== null; at = at.parent) if (at.entry?.kind === "list") return at.entry.address;
  return null;
}
