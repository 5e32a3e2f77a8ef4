/** Where mail for some addresses goes at one moment. */
import type { Mailbox } from "../../mail/mailbox.ts";
import type { Graph, Node } from "../../resolve/graph.ts";
import { deadEndsIn } from "../../resolve/outcome.ts";
import type { DeadEnd } from "../../resolve/resolution.ts";
import { type WalkDirectory, walk } from "../../resolve/walk.ts";

/** A way that leads nowhere: which address, by whom it is meant (null: nobody, it was asked for), and why. */
export type DeadEndView = { readonly address: string; readonly from: string | null; readonly why: DeadEnd["why"] | "lookupFailed" };

export type Picture = {
  /** Keys of the final recipients of each address. */
  readonly receives: ReadonlyMap<string, ReadonlySet<string>>;
  /** All of them together. */
  readonly reach: number;
  readonly mailboxes: ReadonlyMap<string, Mailbox>;
  /** Those at domains that are neither ours nor have a route of their own. */
  readonly outside: ReadonlySet<string>;
  readonly deadEnds: ReadonlyMap<string, DeadEndView>;
  /** How many addresses were looked at before the bound was reached. */
  readonly looked: number;
};

/** Addresses walked together. */
const BATCH = 500;
/** Steps in all, for walking and for counting who receives: some seconds, and memory for no more than one batch's graph. */
const MOST_STEPS = 3_000_000;

/**
 * Walks the addresses in batches, as mail would now; stops where it becomes too much, and says how far it came. `failed`: keys of which LDAP
 * could not be asked: nobody says of them that they are unknown.
 */
export async function pictureOf(directory: WalkDirectory, addresses: readonly Mailbox[], failed: ReadonlySet<string>): Promise<Picture> {
  const domains = await directory.domains();
  const forwarding = await directory.forwarding();
  if (domains.kind !== "found" || forwarding.kind !== "found") throw new Error("the domains cannot be read");
  const isOutside = ({ domain }: Mailbox) => !domains.value.has(domain) && !forwarding.value.routed.has(domain);
  const picture = {
    receives: new Map<string, ReadonlySet<string>>(),
    mailboxes: new Map<string, Mailbox>(),
    outside: new Set<string>(),
    deadEnds: new Map<string, DeadEndView>(),
  };
  const budget = { left: MOST_STEPS };
  /** False: the steps are spent. */
  const lookAt = async (batch: readonly Mailbox[]): Promise<boolean> => {
    const none = Number.POSITIVE_INFINITY;
    const walked = await walk(directory, batch, { depth: none, recipients: none, hops: Math.max(0, budget.left) }, new Date());
    if (walked.kind === "tooLarge") return false;
    if (walked.kind === "unavailable" && walked.at === undefined) throw walked.cause;
    if (walked.kind === "unavailable" && batch.length > 1) return each(batch, lookAt); // one that nobody can tell must not hide the others
    noteDeadEnds(picture.deadEnds, walked.graph, failed);
    return noteRecipients(picture.receives, picture.mailboxes, walked.graph, budget);
  };
  let looked = 0;
  while (looked < addresses.length && (await lookAt(addresses.slice(looked, looked + BATCH)))) looked += BATCH;
  for (const [key, mailbox] of picture.mailboxes) if (isOutside(mailbox)) picture.outside.add(key);
  return { ...picture, reach: picture.mailboxes.size, looked: Math.min(looked, addresses.length) };
}

async function each(batch: readonly Mailbox[], lookAt: (one: readonly Mailbox[]) => Promise<boolean>): Promise<boolean> {
  for (const one of batch) if (!(await lookAt([one]))) return false;
  return true;
}

/** By address and reason: which way it was met first says nothing. */
function noteDeadEnds(deadEnds: Map<string, DeadEndView>, graph: Graph, failed: ReadonlySet<string>): void {
  const note = (end: DeadEndView) => deadEnds.set(`${end.why} ${end.address}`, end);
  for (const { address, from, why } of deadEndsIn(graph))
    note({ address, from, why: why === "unknown" && failed.has(address) ? "lookupFailed" : why });
  for (const node of graph.nodes.values())
    if (node.kind === "unasked") note({ address: node.mailbox.key, from: node.parent?.mailbox.key ?? null, why: "lookupFailed" });
}

/** False: the steps are spent. */
function noteRecipients(
  receives: Map<string, ReadonlySet<string>>,
  mailboxes: Map<string, Mailbox>,
  graph: Graph,
  budget: { left: number },
): boolean {
  for (const start of graph.starts) {
    const recipients = new Set<string>();
    const seen = new Set<Node>([start]);
    for (const node of seen) {
      if (node.kind === "final" && node !== start) {
        recipients.add(node.mailbox.key);
        mailboxes.set(node.mailbox.key, node.mailbox);
      }
      for (const { to } of node.hops) seen.add(to);
      budget.left -= 1 + node.hops.length;
      if (budget.left < 0) return false;
    }
    receives.set(start.mailbox.key, recipients);
  }
  return true;
}
