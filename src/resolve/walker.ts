/** One walk under way: what each address of a level means, and what it leads to. */
import type { Entry, Forwarding } from "../directory/directory.ts";
import { filterOf } from "../directory/filter-address.ts";
import { atOurs, canBeOurLocalPart, type Mailbox } from "../mail/mailbox.ts";
import { postmasterOf } from "./bounce-mailbox.ts";
import type { Exclusions } from "./exclusions.ts";
import type { Edge, Node } from "./graph.ts";
import { type Answers, answers } from "./level.ts";
import { HOPS_EACH, type Limits } from "./limits.ts";
import type { Domains, Meanings, Step } from "./meanings.ts";
import type { HopReason } from "./resolution.ts";
import { type Skipped, skipTarget, standingOf } from "./standing.ts";

/** By what an entry leads on. */
export const HOP_REASONS: Readonly<Record<Entry["kind"], HopReason>> = {
  alias: "alias",
  list: "member",
  person: "person",
  group: "groupMember",
};

/** Of the many nodes that lead nowhere. */
const NO_HOPS: readonly Edge[] = [];
const NONE_SKIPPED: readonly Skipped[] = [];

/** What one walk has met, and the address it stands at. */
export class Walker {
  readonly nodes = new Map<string, Node>();
  revisits = 0;
  tooLarge: { readonly limit: keyof Limits; readonly at: string } | null = null;
  /** Why nobody can tell now what an address means, and which. */
  unknown: { readonly cause: Error; readonly at: Node } | null = null;
  freshUntil = Number.POSITIVE_INFINITY;
  /** Addresses of ours that were met and not asked yet. */
  level: Node[] = [];
  /** Null: no entry met so far has an affiliation, so nobody asked. */
  forwarding: Forwarding | null = null;
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

  get knowsPolicies(): boolean {
    return this.forwarding !== null;
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
    if (filterOf(mailbox) !== null) {
      this.level.push(node);
    } else if (!isOurs) {
      this.#end(node);
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
      const cause = ofList === null ? people.unavailable.get(asked.key) : undefined;
      if (cause !== undefined) {
        this.unknown = { cause, at: node };
        return;
      }
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
    const standing = standingOf(entry, this.#now);
    if (standing === "discarded") {
      at.kind = "discarded";
      if (++this.#recipients > this.#limits.recipients) this.#exceed("recipients", at.mailbox);
      return;
    }
    if (standing !== null) {
      at.kind = "dead";
      at.why = standing;
      return;
    }
    if (entry.life !== undefined && entry.life.moved !== null) {
      if (!this.#skips(at, entry, entry.life.moved.to)) this.#lead(at, entry.life.moved.to, "moved");
      return;
    }
    at.kind = "entry";
    if (entry.oversized) this.#exceed("recipients", at.mailbox);
    this.#allow(entry.list?.memberLimit ?? 0);
    const reason = HOP_REASONS[entry.kind];
    const led = new Set<Node>(); // targets that differ in case only are one address, and one way
    for (const target of this.#counting(at, entry)) {
      const isOwn = entry.kind === "person" && atOurs(target).key === at.mailbox.key;
      const to = isOwn ? this.#mailboxOf(at) : this.meet(target, at);
      if (to === null) return;
      if (!led.has(to)) this.#hop(at, to, filterOf(target) === null ? reason : "filter");
      if (this.tooLarge !== null) return;
      led.add(to);
    }
    if (led.size === 0 && entry.badTargets.length === 0 && at.skipped.length === 0) at.why = "empty";
  }

  /** The targets of an entry that count now. A list that excludes somebody has the members of its LDAP groups and filters one by one. */
  *#counting(at: Node, entry: Entry): Generator<Mailbox> {
    const exclusion = this.excluded.get(entry.address.key);
    for (const target of entry.targets) {
      if (entry.life !== undefined && filterOf(target) === null && this.#skips(at, entry, target)) continue;
      if (exclusion === undefined) yield target;
      else if (!exclusion.excluded.has(this.#inOneForm(target).key))
        for (const one of exclusion.members.get(this.#inOneForm(target).key) ?? [target])
          if (!exclusion.excluded.has(this.#inOneForm(one).key)) yield one;
    }
  }

  /** A list that may be larger than others makes room for all that leads to it. */
  #allow(recipients: number): void {
    if (recipients > this.#limits.recipients)
      this.#limits = { ...this.#limits, recipients, hops: Math.max(this.#limits.hops, recipients * HOPS_EACH) };
  }

  /** Leaves out a target that does not count now. */
  #skips(at: Node, entry: Entry, target: Mailbox): boolean {
    const why = skipTarget(entry, target, this.#domains.has(target.domain), this.forwarding, this.#now);
    if (why === null) return false;
    if (at.skipped === NONE_SKIPPED) at.skipped = [{ address: target.key, why }];
    else (at.skipped as Skipped[]).push({ address: target.key, why });
    if (++this.#hops > this.#limits.hops) this.#exceed("hops", at.mailbox);
    return true;
  }

  /**
   * A person whose mailbox has the very address: it is kept where the route of the domain leads. Null: there is none, and their MX is us.
   * Somebody has to say where it is; until then mail waits, and the directory is no reason to refuse a person.
   */
  #mailboxOf(person: Node): Node | null {
    const { key, domain } = person.mailbox;
    if (this.#domains.get(domain)?.isRouted !== true) {
      const cause = new Error(`${key} is kept at ${domain}, which has no route that says where: mailroom route set ${domain} URL`);
      this.unknown = { cause, at: person };
      person.kind = "unasked";
      return null;
    }
    const mailbox = this.#add(person.mailbox, person, `${key} kept`);
    this.#end(mailbox);
    return mailbox;
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

  /** `name`: what it is known by; a mailbox of an address of ours is another node than the address. */
  #add(mailbox: Mailbox, parent: Node | null, name = mailbox.key): Node {
    const node: Node = { mailbox, kind: "unasked", why: null, entry: null, hops: NO_HOPS, skipped: NONE_SKIPPED, parent };
    this.nodes.set(name, node);
    return node;
  }

  #end(node: Node): void {
    node.kind = "final";
    if (++this.#recipients > this.#limits.recipients) this.#exceed("recipients", node.mailbox);
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
