/** Where an expansion goes round. Nothing here recurses, since a chain may be as long as the directory. */
import type { Edge, Graph, Node } from "./graph.ts";

/** Sets of addresses that all lead to each other: more than one, or one that leads to itself. Linear in hops. */
export function tanglesIn(graph: Graph): readonly (readonly Node[])[] {
  if (graph.revisits === 0) return []; // a tree
  const search = new TangleSearch();
  for (const start of graph.starts) search.from(start);
  return search.tangles;
}

type Visit = { readonly node: Node; readonly order: number; lowest: number; next: number };

/** Tarjan's strongly connected components. */
class TangleSearch {
  readonly tangles: Node[][] = [];
  readonly #visits = new Map<Node, Visit>();
  readonly #unsorted: Node[] = [];
  readonly #isUnsorted = new Set<Node>();

  from(start: Node): void {
    if (this.#visits.has(start)) return;
    const open = [this.#enter(start)];
    for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
      const to = top.node.hops[top.next++]?.to;
      if (to === undefined) {
        open.pop();
        this.#leave(top, open.at(-1));
        continue;
      }
      const known = this.#visits.get(to);
      if (known === undefined) open.push(this.#enter(to));
      else if (this.#isUnsorted.has(to)) top.lowest = Math.min(top.lowest, known.order);
    }
  }

  #enter(node: Node): Visit {
    const visit = { node, order: this.#visits.size, lowest: this.#visits.size, next: 0 };
    this.#visits.set(node, visit);
    this.#unsorted.push(node);
    this.#isUnsorted.add(node);
    return visit;
  }

  #leave({ node, order, lowest }: Visit, above: Visit | undefined): void {
    if (above !== undefined) above.lowest = Math.min(above.lowest, lowest);
    if (lowest < order) return; // in the tangle of one that is still open
    const tangle = this.#unsorted.splice(this.#unsorted.lastIndexOf(node));
    for (const one of tangle) this.#isUnsorted.delete(one);
    if (tangle.length > 1 || node.hops.some(({ to }) => to === node)) this.tangles.push(tangle);
  }
}

/**
 * The edges that close a loop: they lead back, to a node met no later, inside a tangle. Each is part of a loop; without them there is
 * none, and the shortest way to every node is still there.
 */
export function closingEdges(graph: Graph): ReadonlySet<Edge> {
  const closing = new Set<Edge>();
  const tangles = tanglesIn(graph);
  if (tangles.length === 0) return closing;
  const tangleOf = new Map<Node, number>();
  for (const [number, tangle] of tangles.entries()) for (const node of tangle) tangleOf.set(node, number);
  const met = new Set<Node>();
  for (const node of graph.nodes.values()) {
    met.add(node);
    const mine = tangleOf.get(node);
    if (mine === undefined) continue;
    for (const edge of node.hops) if (met.has(edge.to) && tangleOf.get(edge.to) === mine) closing.add(edge);
  }
  return closing;
}
