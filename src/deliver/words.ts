import { oneLine } from "../mail/remote-reply.ts";
import { type Reply, reply } from "../mail/reply.ts";

/** What we say of a recipient where no remote spoke. It reaches the log, the trace and the sender's DSN. */
export const words = {
  delivered: reply(250, "2.0.0", "delivered to maildir"),
  discarded: reply(250, "2.0.0", "discarded by route"),
  routeLookupFailed: reply(451, "4.3.0", "Route lookup failed"),
  attemptBroke: reply(451, "4.3.0", "Delivery attempt broke"),
  contentUnreadable: reply(451, "4.3.0", "Content cannot be sent"),
  maildirFull: reply(452, "4.3.1", "No space for the Maildir"),
  maildirTrouble: reply(451, "4.3.0", "Maildir cannot be written"),
  dnsTrouble: reply(451, "4.4.3", "DNS lookup failed"),
  routeHostUnknown: reply(451, "4.4.4", "Next hop of the route has no address"),
  addressNotAllowed: reply(450, "4.4.4", "Every host has a private or reserved address"),
  routeToOurselves: reply(451, "4.4.6", "Route leads to this server itself"),
  noSuchDomain: reply(550, "5.4.4", "Domain not found"),
  noAddress: reply(550, "5.4.4", "No host of the domain has an address"),
  nullMx: reply(556, "5.1.10", "Domain accepts no mail (null MX)"), // RFC 7505 §6
  loopsBack: reply(554, "5.4.6", "Mail for the domain loops back to this server"),
  noConnection: reply(450, "4.4.1", "No connection"),
  connectionLost: reply(450, "4.4.2", "Connection lost"),
  uncertain: reply(450, "4.4.2", "Connection lost after the final dot, outcome uncertain"),
  tooLong: reply(450, "4.4.7", "Attempt took too long"),
  tlsFailed: reply(450, "4.7.5", "TLS could not be set up"),
  needsUtf8: reply(550, "5.6.7", "Next hop takes no internationalized addresses or header fields (SMTPUTF8)"), // RFC 6531 §3.5
  needs8Bit: reply(554, "5.6.3", "Next hop takes no 8-bit content (8BITMIME)"), // RFC 6152 §3
  tooLarge: reply(552, "5.3.4", "Message is larger than the next hop takes"), // RFC 1870 §4
} as const;

/** The same, with what is known besides; cleaned, so that a remote's text stays text. */
export const withDetail = (base: Reply, detail: string): Reply => ({ ...base, text: oneLine(`${base.text}: ${detail}`) });
