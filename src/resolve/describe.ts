/** A walk drawn as a tree: every hop is there once, and says either what follows or how the way ends. */
import type { Entry, LdapOrigin } from "../directory/directory.ts";
import { filterOf } from "../directory/filter-address.ts";
import { mailboxText } from "../mail/mailbox.ts";
import { bounceMailbox } from "./bounce-mailbox.ts";
import { ANSWERS, type End, Ends, type Routes, skipText } from "./ends.ts";
import type { ExplainedHop, ExplainedKind, ExplainedLeaf, ExplainedNode } from "./explanation.ts";
import type { Edge, Node } from "./graph.ts";
import { reached } from "./held.ts";
import { closingEdges } from "./loops.ts";
import { badTargetsOf } from "./outcome.ts";
import type { Bar } from "./posting.ts";
import type { HopReason, Resolution } from "./resolution.ts";
import type { Walk } from "./walk.ts";
import { HOP_REASONS } from "./walker.ts";

export type Description = {
  readonly nodes: readonly ExplainedNode[];
  readonly hops: readonly ExplainedHop[];
  readonly leaves: readonly ExplainedLeaf[];
};

/** When the whole post is refused by lists, what lies behind them is left out. */
export function describe(walked: Walk, resolution: Resolution, bars: ReadonlyMap<Node, Bar>, routes: Routes): Description {
  const isBarred = (node: Node) => resolution.kind === "mayNotPost" && bars.get(node) === "mayNotPost";
  const visible = reached(walked.graph, (node) => !isBarred(node));
  const ends = new Ends(walked, routes, resolution, isBarred);
  const drawing = new Drawing(ends, closingEdges(walked.graph));
  for (const node of visible) drawing.add(node);
  for (const start of walked.graph.starts) drawing.start(start);
  for (const node of visible) if (!isBarred(node)) drawing.follow(node);
  return drawing;
}

class Drawing implements Description {
  readonly nodes: ExplainedNode[] = [];
  readonly hops: ExplainedHop[] = [];
  readonly leaves: ExplainedLeaf[] = [];
  readonly #ids = new Map<Node, number>();
  readonly #drawn = new Set<Node>();
  readonly #ends: Ends;
  readonly #closing: ReadonlySet<Edge>;

  constructor(ends: Ends, closing: ReadonlySet<Edge>) {
    this.#ends = ends;
    this.#closing = closing;
  }

  add(node: Node): void {
    this.#ids.set(node, this.nodes.length);
    this.nodes.push(describeNode(this.nodes.length, node));
  }

  start(node: Node): void {
    const end = this.#ends.of(node);
    if (end !== null) this.#leaf(this.#idOf(node), null, end, pathTo(node));
  }

  follow(node: Node): void {
    for (const edge of node.hops) {
      const hop = this.#hop(node, this.#idOf(edge.to), edge.reason);
      const end = this.#endOfHop(node, edge);
      if (end !== null) this.#leaf(hop.to, hop.id, end, [...pathTo(node), mailboxText(edge.to.mailbox)]);
    }
    const reason = HOP_REASONS[node.entry?.kind ?? "alias"];
    for (const { address, why } of node.skipped)
      this.#leftOut(node, address, "off", reason, { state: why, detail: skipText(node, address) });
    for (const address of badTargetsOf(node)) this.#leftOut(node, address, "bad", reason, { state: "badTarget" });
  }

  /** A target that was never met: the same address may be reached another way, and is a node of its own here. */
  #leftOut(node: Node, address: string, kind: ExplainedKind, reason: HopReason, end: End): void {
    const id = this.nodes.length;
    this.nodes.push({ id, address, kind, ...NO_ENTRY });
    this.#leaf(id, this.#hop(node, id, reason).id, end, [...pathTo(node), address]);
  }

  /** Null: what follows is drawn behind this hop, which is the shortest way there. */
  #endOfHop(from: Node, edge: Edge): End | null {
    if (this.#closing.has(edge)) return { state: "loop" };
    if (edge.to.parent !== from || this.#drawn.has(edge.to)) return { state: "duplicate" };
    this.#drawn.add(edge.to);
    return this.#ends.of(edge.to);
  }

  #idOf(node: Node): number {
    return this.#ids.get(node) ?? -1;
  }

  #hop(from: Node, to: number, reason: HopReason): ExplainedHop {
    const hop = { id: this.hops.length, from: this.#idOf(from), to, reason };
    this.hops.push(hop);
    return hop;
  }

  #leaf(node: number, hop: number | null, { state, detail, recipient, nextHop }: End, path: readonly string[]): void {
    const { code, enhancedStatus } = ANSWERS[state];
    this.leaves.push({
      node,
      hop,
      state,
      code,
      enhanced_status: enhancedStatus,
      detail: detail ?? null,
      final_recipient: recipient ? mailboxText(recipient.mailbox) : null,
      path_taken: path,
      next_hop: nextHop ?? null,
      reverse_path: recipient?.list ? mailboxText(bounceMailbox(recipient.list.address)) : null,
    });
  }
}

function describeNode(id: number, { mailbox, kind, why, entry }: Node): ExplainedNode {
  return {
    id,
    address: filterOf(mailbox)?.filter ?? mailboxText(mailbox),
    kind: explainedKind(kind, why, entry?.kind ?? null),
    ...(entry === null ? NO_ENTRY : factsOf(entry)),
  };
}

type EntryFacts = Omit<ExplainedNode, "id" | "address" | "kind">;
const NO_ENTRY: EntryFacts = {
  owner: null,
  posting: null,
  own_copy: null,
  may_leave: null,
  excluded: 0,
  starts_at: null,
  expires_at: null,
  ldap: null,
};

const factsOf = ({ owner, posting, list, life, expiresAt, ldap }: Entry): EntryFacts => ({
  owner: owner === null ? null : mailboxText(owner),
  posting,
  own_copy: list?.ownCopy ?? null,
  may_leave: list?.mayLeave ?? null,
  excluded: list?.excluded.length ?? 0,
  starts_at: life?.startsAt?.toISOString() ?? null,
  expires_at: expiresAt?.toISOString() ?? null,
  ldap: ldap === undefined ? null : originOf(ldap),
});

const originOf = ({ source, dn, answeredAt, stale, shadowed }: LdapOrigin): ExplainedNode["ldap"] => ({
  source,
  dn,
  answered_at: answeredAt.toISOString(),
  stale,
  shadowed,
});

function explainedKind(kind: Node["kind"], why: Node["why"], entry: Entry["kind"] | null): ExplainedKind {
  switch (kind) {
    case "entry":
      return entry ?? "alias";
    case "dead":
      return why === "expired" ? "expired" : entry === null ? "unknown" : "off";
    case "discarded":
      return "off";
    case "final":
      return "mailbox";
    case "passed":
    case "unasked":
      return kind;
  }
}

/** The shortest way to a node. */
function pathTo(node: Node): string[] {
  const path: string[] = [];
  for (let at: Node | null = node; at !== null; at = at.parent) path.push(mailboxText(at.mailbox));
  return path.reverse();
}
