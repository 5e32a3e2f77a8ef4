import type { Directory, Entry } from "../directory/directory.ts";
import { filterOf } from "../directory/filter-address.ts";
import { found, type Lookup, unavailable } from "../mail/lookup.ts";
import { atOurs, type Mailbox } from "../mail/mailbox.ts";
import { NO_PEOPLE } from "./level.ts";
import type { Domains } from "./meanings.ts";

/**
 * What one list leaves out: keys of the members that get no copy through it, in the form that the walk gives them. `members`: of the LDAP groups
 * and filters among its members, so that those in them are left out as well; by the key of the group.
 */
export type Exclusion = { readonly excluded: ReadonlySet<string>; readonly members: ReadonlyMap<string, readonly Mailbox[]> };

/** By the key of a list. */
export type Exclusions = ReadonlyMap<string, Exclusion>;

/** `freshUntil`: milliseconds since 1970; later LDAP may say something else. */
type Read = { readonly byList: Exclusions; readonly freshUntil: number };

const NONE: Lookup<Read> = found({ byList: new Map(), freshUntil: Number.POSITIVE_INFINITY });

type Asked = Pick<Directory, "entries" | "people">;

/**
 * Whom the lists among these entries leave out: the addresses they name, and of a list (or group, or alias, or person) named what it leads
 * to, one level deep. One question for all of them, and none where no list excludes anybody. When it fails nobody knows who must not get a
 * copy, whether Postgres or LDAP is away.
 */
export async function readExclusions(directory: Asked, domains: Domains, entries: ReadonlyMap<string, Entry>): Promise<Lookup<Read>> {
  const lists = [...entries.values()].filter(({ list }) => list !== null && list.excluded.length > 0);
  if (lists.length === 0) return NONE;
  const inOneForm = (mailbox: Mailbox): Mailbox => (domains.has(mailbox.domain) ? atOurs(mailbox) : mailbox);
  const excludedBy = (entry: Entry): readonly Mailbox[] => (entry.list?.excluded ?? []).map(inOneForm);
  const targetsOf = (entry: Entry): readonly Mailbox[] => entry.targets.map(inOneForm);
  const named = await meaningsOfAll(
    directory,
    domains,
    lists.flatMap((list) => [...excludedBy(list), ...targetsOf(list)]),
  );
  if (named.kind !== "found") return named;
  const { entryOf, freshUntil } = named.value;
  const membersOf = (mailbox: Mailbox): readonly Mailbox[] => (entryOf(mailbox)?.targets ?? []).map(inOneForm);
  const exclusionOf = (list: Entry): Exclusion => {
    const excluded = excludedBy(list).flatMap((one) => [one, ...membersOf(one)]);
    const groups = targetsOf(list).filter((target) => entryOf(target)?.kind === "group");
    return {
      excluded: new Set(excluded.map(({ key }) => key)),
      members: new Map(groups.map((group) => [group.key, membersOf(group)])),
    };
  };
  return found({ byList: new Map(lists.map((list) => [list.address.key, exclusionOf(list)])), freshUntil });
}

type Meanings = { readonly entryOf: (mailbox: Mailbox) => Entry | undefined; readonly freshUntil: number };

/** What Postgres says of these addresses, and LDAP of filters and of those at our domains that Postgres does not know. */
async function meaningsOfAll(directory: Asked, domains: Domains, asked: readonly Mailbox[]): Promise<Lookup<Meanings>> {
  const local = asked.filter(({ domain }) => domains.has(domain));
  const entries = await directory.entries(local);
  if (entries.kind !== "found") return entries;
  const open = [...local.filter(({ key }) => !entries.value.has(key)), ...asked.filter((one) => filterOf(one) !== null)];
  const people = directory.people === undefined || open.length === 0 ? NO_PEOPLE : await directory.people(open);
  const [unknown] = people.unavailable.values();
  if (unknown !== undefined) return unavailable(unknown);
  return found({ entryOf: ({ key }) => entries.value.get(key) ?? people.byKey.get(key), freshUntil: people.freshUntil });
}
