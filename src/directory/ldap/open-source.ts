/** One LDAP source: what it says of addresses now, who can sign in, and everybody it knows. Remembers nothing. */
import { type Filter, PresenceFilter } from "ldapts";
import { found, unavailable } from "../../mail/lookup.ts";
import { atOurs, type Mailbox } from "../../mail/mailbox.ts";
import type { PeopleDirectory } from "../../mail/person.ts";
import { filterOf } from "../filter-address.ts";
import type { Said, Source, SourceEntry } from "../people/source.ts";
import { Twins, twinsText } from "../people/twins.ts";
import { holders } from "./holders.ts";
import { type Look, lookAt } from "./look.ts";
import { Members } from "./members.ts";
import { type Observe, Pool } from "./pool.ts";
import type { LdapRecord } from "./record.ts";
import { searchAll, within } from "./search.ts";
import type { LdapSourceSettings } from "./settings.ts";
import { personOf, type Shape, shapeOf } from "./shape.ts";
import { personOfLogin, signIn } from "./sign-in.ts";
import { addressesIn } from "./templates.ts";

/** Groups whose members are fetched together when everybody is listed. */
const GROUPS_AT_ONCE = 50;

export type Check = {
  readonly milliseconds: number;
  readonly people: number;
  readonly groups: number;
  readonly problems: readonly string[];
  /** By domain of ours how many addresses of people are their own mailbox: only a route of that domain says where those are kept. */
  readonly own: ReadonlyMap<string, number>;
};

export type LdapSource = Source &
  PeopleDirectory & {
    /** Looks at everything. Throws when the source does not answer. */
    check(): Promise<Check>;
    /** Asks for nothing in particular, so that somebody notices when it is away though no mail comes. Throws when it does not answer. */
    ping(): Promise<void>;
    /** What is asked about an address, and the entries that come. Throws when the source does not answer. */
    look(address: Mailbox): Promise<readonly Look[]>;
    /** As the settings name them: the servers, who we are there, and the domains it is asked about; null: all of ours. */
    readonly about: { readonly urls: readonly string[]; readonly bindDn: string | null; readonly domains: readonly string[] | null };
    close(): void;
  };

/**
 * `domains` gives the names of our domains; `observe` hears of every question. Connects when it is first asked. Throws when a filter of the
 * settings is none.
 */
export function openLdapSource(
  settings: LdapSourceSettings,
  domains: () => Promise<readonly string[]>,
  observe: Observe = () => undefined,
): LdapSource {
  const pool = new Pool(settings, observe);
  const shape = shapeOf(settings);
  const ours = async (): Promise<readonly string[]> => settings.domains ?? (await domains());
  return {
    name: settings.name,
    async lookup(addresses) {
      try {
        const names = await ours();
        const asked = addresses.filter(({ domain }) => names.includes(domain));
        const said: Said = asked.length === 0 ? { entries: new Map(), twins: new Map() } : await entriesOf(pool, shape, names, asked);
        const filters = addresses.filter((address) => filterOf(address)?.source === settings.name);
        return found(filters.length === 0 ? said : await withFilters(said, pool, shape, names, filters));
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
    ping: () => ping(pool),
    look: (address) => lookAt(pool, shape, address),
    about: { urls: settings.urls, bindDn: settings.bind?.dn ?? null, domains: settings.domains },
    close: () => pool.close(),
  };
}

/** People before groups; the people met in groups are given as well. */
async function entriesOf(pool: Pool, shape: Shape, domains: readonly string[], asked: readonly Mailbox[]): Promise<Said> {
  const [people, groups] = await Promise.all([holders(pool, shape.people, asked), holders(pool, shape.groups, asked)]);
  const all = new Twins();
  const wanted = new Set(asked.map(({ key }) => key));
  const kind = shape.people;
  // Another address of theirs was not asked for: somebody else may have it too.
  for (const { addresses, entry } of kind === null ? [] : people.map((record) => personOf(record, kind, domains)))
    for (const address of addresses) if (wanted.has(address.key)) all.take({ ...entry, address });
  const members = new Members(pool, shape, domains);
  const memberships = await members.of(groups);
  for (const [i, record] of groups.entries()) {
    const { targets = [], bad = [], oversized = false } = memberships[i] ?? {};
    const entry = { kind: "group" as const, dn: record.dn, targets, badTargets: bad, affiliation: null, oversized };
    for (const address of addressesIn(record, shape.groups?.templates ?? [], domains))
      if (wanted.has(address.key)) all.take({ ...entry, address });
  }
  const { entries, twins } = all;
  for (const entry of members.people) if (!wanted.has(entry.address.key)) entries.set(entry.address.key, entry);
  return { entries, twins };
}

/** A filter is a group whose DN is the filter; those who fulfil it are given as well. */
async function withFilters(
  { entries, twins }: Said,
  pool: Pool,
  shape: Shape,
  domains: readonly string[],
  filters: readonly Mailbox[],
): Promise<Said> {
  const all = new Map(entries);
  const members = new Members(pool, shape, domains);
  for (const address of filters) {
    const { targets, bad, oversized } = await members.fulfilling(address.localPart);
    all.set(address.key, { kind: "group", dn: address.localPart, address, targets, badTargets: bad, affiliation: null, oversized });
  }
  for (const entry of members.people) if (!all.has(entry.address.key) && !twins.has(entry.address.key)) all.set(entry.address.key, entry);
  return { entries: all, twins };
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

/** The root of every server can be read (RFC 4512 §5.1). */
async function ping(pool: Pool): Promise<void> {
  await searchAll(pool, { base: "", scope: "base", filter: EVERYTHING, attributes: ["namingContexts"] });
}

async function check(pool: Pool, shape: Shape, domains: readonly string[]): Promise<Check> {
  const started = performance.now();
  await ping(pool);
  const milliseconds = performance.now() - started;
  const problems = new Set<string>();
  const counts = { person: 0, group: 0 };
  const all = new Twins();
  for await (const entry of everybody(pool, shape, domains)) all.take(entry);
  for (const [address, dns] of all.twins) problems.add(twinsText(address, dns));
  const own = new Map<string, number>();
  for (const { kind, address, targets, badTargets } of all.entries.values()) {
    counts[kind]++;
    if (targets.length === 0) problems.add(`${address.key} leads to nobody`);
    if (kind === "person" && targets.some((target) => atOurs(target).key === address.key))
      own.set(address.domain, (own.get(address.domain) ?? 0) + 1);
    for (const bad of badTargets) problems.add(`${address.key} names ${JSON.stringify(bad)}, which is left out`);
  }
  return { milliseconds, people: counts.person, groups: counts.group, problems: [...problems], own };
}
