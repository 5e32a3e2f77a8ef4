import type { Mailbox } from "../mail/mailbox.ts";

/** RFC 2142 §3-§6 and the names that mail and web servers answer to: strangers write there expecting those who run the place. */
export const RESERVED_NAMES: ReadonlySet<string> = new Set(
  (
    "postmaster abuse noc security hostmaster webmaster www usenet news uucp ftp info marketing sales support root admin administrator " +
    "mailer-daemon mailerdaemon noreply no-reply ssladmin ssl-admin ssladministrator sysadmin system daemon nobody dmarc tls-reports " +
    "autoconfig autodiscover it-security phishing spam"
  ).split(" "),
);

/** Forms that belong to a list: `owner-L`, `L-request`, `L-owner`, `L-bounces` and the like are the list's own. */
const OF_A_LIST = /^owner-.|.-(owner|request|bounces|admin|join|leave|subscribe|unsubscribe)$/;

/** RFC 2142 §3-§5: whether a name is promised to those who run a domain. In each of our domains. */
export const isReserved = ({ localPart }: Mailbox): boolean => RESERVED_NAMES.has(localPart.toLowerCase());

/** A warning when an address has the form of a list's own; null when it does not. */
export function listFormWarning(address: Mailbox): string | null {
  const name = address.localPart.toLowerCase();
  return OF_A_LIST.test(name) ? `${name}@ has the form of a list's own addresses (owner-…, …-request, …-bounces)` : null;
}
