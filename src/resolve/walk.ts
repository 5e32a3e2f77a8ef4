/** Expansion as a walk: breadth first, one question per level, each address once, and never half an answer. */
import type { Directory, Entry } from "../directory/directory.ts";
import { atOurs, canBeOurLocalPart, type Mailbox } from "../mail/mailbox.ts";
import { postmasterOf } from "./bounce-mailbox.ts";
import { type Exclusions, readExclusions } from "./exclusions.ts";
import type { Edge, Graph, Node } from "./graph.ts";
import { type Answers, answers, peopleAmong } from "./level.ts";
import { type Domains, type Meanings, meaningsOf, type Step } from "./meanings.ts";
import type { HopReason } from "./resolution.ts";

/** `depth`: entries one after another; `recipients`: final recipients; `hops`: steps in all, so that work grows with what may be delivered. */
export type Limits = { readonly depth: number; readonly recipients: number; readonly hops: number };

/** For each recipient: they leave room for nested lists. */
const HOPS_EACH = 20;

/** Deeper or wider than this is a mistake in standing data, not mail. A list may have a limit of its own (Entry.list.memberLimit). */
export const LIMITS: Limits = { depth: 10, recipients: 10_000, hops: 10_000 * HOPS_EACH };

/** How a walk ended, with what it saw until then. `freshUntil`: milliseconds since 1970; later LDAP may say something else. */
export type Walk = { readonly graph: Graph; readonly freshUntil: number } & (
  | { readonly kind: "complete" }
  | { readonly kind: "unavailable"; readonly cause: Error }
  | { readonly kind: "tooLarge"; readonly limit: keyof Limits; readonly at: string }
);

export type WalkDirectory = Pick<Directory, "domains" | "entries" | "people">;

/** Follows everything the starts lead to. `now` decides which entries are expired. */
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
    const people = await peopleAmong(directory, asked, answer.value);
    const exclusions = await readExclusions(directory, domains.value, answer.value);
    if (exclusions.kind !== "found") return { kind: "unavailable", cause: causeOf(exclusions), ...seen() };
    walker.excluded = exclusions.value.byList;
    walker.freshUntil = Math.min(walker.freshUntil, people.freshUntil, exclusions.value.freshUntil);
    for (const [i, node] of level.entries()) {
      const meanings = asked[i];
      if (meanings !== undefined) walker.take(node, meanings, { entries: answer.value, people });
      if (walker.unknown !== null) return { kind: "unavailable", cause: walker.unknown, ...seen() };
      if (walker.tooLarge !== null) return { kind: "tooLarge", ...walker.tooLarge, ...seen() };
    }
  }
  return { kind: "complete", ...seen() };
}

/** Neither domains() nor entries() says "absent"; should one ever, nobody is told that an address does not exist. */
const causeOf = (lookup: { readonly kind: string; readonly cause?: Error }): Error =>
  lookup.cause ?? new Error("no answer from the directory");

export const HOP_REASONS: Readonly<Record<Entry["kind"], HopReason>> = {
  alias: "alias",
  list: "member",
  person: "person",
  group: "groupMember",
};

/** Of the many nodes that lead nowhere. */
const NO_HOPS: readonly Edge[] = [];

class Walker {
  readonly nodes = new Map<string, Node>();
  revisits = 0;
  tooLarge: { readonly limit: keyof Limits; readonly at: string } | null = null;
  /** Why nobody can tell now what an address means. */
  unknown: Error | null = null;
  freshUntil = Number.POSITIVE_INFINITY;
  /** Addresses of ours that were met and not asked yet. */
  level: Node[] = [];
  /** Of the lists in the level at hand. */
  excluded: Exclusions = new Map();
  #depth = -1;
  #hops = 0;
  #recipients = 0;
  readonly #domains: Domains;
  #limits: Limits;
  readonly #now: number;

  constructor(domains: Domains, limits: Limits, now: Date) {
    this.#domains = domains;
    this.#limits = limits;
    this.#now = now.getTime();
  }

  nextLevel(): Node[] {
    const level = this.level;
    this.level = [];
    this.#depth++;
    return level;
  }

  /** The node of an address: a new one is final, or waits for the next level. */
  meet(written: Mailbox, parent: Node | null): Node {
    const isOurs = this.#domains.has(written.domain);
    const mailbox = this.#inOneForm(written);
    const known = this.nodes.get(mailbox.key);
    if (known !== undefined) {
      this.revisits++;
      return known;
    }
    const node = this.#add(mailbox, parent);
    if (this.#depth >= this.#limits.depth) this.#exceed("depth", mailbox);
    if (!isOurs) {
      node.kind = "final";
      if (++this.#recipients > this.#limits.recipients) this.#exceed("recipients", mailbox);
    } else if (!canBeOurLocalPart(mailbox.localPart)) {
      node.kind = "dead"; // a literal that nobody can have: no question is asked
      node.why = "unknown";
    } else {
      this.level.push(node);
    }
    return node;
  }

  #inOneForm(written: Mailbox): Mailbox {
    return this.#domains.has(written.domain) ? atOurs(written) : written;
  }

  /** Decides what a node means, now that the entries of its level are known. */
  take(node: Node, meanings: Meanings, { entries, people }: Answers): void {
    for (const { entry: asked, way, ofList } of meanings.candidates) {
      this.unknown = ofList === null ? (people.unavailable.get(asked.key) ?? null) : null;
      if (this.unknown !== null) return;
      const entry = entries.get(asked.key) ?? people.byKey.get(asked.key);
      if (!answers(entry, ofList)) continue;
      if (ofList !== null) this.#toOwner(node, way, entry, ofList);
      else this.#toEntry(node, way, entry);
      return;
    }
    if (meanings.otherwise === null) {
      node.kind = "dead";
      node.why = "unknown";
      return;
    }
    const last = meanings.otherwise.at(-1);
    const before = this.#follow(node, meanings.otherwise.slice(0, -1));
    if (before !== null && last !== undefined) this.#lead(before, last.to, last.reason);
  }

  /** Passes the addresses of the way. Null: the way joins one that was met before, and is known from there on. */
  #follow(node: Node, way: readonly Step[]): Node | null {
    let at = node;
    for (const { to, reason } of way) {
      at.kind = "passed";
      const known = this.nodes.get(to.key);
      const next = known ?? this.#add(to, at);
      this.#hop(at, next, reason);
      if (known !== undefined) {
        this.revisits++;
        return null;
      }
      at = next;
    }
    return at;
  }

  #toEntry(node: Node, way: readonly Step[], entry: Entry): void {
    const at = this.#follow(node, way);
    if (at === null) return;
    at.entry = entry;
    if (entry.expiresAt !== null && entry.expiresAt.getTime() <= this.#now) {
      at.kind = "dead";
      at.why = "expired";
      return;
    }
    at.kind = "entry";
    if (entry.oversized) this.#exceed("recipients", at.mailbox);
    this.#allow(entry.list?.memberLimit ?? 0);
    const excluded = this.excluded.get(entry.address.key);
    const reason = HOP_REASONS[entry.kind];
    const led = new Set<Node>(); // targets that differ in case only are one address, and one way
    for (const target of entry.targets) {
      if (excluded?.has(this.#inOneForm(target).key)) continue;
      const to = this.meet(target, at);
      if (!led.has(to)) this.#hop(at, to, reason);
      if (this.tooLarge !== null) return;
      led.add(to);
    }
    if (led.size === 0 && entry.badTargets.length === 0) at.why = "empty";
  }

  /** A list that may be larger than others makes room for all that leads to it. */
  #allow(recipients: number): void {
    if (recipients > this.#limits.recipients)
      this.#limits = { ...this.#limits, recipients, hops: Math.max(this.#limits.hops, recipients * HOPS_EACH) };
  }

  /** A list's own addresses mean its owner, or the postmaster: copies that fail must find somebody, an expired list's too. */
  #toOwner(node: Node, way: readonly Step[], { owner, address: { domain } }: Entry, as: "bounces" | "listOwner"): void {
    const at = this.#follow(node, way);
    if (at !== null) this.#lead(at, owner ?? postmasterOf(domain), as);
  }

  #lead(node: Node, to: Mailbox, reason: HopReason): void {
    node.kind = "passed";
    this.#hop(node, this.meet(to, node), reason);
  }

  #add(mailbox: Mailbox, parent: Node | null): Node {
    const node: Node = { mailbox, kind: "unasked", why: null, entry: null, hops: NO_HOPS, parent };
    this.nodes.set(mailbox.key, node);
    return node;
  }

  #hop(from: Node, to: Node, reason: HopReason): void {
    if (from.hops === NO_HOPS) from.hops = [{ to, reason }];
    else (from.hops as Edge[]).push({ to, reason });
    if (++this.#hops > this.#limits.hops) this.#exceed("hops", from.mailbox);
  }

  #exceed(limit: keyof Limits, at: Mailbox): void {
    this.tooLarge ??= { limit, at: at.key };
  }
}
