/** What a walk comes to, for a sender whom no list turns away. */
import type { Mailbox } from "../mail/mailbox.ts";
import { movedTo, refusedWith, replies } from "../mail/replies.ts";
import type { Reply } from "../mail/reply.ts";
import type { Edge, Graph, Node } from "./graph.ts";
import { closingEdges } from "./loops.ts";
import { waysOf } from "./paths.ts";
import { listCopyOf, postsIn } from "./posts.ts";
import type { DeadEnd, FinalRecipient, Resolution } from "./resolution.ts";
import type { Walk } from "./walk.ts";

export function outcomeOf(walked: Walk): Resolution {
  if (walked.kind === "unavailable") return { kind: "unavailable", cause: walked.cause };
  if (walked.kind === "tooLarge") return { kind: "tooLarge", limit: walked.limit, at: walked.at };
  const { graph } = walked;
  const closing = closingEdges(graph);
  const deadEnds = deadEndsOf(graph, closing);
  const recipients = recipientsOf(graph, closing);
  const asked = askedEntry(graph);
  if (recipients.length > 0) {
    const to = asked?.entry?.life?.moved?.to;
    const moved = asked === null || to === undefined ? {} : { moved: { from: asked.mailbox, to } };
    return { kind: "expanded", recipients, deadEnds, posts: postsIn(graph), withoutOwnCopy: [], ...moved };
  }
  const ofList = listsOwnAddress(graph);
  if (ofList !== null) return { kind: "absent", deadEnds, ofList };
  const reply = replyOf(asked, deadEnds);
  if (reply !== null) return { kind: "refused", reply, deadEnds };
  return { kind: deadEnds.every(({ why }) => why === "loop") ? "onlyItself" : "absent", deadEnds };
}

/** The entry that the asked address is, or means without a tag or in another domain of ours. Null: nobody has it. */
function askedEntry({ starts }: Graph): Node | null {
  let at = starts[0];
  for (let reason = at?.hops[0]?.reason; at?.kind === "passed" && at.entry === null; reason = at?.hops[0]?.reason) {
    if (reason !== "subaddress" && reason !== "domainAlias") return null;
    at = at.hops[0]?.to;
  }
  return at !== undefined && at.entry !== null ? at : null;
}

/**
 * An answer of its own. An admin's words and a new address are told only to whoever wrote to the very address, so that nobody learns where
 * another one leads. One target that may work later is enough for "later". Null: it is as if there were no such address.
 */
function replyOf(asked: Node | null, deadEnds: readonly DeadEnd[]): Reply | null {
  const life = asked?.entry?.life;
  if (asked?.why === "disabledText" && life?.disabled?.answer === "text") return refusedWith(life.disabled.text);
  if (asked?.why === "moved" && life !== undefined && life.moved !== null) return movedTo(life.moved.to);
  if (deadEnds.some(({ why }) => why === "disabledSoft")) return replies.mailboxDisabled;
  return deadEnds.some(({ why }) => why === "notAllowed") ? replies.forwardingNotAllowed : null;
}

/** The address of a list's own that the asked address is, or means. */
function listsOwnAddress({ starts }: Graph): { readonly asked: Mailbox; readonly as: "bounces" | "listOwner" } | null {
  const passed = new Set<Node>(); // a catch-all may mean itself
  for (let at = starts[0]; at?.kind === "passed" && !passed.has(at); at = at.hops[0]?.to) {
    const reason = at.hops[0]?.reason;
    if (reason === "bounces" || reason === "listOwner") return { asked: at.mailbox, as: reason };
    passed.add(at);
  }
  return null;
}

/** All dead ends of a walk, from however many addresses it started. */
export const deadEndsIn = (graph: Graph): readonly DeadEnd[] => deadEndsOf(graph, closingEdges(graph));

function deadEndsOf({ nodes }: Graph, closing: ReadonlySet<Edge>): DeadEnd[] {
  const deadEnds: DeadEnd[] = [];
  for (const node of nodes.values()) {
    const from = node.mailbox.key;
    if (node.why !== null) deadEnds.push({ address: from, from: node.parent?.mailbox.key ?? null, why: node.why });
    for (const { address, why } of node.skipped) deadEnds.push({ address, from, why });
    for (const address of badTargetsOf(node)) deadEnds.push({ address, from, why: "badTarget" });
    if (closing.size === 0) continue;
    for (const edge of node.hops) if (closing.has(edge)) deadEnds.push({ address: edge.to.mailbox.key, from, why: "loop" });
  }
  return deadEnds;
}

/** Targets that are no addresses. An expired entry has none that matter. */
export const badTargetsOf = ({ kind, entry }: Node): readonly string[] => (kind === "entry" ? (entry?.badTargets ?? []) : []);

function recipientsOf(graph: Graph, closing: ReadonlySet<Edge>): FinalRecipient[] {
  const ways = waysOf(graph, closing);
  const recipients: FinalRecipient[] = [];
  for (const node of graph.nodes.values()) {
    if (node.kind !== "final" && node.kind !== "discarded") continue;
    const { paths, more } = ways(node);
    const recipient = { mailbox: node.mailbox, paths, morePaths: more, list: listCopyOf(node), held: null };
    recipients.push(node.kind === "final" ? recipient : { ...recipient, discarded: `${node.mailbox.key} is switched off` });
  }
  return recipients;
}
