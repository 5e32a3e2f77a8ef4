/** Templates of addresses and mailboxes: from an address to a filter, and from an entry's values to addresses. */
import { EqualityFilter } from "ldapts";
import { atOurs, type Mailbox, parseMailbox } from "../../mail/mailbox.ts";
import { notReachable } from "../rows.ts";
import { type LdapRecord, valuesOf } from "./record.ts";

/** `proxyAddresses=smtp:{address}`: the attribute, and how an address stands in its values. */
export type AddressTemplate = { readonly attribute: string; readonly pattern: string };

export function addressTemplate(text: string): AddressTemplate {
  const equals = text.indexOf("=");
  return equals < 0 ? { attribute: text, pattern: "{address}" } : { attribute: text.slice(0, equals), pattern: text.slice(equals + 1) };
}

/** What an entry with this address has. The value goes to the server as it is: a filter object needs no escaping. */
export function filterFor({ attribute, pattern }: AddressTemplate, { key, localPart, domain }: Mailbox): EqualityFilter {
  const value = pattern.replace(/\{(address|local|domain)\}/g, (_, part) =>
    part === "address" ? key : part === "local" ? localPart : domain,
  );
  return new EqualityFilter({ attribute, value });
}

/** The addresses of an entry: `{local}` stands at each of `domains`. What is no address is left out; `domains` null: any. */
export function addressesIn(record: LdapRecord, templates: readonly AddressTemplate[], domains: readonly string[]): Mailbox[] {
  const addresses = new Map<string, Mailbox>();
  for (const template of templates) {
    for (const value of valuesOf(record, template.attribute)) {
      for (const text of textsOf(template.pattern, value, domains)) {
        const address = readAddress(text);
        if (address !== null && domains.includes(address.domain)) addresses.set(address.key, address);
      }
    }
  }
  return [...addresses.values()];
}

/** The addresses that stand in a value, as texts. Case counts in no pattern: Active Directory writes SMTP: for the first of them. */
function textsOf(pattern: string, value: string, domains: readonly string[]): string[] {
  const hole = /\{(address|local)\}(@\{domain\})?/.exec(pattern);
  if (hole === null) return [];
  const before = pattern.slice(0, hole.index);
  const after = pattern.slice(hole.index + hole[0].length);
  const fits =
    value.length > before.length + after.length &&
    value.toLowerCase().startsWith(before.toLowerCase()) &&
    value.toLowerCase().endsWith(after.toLowerCase());
  if (!fits) return [];
  const inner = value.slice(before.length, value.length - after.length);
  return hole[1] === "address" || hole[2] !== undefined ? [inner] : domains.map((domain) => `${inner}@${domain}`);
}

/** In the form in which it is asked for at our domains. */
function readAddress(text: string): Mailbox | null {
  const parsed = parseMailbox(text, { smtputf8: true });
  return parsed.ok && notReachable(parsed.mailbox) === null ? atOurs(parsed.mailbox) : null;
}

/** Of a value that is no address only this much is kept to show to people. */
const SHOWN = 200;

export type Read = { readonly targets: readonly Mailbox[]; readonly bad: readonly string[] };

/** Mailboxes that values of a directory name: each value is one address, or is bad. A leading `smtp:` is taken off, as Active Directory has it. */
export function readMailboxes(values: readonly string[]): Read {
  const targets: Mailbox[] = [];
  const bad: string[] = [];
  for (const value of values) {
    const parsed = parseMailbox(value.replace(/^smtp:/i, ""), { smtputf8: true });
    if (parsed.ok && notReachable(parsed.mailbox) === null) targets.push(parsed.mailbox);
    else bad.push(value.slice(0, SHOWN));
  }
  return { targets, bad };
}

/** Names of the attributes in a template of a mailbox. */
export const attributesIn = (template: string): string[] => [...template.matchAll(/\{([A-Za-z0-9-]+)\}/g)].map(([, name]) => name ?? "");

/**
 * The mailboxes of a person: by the first template all of whose attributes it has. Several values make several mailboxes where a
 * template has one attribute; where it has more, the first value of each counts.
 */
export function mailboxesOf(record: LdapRecord, templates: readonly string[]): Read {
  for (const template of templates) {
    const names = attributesIn(template);
    if (names.some((name) => valuesOf(record, name).length === 0)) continue;
    const [first = "", ...more] = names;
    const fill = (value: string): string =>
      template.replace(/\{([A-Za-z0-9-]+)\}/g, (_, name: string) => (name === first ? value : (valuesOf(record, name)[0] ?? "")));
    const values = more.length === 0 ? valuesOf(record, first) : valuesOf(record, first).slice(0, 1);
    return readMailboxes(values.map(fill));
  }
  return { targets: [], bad: [] };
}
