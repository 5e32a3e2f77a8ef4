import type { Mailbox } from "../mail/mailbox.ts";

/** RFC 2142 §3-§6 and the names that mail and web servers answer to: strangers write there expecting those who run the place. */
const ROLES = new Set(
  (
    "postmaster abuse noc security hostmaster webmaster www usenet news uucp ftp info marketing sales support root admin administrator " +
    "mailer-daemon noreply no-reply ssladmin ssl-admin sysadmin"
  ).split(" "),
);

/** Forms that belong to a list: `owner-L`, `L-request`, `L-owner`, `L-bounces` and the like are the list's own. */
const OF_A_LIST = /^owner-.|.-(owner|request|bounces|admin|join|leave|subscribe|unsubscribe)$/;

/** A warning when an address carries a name that is promised to somebody; null when it does not. */
export function reservedWarning(address: Mailbox): string | null {
  const name = address.localPart.toLowerCase();
  if (ROLES.has(name)) return `${name}@ is a role name (RFC 2142 §3-§5): strangers write there expecting those who run this domain`;
  if (OF_A_LIST.test(name)) return `${name}@ has the form of a list's own addresses (owner-…, …-request, …-bounces)`;
  return null;
}
