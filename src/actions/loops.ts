/** Finds the loops that a change would make, before anybody's mail goes round in them, with the same walk that expands mail. */
import type { Queryable } from "../db/client.ts";
import { readDomains, readEntries } from "../directory/tables.ts";
import { found } from "../mail/lookup.ts";
import type { Mailbox } from "../mail/mailbox.ts";
import type { Graph, Node } from "../resolve/graph.ts";
import { type Walk, type WalkDirectory, walk } from "../resolve/walk.ts";

/** The directory as a transaction sees it, its own changes included. An error is thrown, not made "unavailable": nothing must be saved then. */
export const asStored = (tx: Queryable): WalkDirectory => ({
  domains: async () => found((await readDomains(tx)).byName),
  entries: async (addresses) =>
    found(
      await readEntries(
        tx,
        addresses.map(({ key }) => key),
      ),
    ),
});

/** What mail for the starts would do. Without limits: a loop must be found however long the way to it is. */
export async function follow(directory: WalkDirectory, starts: readonly Mailbox[]): Promise<Graph> {
  const none = Number.POSITIVE_INFINITY;
  const end: Walk = await walk(directory, starts, { depth: none, recipients: none, hops: none }, new Date());
  if (end.kind === "unavailable") throw end.cause;
  return end.graph;
}

/** Shortest loops are looked for this often; in a larger tangle the rest is only named. */
const SHOWN = 1000;

/**
 * The loops on which addresses lie that `touched` picks, by address: each from that address round to itself, the shortest there is.
 * An address that only leads into a loop is on none. Cost: the graph once, and the tangle an address lies in once for each address.
 */
export function loopsThrough(graph: Graph, touched: (node: Node) => boolean): ReadonlyMap<string, readonly string[]> {
  const loops = new Map<string, readonly string[]>();
  if (graph.revisits === 0) return loops; // a tree
  for (const tangle of tanglesOf(graph)) {
    const members = new Set(tangle);
    for (const node of tangle.filter(touched)) {
      const loop = loops.size < SHOWN ? wayRound(node, members) : null;
      loops.set(node.mailbox.key, loop ?? [node.mailbox.key, `… ${tangle.length} addresses …`, node.mailbox.key]);
    }
  }
  return loops;
}

/** Breadth first from a node to itself, staying among `members`. */
function wayRound(start: Node, members: ReadonlySet<Node>): readonly string[] | null {
  const before = new Map<Node, Node>();
  for (let level: Node[] = [start]; level.length > 0; ) {
    const next: Node[] = [];
    for (const node of level) {
      for (const { to } of node.hops) {
        if (to === start) return [...wayTo(node, start, before), start.mailbox.key];
        if (!members.has(to) || before.has(to)) continue;
        before.set(to, node);
        next.push(to);
      }
    }
    level = next;
  }
  return null;
}

function wayTo(end: Node, start: Node, before: ReadonlyMap<Node, Node>): string[] {
  const way: string[] = [];
  for (let node: Node | undefined = end; node !== undefined && node !== start; node = before.get(node)) way.unshift(node.mailbox.key);
  return [start.mailbox.key, ...way];
}

type Visit = { readonly node: Node; readonly index: number; low: number; next: number };

/**
 * The sets of addresses that reach each other, where that is more than one, or one that leads to itself (Tarjan's strongly connected
 * components). Without recursion, since a chain may be as long as the directory.
 */
function tanglesOf(graph: Graph): readonly (readonly Node[])[] {
  const tangles: Node[][] = [];
  const visits = new Map<Node, Visit>();
  const pending: Visit[] = []; // visited, not yet in a set
  const isPending = new Set<Node>();
  for (const start of graph.starts) {
    if (visits.has(start)) continue;
    const open = [visit(start)];
    for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
      const to = top.node.hops[top.next++]?.to;
      if (to === undefined) {
        open.pop();
        const above = open.at(-1);
        if (above) above.low = Math.min(above.low, top.low);
        if (top.low === top.index) close(top);
      } else if (!visits.has(to)) open.push(visit(to));
      else if (isPending.has(to)) top.low = Math.min(top.low, visits.get(to)?.index ?? top.low);
    }
  }
  return tangles;

  function visit(node: Node): Visit {
    const made = { node, index: visits.size, low: visits.size, next: 0 };
    visits.set(node, made);
    pending.push(made);
    isPending.add(node);
    return made;
  }

  function close(root: Visit): void {
    const set = pending.splice(pending.lastIndexOf(root)).map(({ node }) => node);
    for (const node of set) isPending.delete(node);
    if (set.length > 1 || root.node.hops.some(({ to }) => to === root.node)) tangles.push(set);
  }
}

/** Addresses at our domains that mean nothing: mail to them is refused. */
export const unknownIn = (graph: Graph): readonly string[] =>
  [...graph.nodes.values()].filter((node) => node.kind === "dead" && node.why === "unknown").map((node) => node.mailbox.key);
