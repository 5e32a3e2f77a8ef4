/** What a source's settings mean: which attributes are asked for, and what an entry of the directory is to us. */
import { type Filter, FilterParser } from "ldapts";
import { atOurs, type Mailbox } from "../../mail/mailbox.ts";
import type { SourceEntry } from "../people/source.ts";
import type { LdapRecord } from "./record.ts";
import { valuesOf } from "./record.ts";
import type { GroupSettings, LdapSourceSettings, PeopleSettings } from "./settings.ts";
import { type AddressTemplate, addressesIn, addressTemplate, attributesIn, mailboxesOf } from "./templates.ts";

/** `Kind` of entries: how they are found and read. */
export type Kind = {
  readonly base: string;
  readonly filter: Filter;
  readonly templates: readonly AddressTemplate[];
  readonly attributes: readonly string[];
};

export type Shape = {
  readonly people: (Kind & { readonly settings: PeopleSettings }) | null;
  readonly groups: (Kind & { readonly settings: GroupSettings }) | null;
};

/** Throws when a filter is none. */
export function shapeOf({ name, people, groups }: LdapSourceSettings): Shape {
  const parse = (text: string, what: string): Filter => {
    try {
      return FilterParser.parseString(text);
    } catch (error) {
      throw new Error(`ldap source ${name}: the filter of its ${what} is none: ${String(error)}`, { cause: error });
    }
  };
  const unique = (names: readonly string[]): string[] => [...new Set(names)];
  const templatesOf = (texts: readonly string[]) => texts.map(addressTemplate);
  return {
    people: people && {
      settings: people,
      base: people.base,
      filter: parse(people.filter, "people"),
      templates: templatesOf(people.address),
      attributes: unique([
        ...templatesOf(people.address).map(({ attribute }) => attribute),
        ...people.mailbox.flatMap(attributesIn),
        people.login,
        ...(people.affiliation === null ? [] : [people.affiliation]),
      ]),
    },
    groups: groups && {
      settings: groups,
      base: groups.base,
      filter: parse(groups.filter, "groups"),
      templates: templatesOf(groups.address),
      attributes: unique([
        ...templatesOf(groups.address).map(({ attribute }) => attribute),
        ...groups.memberDn,
        ...groups.memberAddress,
        ...groups.memberUid,
      ]),
    },
  };
}

export type Person = { readonly record: LdapRecord; readonly addresses: readonly Mailbox[]; readonly entry: Omit<SourceEntry, "address"> };

/** A person at our domains. */
export function personOf(record: LdapRecord, { settings, templates }: NonNullable<Shape["people"]>, domains: readonly string[]): Person {
  const addresses = addressesIn(record, templates, domains);
  const { targets, bad } = mailboxesOf(record, settings.mailbox);
  const affiliation = settings.affiliation === null ? null : (valuesOf(record, settings.affiliation)[0]?.toLowerCase() ?? null);
  const entry = {
    kind: "person" as const,
    dn: record.dn,
    targets: onceTheirs(targets, addresses),
    badTargets: bad,
    affiliation,
    oversized: false,
  };
  return { record, addresses, entry };
}

/** Several addresses of a person are one mailbox: of those that are named as mailboxes the first counts, or everybody had two copies. */
function onceTheirs(targets: readonly Mailbox[], addresses: readonly Mailbox[]): readonly Mailbox[] {
  const own = new Set(addresses.map(({ key }) => key));
  const isOwn = (target: Mailbox): boolean => own.has(atOurs(target).key);
  const first = targets.find(isOwn);
  return targets.filter((target) => target === first || !isOwn(target));
}
