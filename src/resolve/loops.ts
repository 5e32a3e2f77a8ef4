import type { Edge, Graph, Node } from "./graph.ts";

/**
 * Which nodes lead to each other: those with the same number do. Linear in edges, and without recursion, since a chain may be as long
 * as the directory.
 */
export function circlesOf({ nodes }: Graph): ReadonlyMap<Node, number> {
  const circles = new Circles();
  for (const node of nodes.values()) circles.search(node);
  return circles.numbers;
}

type Visit = { readonly node: Node; readonly order: number; lowest: number; next: number };

/** Tarjan's strongly connected components. */
class Circles {
  readonly numbers = new Map<Node, number>();
  readonly #visits = new Map<Node, Visit>();
  readonly #unsorted: Node[] = [];

  search(root: Node): void {
    if (this.#visits.has(root)) return;
    const open = [this.#enter(root)];
    for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
      const to = top.node.hops[top.next++]?.to;
      if (to === undefined) {
        open.pop();
        this.#leave(top, open.at(-1));
        continue;
      }
      const known = this.#visits.get(to);
      if (known === undefined) open.push(this.#enter(to));
      else if (!this.numbers.has(to)) top.lowest = Math.min(top.lowest, known.order);
    }
  }

  #enter(node: Node): Visit {
    const visit = { node, order: this.#visits.size, lowest: this.#visits.size, next: 0 };
    this.#visits.set(node, visit);
    this.#unsorted.push(node);
    return visit;
  }

  #leave(visit: Visit, above: Visit | undefined): void {
    if (above !== undefined) above.lowest = Math.min(above.lowest, visit.lowest);
    if (visit.lowest < visit.order) return; // part of the circle of a node that is still open
    for (let node = this.#unsorted.pop(); node !== undefined; node = node === visit.node ? undefined : this.#unsorted.pop()) {
      this.numbers.set(node, visit.order);
    }
  }
}

/**
 * The edges that close a loop: they lead back, to a node met no later, inside a circle. Each is part of a loop; without them there is
 * none, and the shortest way to every node is still there.
 */
export function closingEdges(graph: Graph): ReadonlySet<Edge> {
  const closing = new Set<Edge>();
  if (graph.revisits === 0) return closing;
  const circles = circlesOf(graph);
  const met = new Set<Node>();
  for (const node of graph.nodes.values()) {
    met.add(node);
    for (const edge of node.hops) if (met.has(edge.to) && circles.get(edge.to) === circles.get(node)) closing.add(edge);
  }
  return closing;
}
