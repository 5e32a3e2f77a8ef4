/**
 * resolve: one forward-path becomes its final recipients, each with the ways it took, or one refusal. The same answer serves RCPT and
 * explain. Trusts neither the directory's rows nor that they end: every walk is bounded. Knows no SMTP session and writes nothing.
 */
import type { Directory } from "../directory/directory.ts";
import type { Graph, Node } from "./graph.ts";
import { withBars } from "./held.ts";
import { KeptAnswers, type Made } from "./kept-answers.ts";
import { LIMITS, type Limits } from "./limits.ts";
import { outcomeOf } from "./outcome.ts";
import { withoutOwnCopy } from "./own-copy.ts";
import { barsFor, type Senders, sendersOf } from "./posting.ts";
import { listsIn } from "./posts.ts";
import type { Resolution, Resolve } from "./resolution.ts";
import { momentsOf } from "./standing.ts";
import { type Walk, walk } from "./walk.ts";

export type ResolveDirectory = Pick<Directory, "domains" | "entries" | "people" | "forwarding" | "generation">;

export type ResolveOptions = { readonly limits?: Limits; readonly now?: () => Date; readonly cacheWeight?: number };

/** Nodes and hops of answers kept by one process: a list of 10,000 is 20,000 of them. 62 MiB when it is full of aliases. */
const CACHE_WEIGHT = 200_000;

/** What an address comes to for everybody, and the lists on the way, whose say depends on the sender. `sameForAll`: none has any. */
type Answer = { readonly resolution: Resolution; readonly graph: Graph; readonly lists: readonly Node[]; readonly sameForAll: boolean };

/** Answers what any mailbox means. From memory it takes a few microseconds, of a list with 10,000 members as well. */
export function openResolve(directory: ResolveDirectory, options: ResolveOptions = {}): Resolve {
  const { limits = LIMITS, now = () => new Date(), cacheWeight = CACHE_WEIGHT } = options;
  const answers = new KeptAnswers<Answer>(cacheWeight, () => directory.generation());
  return async (recipient, sender, ownAddresses) => {
    const time = now();
    const make = async () => answerOf(await walk(directory, [recipient], limits, time), time);
    const answer = await answers.get(recipient.key, time.getTime(), make);
    return answer.sameForAll && sender !== null
      ? answer.resolution
      : forSender(directory, answer, sendersOf(sender, ownAddresses), limits, time);
  };
}

function answerOf(walked: Walk, now: Date): Made<Answer> {
  const resolution = outcomeOf(walked);
  const lists = resolution.kind === "expanded" ? listsIn(walked.graph) : [];
  const sameForAll = lists.every(({ entry }) => entry?.posting === "anyone" && entry.list?.ownCopy !== false);
  return { answer: { resolution, graph: walked.graph, lists, sameForAll }, keep: keepUntil(walked, now.getTime()) };
}

/** An answer ends at the first moment at which one of the entries it passes means something else, or when LDAP must be asked again. */
function keepUntil({ kind, graph, freshUntil }: Walk, now: number): Made<Answer>["keep"] {
  if (kind === "unavailable") return null;
  let until = freshUntil;
  let weight = graph.nodes.size;
  for (const { entry, hops } of graph.nodes.values()) {
    weight += hops.length;
    if (entry === null || (entry.expiresAt === null && entry.life === undefined)) continue;
    for (const moment of momentsOf(entry)) if (moment.getTime() > now) until = Math.min(until, moment.getTime());
  }
  return { weight: Math.max(1, weight), until };
}

async function forSender(
  directory: ResolveDirectory,
  { resolution, graph, lists }: Answer,
  senders: Senders,
  limits: Limits,
  now: Date,
): Promise<Resolution> {
  if (resolution.kind !== "expanded" || lists.length === 0) return resolution;
  const bars = await barsFor(directory, graph, lists, senders, limits, now);
  if (bars.kind === "unavailable") return bars;
  if (bars.kind !== "found") return resolution;
  return withoutOwnCopy(directory, bars.value.size > 0 ? withBars(resolution, graph, bars.value) : resolution, graph, senders);
}
