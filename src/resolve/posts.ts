/** What a graph says of the lists that mail passes. */
import type { Graph, Node } from "./graph.ts";
import type { ListCopy, PostedList } from "./resolution.ts";

const isList = (node: Node): boolean => node.kind === "entry" && node.entry?.kind === "list";

/** Lists of a graph, in the order in which they were met. */
export const listsIn = ({ nodes }: Graph): Node[] => [...nodes.values()].filter(isList);

/** The last list on the shortest way to a final recipient. */
export function listCopyOf(final: Node): ListCopy | null {
  let member = final;
  for (let at = final.parent; at !== null; at = at.parent) {
    if (isList(at) && at.entry !== null) {
      const leaver = at.entry.list?.mayLeave && leadsOnlyTo(member, final) ? member.mailbox : null;
      const takesPosts = at.entry.posting !== "owners" && at.entry.posting !== "named";
      return { address: at.entry.address, leaver, takesPosts, answersForAnother: answersForAnother(at) };
    }
    member = at;
  }
  return null;
}

/** A member who stands for several people is not taken off by one of them. */
function leadsOnlyTo(member: Node, final: Node): boolean {
  for (let at = final; at !== member; at = at.parent ?? member) if (at.parent?.hops.length !== 1) return false;
  return true;
}

/** A list that mail meets as the owner of another one. */
export function answersForAnother(list: Node): boolean {
  for (let at = list.parent; at !== null; at = at.parent) {
    const reason = at.hops[0]?.reason;
    if (reason === "bounces" || reason === "listOwner") return true;
  }
  return false;
}

/** The lists that are met before any other, with the final recipients behind each. */
export function postsIn(graph: Graph): readonly PostedList[] {
  const outer = new Set<Node>(graph.starts);
  for (const node of outer) if (!isList(node)) for (const hop of node.hops) outer.add(hop.to);
  return [...outer].filter(isList).map((list) => ({ address: list.mailbox, reach: reachOf(list) }));
}

function reachOf(list: Node): number {
  const seen = new Set([list]);
  let reach = 0;
  for (const node of seen) {
    if (node.kind === "final") reach++;
    for (const hop of node.hops) seen.add(hop.to);
  }
  return reach;
}
