/** What a walk comes to, for a sender whom no list turns away. */
import type { Mailbox } from "../mail/mailbox.ts";
import type { Edge, Graph, Node } from "./graph.ts";
import { closingEdges } from "./loops.ts";
import { waysOf } from "./paths.ts";
import type { DeadEnd, FinalRecipient, Resolution } from "./resolution.ts";
import type { Walk } from "./walk.ts";

export function outcomeOf(walked: Walk): Resolution {
  if (walked.kind === "unavailable") return { kind: "unavailable", cause: walked.cause };
  if (walked.kind === "tooLarge") return { kind: "tooLarge", limit: walked.limit, at: walked.at };
  const { graph } = walked;
  const closing = closingEdges(graph);
  const deadEnds = deadEndsOf(graph, closing);
  const recipients = recipientsOf(graph, closing);
  if (recipients.length > 0) return { kind: "expanded", recipients, deadEnds };
  const bouncesOf = listBehindBounces(graph);
  if (bouncesOf !== null) return { kind: "absent", deadEnds, bouncesOf };
  return { kind: deadEnds.every(({ why }) => why === "loop") ? "onlyItself" : "absent", deadEnds };
}

/** The bounce address that the asked address is, or means. */
function listBehindBounces({ starts }: Graph): Mailbox | null {
  const passed = new Set<Node>(); // a catch-all may mean itself
  for (let at = starts[0]; at?.kind === "passed" && !passed.has(at); at = at.hops[0]?.to) {
    if (at.hops[0]?.reason === "bounces") return at.mailbox;
    passed.add(at);
  }
  return null;
}

function deadEndsOf({ nodes }: Graph, closing: ReadonlySet<Edge>): DeadEnd[] {
  const deadEnds: DeadEnd[] = [];
  for (const node of nodes.values()) {
    const from = node.mailbox.key;
    if (node.why !== null) deadEnds.push({ address: from, from: node.parent?.mailbox.key ?? null, why: node.why });
    for (const address of badTargetsOf(node)) deadEnds.push({ address, from, why: "badTarget" });
    if (closing.size === 0) continue;
    for (const edge of node.hops) if (closing.has(edge)) deadEnds.push({ address: edge.to.mailbox.key, from, why: "loop" });
  }
  return deadEnds;
}

/** Targets that are no addresses. An expired entry has none that matter. */
export const badTargetsOf = ({ kind, entry }: Node): readonly string[] => (kind === "entry" ? (entry?.badTargets ?? []) : []);

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
