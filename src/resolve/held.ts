import type { Graph, Node } from "./graph.ts";
import type { Bar } from "./posting.ts";
import type { FinalRecipient, Held, Resolution } from "./resolution.ts";

type Expanded = Extract<Resolution, { readonly kind: "expanded" }>;

/**
 * The answer for a sender whom lists bar. A recipient that some way reaches past no such list gets its copy. Behind a moderated list it
 * waits for the moderator. When all there is lies behind lists where the sender may not post, the post is refused and the sender hears
 * of it at once; when there is more, it was not that list the sender wrote to, and its members' copies wait for its moderator too.
 */
export function withBars(expanded: Expanded, graph: Graph, bars: ReadonlyMap<Node, Bar>): Resolution {
  const allowed = reached(graph, (node) => bars.get(node) !== "mayNotPost");
  if (![...allowed].some(({ kind }) => kind === "final" || kind === "discarded")) {
    const [list] = [...bars].find(([, bar]) => bar === "mayNotPost") ?? [];
    return { kind: "mayNotPost", list: list?.mailbox.key ?? "" };
  }
  const free = reached(graph, (node) => !bars.has(node));
  const recipients = expanded.recipients.map((recipient): FinalRecipient => {
    const node = graph.nodes.get(recipient.mailbox.key);
    if (node === undefined || free.has(node)) return recipient;
    return { ...recipient, held: heldFor(node, bars, allowed.has(node) ? "moderated" : "mayNotPost") };
  });
  return { ...expanded, recipients };
}

/** The nodes reached from the starts by ways that pass only such nodes. */
export function reached(graph: Graph, passes: (node: Node) => boolean): ReadonlySet<Node> {
  const seen = new Set(graph.starts);
  for (const node of seen) if (passes(node)) for (const hop of node.hops) seen.add(hop.to);
  return seen;
}

function heldFor(node: Node, bars: ReadonlyMap<Node, Bar>, wanted: Bar): Held {
  let list: Node | null = node.parent;
  while (list !== null && bars.get(list) !== wanted) list = list.parent;
  list ??= [...bars].find(([, bar]) => bar === wanted)?.[0] ?? node;
  const reason =
    wanted === "moderated"
      ? `${list.mailbox.key} is moderated`
      : `the sender may not post to ${list.mailbox.key}, which another address leads to`;
  return { reason, by: list.mailbox };
}
