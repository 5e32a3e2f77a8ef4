import { type Mailbox, mailboxOfKey } from "../mail/mailbox.ts";
import { BOUNCES } from "./generated.ts";

/**
 * The reverse-path of a list's copies (RFC 5321 §3.9.2): `list-bounces@`, which leads to the list's owner (meanings.ts), or the postmaster
 * where that would be too long for an address.
 */
export function bounceMailbox(list: Mailbox): Mailbox {
  const bounces = mailboxOfKey(`${list.localPart}${BOUNCES}@${list.domain}`);
  return bounces.ok ? bounces.mailbox : postmasterOf(list.domain);
}

/** RFC 5321 §4.5.1: every domain has one. */
export const postmasterOf = (domain: string): Mailbox => ({ localPart: "postmaster", domain, key: `postmaster@${domain}` });
