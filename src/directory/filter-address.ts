/**
 * Members of a list by a filter of an LDAP source, as if the filter were a group with an address: so its members pass the same cache, the same
 * guard and the same last good answers. No domain can be called `ldap:campus`, so the address is nobody's, and no mail can be sent to it.
 */
import type { Mailbox } from "../mail/mailbox.ts";

const DOMAIN = "ldap:";
/** What a key of a source ends with. */
export const filterSuffix = (source: string): string => `@${DOMAIN}${source}`;

/** `filter`: RFC 4515, in the one form in which it is kept. */
export function filterAddress(source: string, filter: string): Mailbox {
  return { localPart: filter, domain: `${DOMAIN}${source}`, key: `${filter}${filterSuffix(source)}` };
}

/** Null: an address like any other. */
export function filterOf({ localPart, domain }: Mailbox): { readonly source: string; readonly filter: string } | null {
  return domain.startsWith(DOMAIN) ? { source: domain.slice(DOMAIN.length), filter: localPart } : null;
}

/** The same of a key, as it is kept in Postgres. */
export function filterOfKey(key: string): Mailbox | null {
  const at = key.lastIndexOf("@");
  const domain = key.slice(at + 1);
  return at > 0 && domain.startsWith(DOMAIN) ? filterAddress(domain.slice(DOMAIN.length), key.slice(0, at)) : null;
}

/** Whoever takes a source out of the settings has not said that its members are nobody. */
export const noSource = (source: string): Error =>
  new Error(`a list has members by a filter of the LDAP source ${source}, which is not set up`);
