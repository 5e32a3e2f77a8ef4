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

/** Steps spent on finding the way round for each address; in a larger tangle the rest is only named. */
const STEPS = 1_000_000;

/**
 * The loops on which addresses lie that `touched` picks, by address: each from that address round to itself. An address that only
 * leads into a loop is on none. Costs the graph once, and STEPS at most.
 */
export function loopsThrough(graph: Graph, touched: (node: Node) => boolean): ReadonlyMap<string, string> {
  const loops = new Map<string, string>();
  const budget = { left: STEPS };
  for (const tangle of tanglesOf(graph)) {
    const members = new Set(tangle);
    for (const node of tangle) {
      if (!touched(node) || loops.has(node.mailbox.key)) continue;
      const ring = wayRound(node, members, budget);
      if (ring === null)
        loops.set(
          node.mailbox.key,
          `${node.mailbox.key} → … → ${node.mailbox.key} (one of ${tangle.length} addresses that lead to each other)`,
        );
      for (const [at, one] of (ring ?? []).entries())
        if (touched(one) && !loops.has(one.mailbox.key)) loops.set(one.mailbox.key, ringText(ring ?? [], at));
    }
  }
  return loops;
}

/** Addresses of a ring that are written out. */
const WRITTEN = 12;

/** `a → b → c → a`, beginning with the address at `from`. */
function ringText(ring: readonly Node[], from: number): string {
  const steps = Math.min(ring.length, WRITTEN);
  const keys = Array.from({ length: steps }, (_, step) => ring[(from + step) % ring.length]?.mailbox.key ?? "");
  const more = ring.length > WRITTEN ? [`… ${ring.length - WRITTEN} more …`] : [];
  return [...keys, ...more, keys[0]].join(" → ");
}

/** The addresses passed from a node round to itself, breadth first, staying among `members`. Null: the budget is spent. */
function wayRound(start: Node, members: ReadonlySet<Node>, budget: { left: number }): readonly Node[] | null {
  const before = new Map<Node, Node>();
  for (let level: Node[] = [start]; level.length > 0; ) {
    const next: Node[] = [];
    for (const node of level) {
      for (const { to } of node.hops) {
        if (to === start) return wayTo(node, start, before);
        if (--budget.left < 0) return null;
        if (!members.has(to) || before.has(to)) continue;
        before.set(to, node);
        next.push(to);
      }
    }
    level = next;
  }
  return null;
}

function wayTo(end: Node, start: Node, before: ReadonlyMap<Node, Node>): Node[] {
  const way: Node[] = [];
  for (let node: Node | undefined = end; node !== undefined && node !== start; node = before.get(node)) way.push(node);
  return [start, ...way.reverse()];
}

/** Addresses that lie on any loop. */
export const onLoops = (graph: Graph): readonly string[] => tanglesOf(graph).flatMap((tangle) => tangle.map((node) => node.mailbox.key));

type Visit = { readonly node: Node; readonly index: number; low: number; next: number };

/**
 * The sets of addresses that reach each other, where that is more than one, or one that leads to itself (Tarjan's strongly connected
 * components). Without recursion, since a chain may be as long as the directory.
 */
function tanglesOf(graph: Graph): readonly (readonly Node[])[] {
  const tangles: Node[][] = [];
  if (graph.revisits === 0) return tangles; // a tree
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
