/** Would mail go round? Answers it for a graph that was walked as the directory will be after a change; the change is then refused. */
import type { Graph, Node } from "./graph.ts";
import { tanglesIn } from "./loops.ts";

/** Steps spent on finding the way round for each address; in a larger tangle the rest is only named. */
const STEPS = 1_000_000;

/**
 * The loops on which addresses lie that `touched` picks, by address: each from that address round to itself. An address that only
 * leads into a loop is on none. Costs the graph once, and STEPS at most.
 */
export function loopsThrough(graph: Graph, touched: (node: Node) => boolean): ReadonlyMap<string, string> {
  const loops = new Map<string, string>();
  const budget = { left: STEPS };
  for (const tangle of tanglesIn(graph)) {
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
export const onLoops = (graph: Graph): readonly string[] => tanglesIn(graph).flatMap((tangle) => tangle.map((node) => node.mailbox.key));
