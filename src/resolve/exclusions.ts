import type { Directory, Entry } from "../directory/directory.ts";
import { found, type Lookup, unavailable } from "../mail/lookup.ts";
import { atOurs, type Mailbox } from "../mail/mailbox.ts";
import type { Domains } from "./meanings.ts";

/** By the key of a list: keys of the members that get no copy through it, in the form that the walk gives them. */
export type Exclusions = ReadonlyMap<string, ReadonlySet<string>>;

/** `freshUntil`: milliseconds since 1970; later LDAP may say something else. */
type Answer = { readonly byList: Exclusions; readonly freshUntil: number };

const NONE: Lookup<Answer> = found({ byList: new Map(), freshUntil: Number.POSITIVE_INFINITY });

type Asked = Pick<Directory, "entries" | "people">;

/**
 * Whom the lists among these entries leave out: the addresses they name, and of a list (or group, or alias) named the members it has, one
 * level deep. One question for all of them, and none where no list excludes anybody. When it fails nobody knows who must not get a copy.
 */
export async function readExclusions(directory: Asked, domains: Domains, entries: ReadonlyMap<string, Entry>): Promise<Lookup<Answer>> {
  const lists = [...entries.values()].filter(({ list }) => list !== null && list.excluded.length > 0);
  if (lists.length === 0) return NONE;
  const inOneForm = (mailbox: Mailbox): Mailbox => (domains.has(mailbox.domain) ? atOurs(mailbox) : mailbox);
  const excludedBy = (entry: Entry): readonly Mailbox[] => (entry.list?.excluded ?? []).map(inOneForm);
  const named = await meaningsOfAll(directory, domains, lists.flatMap(excludedBy));
  if (named.kind !== "found") return named;
  const { byKey, freshUntil } = named.value;
  const withMembers = (excluded: Mailbox): readonly Mailbox[] => [excluded, ...(byKey(excluded)?.targets ?? []).map(inOneForm)];
  const keysOf = (list: Entry) => new Set(excludedBy(list).flatMap((excluded) => withMembers(excluded).map(({ key }) => key)));
  return found({ byList: new Map(lists.map((list) => [list.address.key, keysOf(list)])), freshUntil });
}

type Named = { readonly byKey: (mailbox: Mailbox) => Entry | undefined; readonly freshUntil: number };

/** What Postgres says of these addresses, and LDAP of those at our domains that Postgres does not know. */
async function meaningsOfAll(directory: Asked, domains: Domains, excluded: readonly Mailbox[]): Promise<Lookup<Named>> {
  const entries = await directory.entries(excluded);
  if (entries.kind !== "found") return entries;
  const open = excluded.filter(({ key, domain }) => domains.has(domain) && !entries.value.has(key));
  if (directory.people === undefined || open.length === 0)
    return found({ byKey: ({ key }) => entries.value.get(key), freshUntil: Number.POSITIVE_INFINITY });
  const people = await directory.people(open);
  const [trouble] = people.unavailable.values();
  if (trouble !== undefined) return unavailable(trouble);
  return found({ byKey: ({ key }) => entries.value.get(key) ?? people.byKey.get(key), freshUntil: people.freshUntil });
}
