/** A walk drawn as a tree: every hop is there once, and says either what follows or how the way ends. */
import type { Entry, LdapOrigin, Route } from "../directory/directory.ts";
import type { Lookup } from "../mail/lookup.ts";
import { mailboxText } from "../mail/mailbox.ts";
import { replies } from "../mail/replies.ts";
import type { Reply } from "../mail/reply.ts";
import { bounceMailbox } from "./bounce-mailbox.ts";
import type { ExplainedHop, ExplainedKind, ExplainedLeaf, ExplainedNode, LeafState } from "./explanation.ts";
import type { Edge, Node } from "./graph.ts";
import { reached } from "./held.ts";
import { closingEdges } from "./loops.ts";
import { badTargetsOf } from "./outcome.ts";
import type { Bar } from "./posting.ts";
import type { FinalRecipient, HopReason, Resolution } from "./resolution.ts";
import { HOP_REASONS, type Walk } from "./walk.ts";

/** Routes by the domains of final recipients. */
export type Routes = ReadonlyMap<string, Lookup<Route>>;

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
    for (const address of badTargetsOf(node)) {
      const id = this.nodes.length;
      this.nodes.push({ id, address, kind: "bad", ...NO_ENTRY });
      this.#leaf(id, this.#hop(node, id, reason).id, { state: "badTarget" }, [...pathTo(node), address]);
    }
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

const ANSWERS: Readonly<Record<LeafState, Reply>> = {
  delivers: replies.recipientOk,
  discarded: replies.recipientOk,
  duplicate: replies.recipientOk,
  held: replies.recipientOk,
  senderHasIt: replies.recipientOk,
  unknown: replies.mailboxUnknown,
  expired: replies.mailboxUnknown,
  empty: replies.mailboxUnknown,
  badTarget: replies.mailboxUnknown,
  loop: replies.leadsToItself,
  mayNotPost: replies.mayNotPost,
  tooDeep: replies.expansionTooLarge,
  tooWide: replies.expansionTooLarge,
  refused: replies.expansionTooLarge,
  lookupFailed: replies.lookupFailed,
  notOurs: replies.relayDenied,
};

type End = {
  readonly state: LeafState;
  readonly detail?: string;
  readonly recipient?: FinalRecipient;
  readonly nextHop?: string;
};

/** How the way ends at a node; null: it goes on. */
class Ends {
  readonly #walked: Walk;
  readonly #routes: Routes;
  readonly #recipients: ReadonlyMap<string, FinalRecipient>;
  readonly #ownCopies: ReadonlySet<string>;
  readonly #isBarred: (node: Node) => boolean;

  constructor(walked: Walk, routes: Routes, resolution: Resolution, isBarred: (node: Node) => boolean) {
    this.#walked = walked;
    this.#routes = routes;
    const { recipients, withoutOwnCopy } = resolution.kind === "expanded" ? resolution : { recipients: [], withoutOwnCopy: [] };
    this.#recipients = new Map(recipients.map((one) => [one.mailbox.key, one]));
    this.#ownCopies = new Set(withoutOwnCopy.map(({ key }) => key));
    this.#isBarred = isBarred;
  }

  of(node: Node): End | null {
    const walked = this.#walked;
    if (walked.kind === "tooLarge" && walked.at === node.mailbox.key) return { state: walked.limit === "depth" ? "tooDeep" : "tooWide" };
    if (this.#isBarred(node)) return { state: "mayNotPost" };
    switch (node.kind) {
      case "dead":
        return { state: node.why === "expired" ? "expired" : "unknown" };
      case "entry":
        return node.why === "empty" ? { state: "empty" } : null;
      case "passed":
        return null;
      case "unasked":
        return walked.kind === "unavailable" ? { state: "lookupFailed" } : { state: "refused" };
      case "final":
        return node.parent === null && !this.#isHeld(node)
          ? { state: "notOurs" }
          : walked.kind === "tooLarge"
            ? { state: "refused" }
            : this.#delivery(node);
    }
  }

  /** Only of ours: a postmaster whom nobody answers. */
  #isHeld(node: Node): boolean {
    return (this.#recipients.get(node.mailbox.key)?.held ?? null) !== null;
  }

  #delivery(node: Node): End {
    const recipient = this.#recipients.get(node.mailbox.key);
    const route = this.#routes.get(node.mailbox.domain);
    const held = recipient?.held ?? null;
    if (recipient !== undefined && held !== null) return { state: "held", detail: held.reason, recipient };
    if (this.#ownCopies.has(node.mailbox.key)) return { state: "senderHasIt" };
    if (route?.kind !== "found") return { state: "lookupFailed", ...(route?.kind === "unavailable" && { detail: route.cause.message }) };
    const end = { nextHop: route.value.url, ...(recipient !== undefined && { recipient }) };
    return route.value.kind === "discard" ? { state: "discarded", ...end } : { state: "delivers", ...end };
  }
}

function describeNode(id: number, { mailbox, kind, why, entry }: Node): ExplainedNode {
  return {
    id,
    address: mailboxText(mailbox),
    kind: explainedKind(kind, why, entry?.kind ?? null),
    ...(entry === null ? NO_ENTRY : factsOf(entry)),
  };
}

type EntryFacts = Omit<ExplainedNode, "id" | "address" | "kind">;
const NO_ENTRY: EntryFacts = { owner: null, posting: null, own_copy: null, may_leave: null, excluded: 0, expires_at: null, ldap: null };

const factsOf = ({ owner, posting, list, expiresAt, ldap }: Entry): EntryFacts => ({
  owner: owner === null ? null : mailboxText(owner),
  posting,
  own_copy: list?.ownCopy ?? null,
  may_leave: list?.mayLeave ?? null,
  excluded: list?.excluded.length ?? 0,
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
      return why === "expired" ? "expired" : "unknown";
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
