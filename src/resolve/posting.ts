/**
 * Who may post to the lists that a message would pass. Decided on the sender that is asked about, of the envelope or the From field, which
 * nobody has proved (a list that must be sure is moderated), and on all addresses of a person who signed in, who has.
 */
import type { ReversePath } from "../mail/envelope.ts";
import { found, type Lookup } from "../mail/lookup.ts";
import { atOurs, type Mailbox } from "../mail/mailbox.ts";
import type { Graph, Node } from "./graph.ts";
import type { Limits } from "./limits.ts";
import { type Domains, meaningsOf } from "./meanings.ts";
import { answersForAnother } from "./posts.ts";
import { type WalkDirectory, walk } from "./walk.ts";

/** Why a list does not take a post at once: the sender may not post there, or its moderator sees every post first. */
export type Bar = "mayNotPost" | "moderated";

/** All that the lists may know a sender by; no address: the null reverse-path, a bounce. `proved`: the sender signed in. */
export type Senders = { readonly addresses: readonly Mailbox[]; readonly proved: boolean };

export const sendersOf = (sender: ReversePath, ownAddresses: readonly Mailbox[] = []): Senders => ({
  addresses: sender === null ? [] : [sender, ...ownAddresses],
  proved: ownAddresses.length > 0,
});

/** The lists that do not simply take the sender's post. */
export async function barsFor(
  directory: WalkDirectory,
  graph: Graph,
  lists: readonly Node[],
  { addresses: senders, proved }: Senders,
  limits: Limits,
  now: Date,
): Promise<Lookup<ReadonlyMap<Node, Bar>>> {
  const bars = new Map<Node, Bar>();
  if (senders.length === 0) {
    // Bounces to a list would go to all its members, unless they are those of another list, which this one answers for.
    for (const list of lists) if (!answersForAnother(list)) bars.set(list, "mayNotPost");
    return found(bars);
  }
  const domains = await directory.domains();
  if (domains.kind !== "found") return domains;
  const names = senders.flatMap((sender) => namesOf(sender, domains.value));
  const met = names.flatMap((name) => graph.nodes.get(name) ?? []);
  const unsure: Node[] = [];
  for (const list of lists) {
    const posting = list.entry?.posting ?? "anyone";
    const takes =
      posting === "anyone" ||
      (posting === "campus" && senders.some(({ domain }) => domains.value.has(domain))) ||
      (posting === "named" && isNamed(list, names, domains.value)) ||
      (posting === "members" && met.some((one) => leadsTo(graph, list, one)));
    if (!takes) unsure.push(list);
  }
  // A moderated list must be sure: anybody may write its owner's address into an envelope, so there only an owner who signed in is one.
  const isModerated = (list: Node): boolean => list.entry?.posting === "moderated";
  const asked = proved ? unsure : unsure.filter((list) => !isModerated(list));
  const owned = await ownedBy(directory, names, asked, limits, now);
  if (owned.kind !== "found") return owned;
  for (const list of unsure) if (!owned.value.has(list)) bars.set(list, isModerated(list) ? "moderated" : "mayNotPost");
  return found(bars);
}

/** The list names the sender. */
function isNamed(list: Node, names: readonly string[], domains: Domains): boolean {
  const named = list.entry?.list?.senders ?? [];
  return named.some((one) => names.includes(domains.has(one.domain) ? atOurs(one).key : one.key));
}

/** All that a sender is called here: the address as written, without its tag, and the same in the domain that its own is an alias of. */
export function namesOf(sender: Mailbox, domains: Domains): string[] {
  if (!domains.has(sender.domain)) return [sender.key];
  const { candidates } = meaningsOf(atOurs(sender), domains);
  return candidates.filter(({ ofList }) => ofList === null).map(({ entry }) => entry.key);
}

/** Whether a list leads to a node, itself or through others. */
function leadsTo(graph: Graph, list: Node, to: Node): boolean {
  for (let at = to.parent; at !== null; at = at.parent) if (at === list) return true;
  if (graph.revisits === 0) return false; // a tree: the only way was looked at
  const seen = new Set([list]);
  for (const node of seen) {
    for (const hop of node.hops) {
      if (hop.to === to) return true;
      seen.add(hop.to);
    }
  }
  return false;
}

/** Those of the lists whose owner is the sender, or leads to the sender: the owner may always post. */
async function ownedBy(
  directory: WalkDirectory,
  names: readonly string[],
  lists: readonly Node[],
  limits: Limits,
  now: Date,
): Promise<Lookup<ReadonlySet<Node>>> {
  const owned = new Set<Node>();
  const answers = new Map<string, boolean>();
  for (const list of lists) {
    const owner = list.entry?.owner ?? null;
    if (owner === null) continue;
    let answer = answers.get(owner.key);
    if (answer === undefined) {
      const walked = await walk(directory, [owner], limits, now);
      if (walked.kind === "unavailable") return walked;
      answer = names.some((name) => walked.graph.nodes.has(name));
      answers.set(owner.key, answer);
    }
    if (answer) owned.add(list);
  }
  return found(owned);
}
