/** One LDAP source: what it says of addresses now, who can sign in, and everybody it knows. Remembers nothing. */
import { type Filter, OrFilter, PresenceFilter } from "ldapts";
import { found, unavailable } from "../../mail/lookup.ts";
import type { Mailbox } from "../../mail/mailbox.ts";
import type { PeopleDirectory } from "../../mail/person.ts";
import type { Source, SourceEntry } from "../people/source.ts";
import { Members } from "./members.ts";
import { Pool } from "./pool.ts";
import type { LdapRecord } from "./record.ts";
import { searchAll, within } from "./search.ts";
import type { LdapSourceSettings } from "./settings.ts";
import { personOf, type Shape, shapeOf } from "./shape.ts";
import { personOfLogin, signIn } from "./sign-in.ts";
import { addressesIn, filterFor } from "./templates.ts";

/** Terms of an OR-filter. */
const BATCH = 200;
/** Groups whose members are fetched together when everybody is listed. */
const GROUPS_AT_ONCE = 50;

export type Check = {
  readonly milliseconds: number;
  readonly people: number;
  readonly groups: number;
  readonly problems: readonly string[];
};

export type LdapSource = Source &
  PeopleDirectory & {
    /** Looks at everything. Throws when the source does not answer. */
    check(): Promise<Check>;
    close(): void;
  };

/** `domains` gives the names of our domains. Connects when it is first asked. Throws when a filter of the settings is none. */
export function openLdapSource(settings: LdapSourceSettings, domains: () => Promise<readonly string[]>): LdapSource {
  const pool = new Pool(settings);
  const shape = shapeOf(settings);
  const ours = async (): Promise<readonly string[]> => settings.domains ?? (await domains());
  return {
    name: settings.name,
    async lookup(addresses) {
      try {
        const names = await ours();
        const asked = addresses.filter(({ domain }) => names.includes(domain));
        return found(asked.length === 0 ? new Map() : await entriesOf(pool, shape, names, asked));
      } catch (error) {
        return unavailable(error);
      }
    },
    async *all() {
      yield* everybody(pool, shape, await ours());
    },
    authenticate: (login, password) =>
      ours()
        .then((names) => signIn(settings, pool, shape, names, login, password))
        .catch(unavailable),
    person: (login) =>
      ours()
        .then((names) => personOfLogin(pool, shape, names, login))
        .catch(unavailable),
    check: async () => check(pool, shape, await ours()),
    close: () => pool.close(),
  };
}

/** People before groups; the people met in groups are given as well. Throws when two entries have one of the addresses. */
async function entriesOf(
  pool: Pool,
  shape: Shape,
  domains: readonly string[],
  asked: readonly Mailbox[],
): Promise<Map<string, SourceEntry>> {
  const [people, groups] = await Promise.all([holders(pool, shape.people, asked), holders(pool, shape.groups, asked)]);
  const entries = new Map<string, SourceEntry>();
  const wanted = new Set(asked.map(({ key }) => key));
  const take = (address: Mailbox, entry: Omit<SourceEntry, "address">): void => {
    const other = entries.get(address.key);
    if (other === undefined) entries.set(address.key, { ...entry, address });
    else if (other.dn !== entry.dn && other.kind === entry.kind && wanted.has(address.key))
      throw new Error(`both ${other.dn} and ${entry.dn} have ${address.key}`);
  };
  if (shape.people !== null) {
    for (const record of people) {
      const { addresses, entry } = personOf(record, shape.people, domains);
      for (const address of addresses) take(address, entry);
    }
  }
  const members = new Members(pool, shape, domains);
  const memberships = await members.of(groups);
  for (const [i, record] of groups.entries()) {
    const { targets = [], bad = [], oversized = false } = memberships[i] ?? {};
    const entry = { kind: "group" as const, dn: record.dn, targets, badTargets: bad, affiliation: null, oversized };
    for (const address of addressesIn(record, shape.groups?.templates ?? [], domains)) if (wanted.has(address.key)) take(address, entry);
  }
  for (const { addresses, entry } of members.people)
    for (const address of addresses) if (!entries.has(address.key)) entries.set(address.key, { ...entry, address });
  return entries;
}

/** The entries of one kind that have any of the addresses. */
async function holders(pool: Pool, kind: Shape["people"] | Shape["groups"], asked: readonly Mailbox[]): Promise<LdapRecord[]> {
  if (kind === null) return [];
  const filters = asked.flatMap((address) => kind.templates.map((template) => filterFor(template, address)));
  const searches: Promise<LdapRecord[]>[] = [];
  for (let from = 0; from < filters.length; from += BATCH) {
    const filter = within(kind.filter, new OrFilter({ filters: filters.slice(from, from + BATCH) }));
    searches.push(searchAll(pool, { base: kind.base, scope: "sub", filter, attributes: kind.attributes }));
  }
  const records = new Map((await Promise.all(searches)).flat().map((record) => [record.dn, record]));
  return [...records.values()];
}

async function* everybody(pool: Pool, shape: Shape, domains: readonly string[]): AsyncGenerator<SourceEntry> {
  if (shape.people !== null) {
    for (const record of await listing(pool, shape.people)) {
      const { addresses, entry } = personOf(record, shape.people, domains);
      for (const address of addresses) yield { ...entry, address };
    }
  }
  if (shape.groups === null) return;
  const groups = await listing(pool, shape.groups);
  const members = new Members(pool, shape, domains);
  for (let from = 0; from < groups.length; from += GROUPS_AT_ONCE) {
    const some = groups.slice(from, from + GROUPS_AT_ONCE);
    const memberships = await members.of(some);
    for (const [i, record] of some.entries()) {
      const { targets = [], bad = [], oversized = false } = memberships[i] ?? {};
      for (const address of addressesIn(record, shape.groups.templates, domains))
        yield { kind: "group", dn: record.dn, address, targets, badTargets: bad, affiliation: null, oversized };
    }
  }
}

const listing = (pool: Pool, { base, filter, attributes }: NonNullable<Shape["people"] | Shape["groups"]>): Promise<LdapRecord[]> =>
  searchAll(pool, { base, scope: "sub", filter: within(filter, EVERYTHING), attributes, paged: true });

const EVERYTHING: Filter = new PresenceFilter({ attribute: "objectClass" });

async function check(pool: Pool, shape: Shape, domains: readonly string[]): Promise<Check> {
  const started = performance.now();
  await searchAll(pool, { base: "", scope: "base", filter: EVERYTHING, attributes: ["namingContexts"] });
  const milliseconds = performance.now() - started;
  const problems = new Set<string>();
  const counts = { person: 0, group: 0 };
  const ours = new Set(domains);
  for await (const { kind, address, targets, badTargets } of everybody(pool, shape, domains)) {
    counts[kind]++;
    if (targets.length === 0) problems.add(`${address.key} leads to nobody`);
    if (kind === "person" && targets.some(({ key, domain }) => ours.has(domain) && key === address.key))
      problems.add(`${address.key} leads to itself: people.mailbox must say where its mail is kept`);
    for (const bad of badTargets) problems.add(`${address.key} names ${JSON.stringify(bad)}, which is left out`);
  }
  return { milliseconds, people: counts.person, groups: counts.group, problems: [...problems] };
}
