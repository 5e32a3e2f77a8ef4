/** The ways through a graph. They can be far more than its edges (20 levels of 10 lists have 10^20), so they are counted, and few are written out. */
import type { Edge, Graph, Node } from "./graph.ts";

/** Ways written out for one recipient: enough to explain a copy, and small in every row of the trace. */
const PATHS_KEPT = 10;

export type Ways = { readonly paths: readonly (readonly string[])[]; readonly more: number };

/** The ways from the start to a node, the shortest in front. Edges that close a loop are no way: `closing`. */
export function waysOf(graph: Graph, closing: ReadonlySet<Edge>): (node: Node) => Ways {
  if (graph.revisits === 0) return (node) => ({ paths: [shortest(node)], more: 0 });
  const before = predecessors(graph, closing);
  const counts = countWays(graph, before, closing);
  return (node) => {
    const paths = firstWays(node, before);
    return { paths, more: (counts.get(node) ?? 1) - paths.length };
  };
}

function shortest(node: Node): string[] {
  const path: string[] = [];
  for (let at: Node | null = node; at !== null; at = at.parent) path.push(at.mailbox.key);
  return path.reverse();
}

type Predecessors = ReadonlyMap<Node, readonly Node[]>;

/** Those from which a node is reached, the one that met it first in front: so the shortest way is the first. */
function predecessors(graph: Graph, closing: ReadonlySet<Edge>): Predecessors {
  const before = new Map<Node, Node[]>();
  for (const node of graph.nodes.values()) {
    for (const edge of node.hops) {
      if (closing.has(edge)) continue;
      const list = before.get(edge.to);
      if (list === undefined) before.set(edge.to, [node]);
      else if (edge.to.parent === node) list.unshift(node);
      else list.push(node);
    }
  }
  return before;
}

/** How many ways lead to each node: a node is counted when all from which it is reached are. */
function countWays(graph: Graph, before: Predecessors, closing: ReadonlySet<Edge>): ReadonlyMap<Node, number> {
  const counts = new Map<Node, number>(graph.starts.map((start) => [start, 1]));
  const uncounted = new Map<Node, number>([...before].map(([node, from]) => [node, from.length]));
  const counted: Node[] = [...graph.starts];
  for (const node of counted) {
    for (const edge of node.hops) {
      if (closing.has(edge)) continue;
      counts.set(edge.to, Math.min(Number.MAX_SAFE_INTEGER, (counts.get(edge.to) ?? 0) + (counts.get(node) ?? 0)));
      const left = (uncounted.get(edge.to) ?? 1) - 1;
      uncounted.set(edge.to, left);
      if (left === 0) counted.push(edge.to);
    }
  }
  return counts;
}

/** Up to PATHS_KEPT ways, found from the end: every step back can be continued to a start, so none is tried in vain. */
function firstWays(node: Node, before: Predecessors): string[][] {
  const paths: string[][] = [];
  const walkBack = (at: Node, tail: readonly string[]): void => {
    const path = [at.mailbox.key, ...tail];
    const from = before.get(at);
    if (from === undefined) paths.push(path);
    else for (const one of from) if (paths.length < PATHS_KEPT) walkBack(one, path);
  };
  walkBack(node, []);
  return paths;
}
