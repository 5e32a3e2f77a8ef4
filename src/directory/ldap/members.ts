/** Who is in a group: members by DN, by login and by address, in bounded batches, groups within groups breadth first, each entry fetched once. */
import { AndFilter, EqualityFilter, type Filter, NoSuchObjectError, OrFilter } from "ldapts";
import type { Mailbox } from "../../mail/mailbox.ts";
import type { SourceEntry } from "../people/source.ts";
import { dnKey, parseDn } from "./distinguished-name.ts";
import { holders } from "./holders.ts";
import type { Pool } from "./pool.ts";
import { type LdapRecord, valuesOf } from "./record.ts";
import { searchAll, within } from "./search.ts";
import { type Person, personOf, type Shape } from "./shape.ts";
import { addressesIn, readMailboxes } from "./templates.ts";

/** Terms of an OR-filter. */
const BATCH = 200;
/** Groups within groups; deeper is a mistake. */
const DEPTH = 10;
/** Members of a group that are read. More than that is refused whole. */
const MOST_MEMBERS = 100_000;

export type Membership = { readonly targets: readonly Mailbox[]; readonly bad: readonly string[]; readonly oversized: boolean };

/** What a DN or a login turned out to be; null: nobody. */
type Found = { readonly kind: "person"; readonly person: Person } | { readonly kind: "group"; readonly record: LdapRecord } | null;

/** One group that is asked for, with the groups within it that are still to be opened. */
type Open = {
  readonly targets: Map<string, Mailbox>;
  readonly bad: string[];
  readonly seen: Set<string>;
  /** Each with its DN, the asked one first. */
  level: LdapRecord[];
};

function membershipOf({ targets, bad }: Open): Membership {
  return { targets: [...targets.values()].slice(0, MOST_MEMBERS), bad, oversized: targets.size > MOST_MEMBERS };
}

export class Members {
  readonly #pool: Pool;
  readonly #shape: Shape;
  readonly #domains: readonly string[];
  readonly #byDn = new Map<string, Found>();
  readonly #byLogin = new Map<string, Found>();
  /** The DNs of who has the own address of a person that was met, by key. */
  readonly #holders = new Map<string, Set<string>>();

  /** For one question: what it fetches is kept as long as this is. `domains`: ours. */
  constructor(pool: Pool, shape: Shape, domains: readonly string[]) {
    this.#pool = pool;
    this.#shape = shape;
    this.#domains = domains;
  }

  /** The people that were met as members and have an address that is nobody else's, by that address. */
  get people(): SourceEntry[] {
    return this.#met().flatMap((person) => {
      const address = this.#ownAddress(person);
      return address === null ? [] : [{ ...person.entry, address }];
    });
  }

  #met(): Person[] {
    return [...this.#byDn.values(), ...this.#byLogin.values()].flatMap((found) => (found?.kind === "person" ? [found.person] : []));
  }

  /** Null: they have none, or somebody else has it too, and mail that is sent there waits. */
  #ownAddress({ addresses: [own] }: Person): Mailbox | null {
    return own !== undefined && this.#holders.get(own.key)?.size === 1 ? own : null;
  }

  /** Who else has the addresses of those who were met: two people with one address must not stop a whole group. */
  async #findHolders(): Promise<void> {
    const { people } = this.#shape;
    const open = new Map<string, Mailbox>();
    for (const { addresses } of this.#met())
      if (addresses[0] !== undefined && !this.#holders.has(addresses[0].key)) open.set(addresses[0].key, addresses[0]);
    if (people === null || open.size === 0) return;
    for (const key of open.keys()) this.#holders.set(key, new Set());
    for (const record of await holders(this.#pool, people, [...open.values()]))
      for (const { key } of addressesIn(record, people.templates, this.#domains)) this.#holders.get(key)?.add(dnKey(record.dn));
  }

  /** Every group's members, in the order of the groups. */
  async of(groups: readonly LdapRecord[]): Promise<Membership[]> {
    const open = groups.map((record): Open => ({ targets: new Map(), bad: [], seen: new Set([dnKey(record.dn)]), level: [record] }));
    for (let depth = 0; open.some(({ level }) => level.length > 0); depth++) {
      const records = open.flatMap(({ level }) => level);
      await Promise.all([
        this.#fetchDns(records.flatMap((record) => this.#values(record, "memberDn"))),
        this.#fetchLogins(records.flatMap((record) => this.#values(record, "memberUid"))),
      ]);
      await this.#findHolders();
      for (const group of open) this.#take(group, depth);
    }
    return open.map(membershipOf);
  }

  /** Everybody who fulfils a filter. */
  async fulfilling(filter: string): Promise<Membership> {
    const { people } = this.#shape;
    const search = { scope: "sub" as const, paged: true as const };
    const records =
      people === null
        ? []
        : await searchAll(this.#pool, {
            ...search,
            base: people.base,
            filter: within(people.filter, filter),
            attributes: people.attributes,
          });
    for (const record of records)
      if (people !== null) this.#byDn.set(dnKey(record.dn), { kind: "person", person: personOf(record, people, this.#domains) });
    await this.#findHolders();
    const group: Open = { targets: new Map(), bad: [], seen: new Set(), level: [] };
    for (const { dn } of records) this.#add(group, this.#byDn.get(dnKey(dn)) ?? null, dn, 0);
    return membershipOf(group);
  }

  #values(record: LdapRecord, how: "memberDn" | "memberUid" | "memberAddress"): string[] {
    return (this.#shape.groups?.settings[how] ?? []).flatMap((attribute) => valuesOf(record, attribute));
  }

  #take(group: Open, depth: number): void {
    const { level } = group;
    group.level = [];
    for (const record of level) {
      for (const text of this.#values(record, "memberAddress")) {
        const { targets } = readMailboxes([this.#qualified(text)]);
        for (const mailbox of targets) group.targets.set(mailbox.key, mailbox);
        if (targets.length === 0) group.bad.push(...readMailboxes([text]).bad);
      }
      for (const dn of this.#values(record, "memberDn")) this.#add(group, this.#byDn.get(dnKey(dn)) ?? null, dn, depth);
      for (const login of this.#values(record, "memberUid")) this.#add(group, this.#byLogin.get(login.toLowerCase()) ?? null, login, depth);
    }
  }

  /** An address without a domain is one of ours, where there is no doubt which. */
  #qualified(text: string): string {
    return text.includes("@") || this.#domains.length !== 1 ? text : `${text}@${this.#domains[0]}`;
  }

  #add(group: Open, found: Found, named: string, depth: number): void {
    if (found === null) group.bad.push(`${named} (no such person or group)`);
    else if (found.kind === "person") {
      const own = this.#ownAddress(found.person);
      const { targets, badTargets } = found.person.entry;
      for (const mailbox of own === null ? targets : [own]) group.targets.set(mailbox.key, mailbox);
      if (own === null && targets.length === 0) group.bad.push(`${named} (a person without a mailbox)`, ...badTargets);
    } else this.#addGroup(group, found.record, depth);
  }

  /** A group with an address of its own is a target like any other; one without is opened here. */
  #addGroup(group: Open, record: LdapRecord, depth: number): void {
    const [own] = addressesIn(record, this.#shape.groups?.templates ?? [], this.#domains);
    const key = dnKey(record.dn);
    if (group.seen.has(key)) return;
    if (own !== undefined) group.targets.set(own.key, own);
    else if (depth >= DEPTH) group.bad.push(`${record.dn} (more than ${DEPTH} groups within each other)`);
    else {
      group.seen.add(key);
      group.level.push(record);
    }
  }

  async #fetchDns(dns: readonly string[]): Promise<void> {
    const byParent = new Map<string, { readonly parent: string; readonly filters: Filter[] }>();
    for (const dn of dns) {
      const key = dnKey(dn);
      if (this.#byDn.has(key)) continue;
      this.#byDn.set(key, null);
      const parsed = parseDn(dn);
      if (parsed === null) continue;
      const pairs = parsed.rdn.map(({ attribute, value }) => new EqualityFilter({ attribute, value }));
      const below = byParent.get(dnKey(parsed.parent)) ?? { parent: parsed.parent, filters: [] };
      below.filters.push(pairs.length === 1 ? (pairs[0] as Filter) : new AndFilter({ filters: pairs }));
      byParent.set(dnKey(parsed.parent), below);
    }
    await Promise.all(
      [...byParent.values()].map(({ parent, filters }) => this.#fetch(parent, "one", filters, ({ dn }) => [dnKey(dn)], this.#byDn)),
    );
  }

  async #fetchLogins(logins: readonly string[]): Promise<void> {
    const { people } = this.#shape;
    if (people === null) return;
    const unknown = [...new Set(logins.map((login) => login.toLowerCase()))].filter((login) => !this.#byLogin.has(login));
    const filters = unknown.map((value) => new EqualityFilter({ attribute: people.settings.login, value }));
    const keysOf = (record: LdapRecord) => valuesOf(record, people.settings.login).map((login) => login.toLowerCase());
    await this.#fetch(people.base, "sub", filters, keysOf, this.#byLogin);
  }

  /** People and groups that match; a parent that is not there has nobody below it. */
  async #fetch(
    base: string,
    scope: "one" | "sub",
    filters: readonly Filter[],
    keysOf: (record: LdapRecord) => readonly string[],
    into: Map<string, Found>,
  ): Promise<void> {
    const { people, groups } = this.#shape;
    const batches = Array.from({ length: Math.ceil(filters.length / BATCH) }, (_, i) => filters.slice(i * BATCH, (i + 1) * BATCH));
    const ask = async (
      kind: NonNullable<Shape["people"] | Shape["groups"]>,
      batch: readonly Filter[],
      found: (record: LdapRecord) => Found,
    ) => {
      const filter = within(kind.filter, batch.length === 1 ? (batch[0] as Filter) : new OrFilter({ filters: [...batch] }));
      const records = await searchAll(this.#pool, { base, scope, filter, attributes: kind.attributes }).catch((error: unknown) => {
        if (error instanceof NoSuchObjectError && scope === "one") return [];
        throw error;
      });
      for (const record of records) for (const key of keysOf(record)) into.set(key, found(record));
    };
    await Promise.all(
      batches.flatMap((batch) => [
        ...(groups === null || scope === "sub" ? [] : [ask(groups, batch, (record) => ({ kind: "group", record }))]),
        ...(people === null ? [] : [ask(people, batch, (record) => ({ kind: "person", person: personOf(record, people, this.#domains) }))]),
      ]),
    );
  }
}
