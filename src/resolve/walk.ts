/** Expansion as a walk: breadth first, one question per level, each address once, and never half an answer. */
import type { Directory, Entry } from "../directory/directory.ts";
import type { Mailbox } from "../mail/mailbox.ts";
import { readExclusions } from "./exclusions.ts";
import type { Graph, Node } from "./graph.ts";
import { peopleAmong } from "./level.ts";
import type { Limits } from "./limits.ts";
import { meaningsOf } from "./meanings.ts";
import { Walker } from "./walker.ts";

/**
 * How a walk ended, with what it saw until then. `freshUntil`: milliseconds since 1970; later LDAP may say something else. `at` of what is
 * unavailable: the address that nobody can tell; none: a whole level.
 */
export type Walk = { readonly graph: Graph; readonly freshUntil: number } & (
  | { readonly kind: "complete" }
  | { readonly kind: "unavailable"; readonly cause: Error; readonly at?: Node }
  | { readonly kind: "tooLarge"; readonly limit: keyof Limits; readonly at: string }
);

export type WalkDirectory = Pick<Directory, "domains" | "entries" | "people" | "forwarding">;

/** Follows everything the starts lead to. `now` decides which entries and targets count. */
export async function walk(directory: WalkDirectory, starts: readonly Mailbox[], limits: Limits, now: Date): Promise<Walk> {
  const domains = await directory.domains();
  if (domains.kind !== "found")
    return { kind: "unavailable", cause: causeOf(domains), graph: { starts: [], nodes: new Map(), revisits: 0 }, freshUntil: 0 };
  const walker = new Walker(domains.value, limits, now);
  const startNodes = starts.map((start) => walker.meet(start, null));
  const seen = () => ({
    graph: { starts: startNodes, nodes: walker.nodes, revisits: walker.revisits },
    freshUntil: walker.freshUntil,
  });
  while (walker.level.length > 0) {
    const level = walker.nextLevel();
    const asked = level.map((node) => meaningsOf(node.mailbox, domains.value));
    const answer = await directory.entries(asked.flatMap(({ candidates }) => candidates.map(({ entry }) => entry)));
    if (answer.kind !== "found") return { kind: "unavailable", cause: causeOf(answer), ...seen() };
    const exclusions = await readExclusions(directory, domains.value, answer.value);
    if (exclusions.kind !== "found") return { kind: "unavailable", cause: causeOf(exclusions), ...seen() };
    walker.excluded = exclusions.value.byList;
    const people = await peopleAmong(directory, asked, answer.value);
    walker.freshUntil = Math.min(walker.freshUntil, people.freshUntil, exclusions.value.freshUntil);
    if (!walker.knowsPolicies && (hasAffiliation(answer.value) || hasAffiliation(people.byKey))) {
      const forwarding = await directory.forwarding();
      if (forwarding.kind !== "found") return { kind: "unavailable", cause: causeOf(forwarding), ...seen() };
      walker.forwarding = forwarding.value;
    }
    for (const [i, node] of level.entries()) {
      const meanings = asked[i];
      if (meanings !== undefined) walker.take(node, meanings, { entries: answer.value, people });
      if (walker.unknown !== null) return { kind: "unavailable", ...walker.unknown, ...seen() };
      if (walker.tooLarge !== null) return { kind: "tooLarge", ...walker.tooLarge, ...seen() };
    }
  }
  return { kind: "complete", ...seen() };
}

function hasAffiliation(entries: ReadonlyMap<string, Entry>): boolean {
  for (const { life } of entries.values()) if (life !== undefined && life.affiliation !== null) return true;
  return false;
}

/** Neither domains() nor entries() says "absent"; should one ever, nobody is told that an address does not exist. */
const causeOf = (lookup: { readonly kind: string; readonly cause?: Error }): Error =>
  lookup.cause ?? new Error("no answer from the directory");
