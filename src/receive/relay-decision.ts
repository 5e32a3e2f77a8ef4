import { cannotBeOurs } from "../mail/domain.ts";
import type { Lookup } from "../mail/lookup.ts";
import { atOurs } from "../mail/mailbox.ts";
import type { ForwardPath } from "../mail/path.ts";

const POSTMASTER = "postmaster"; // in any case, RFC 5321 §4.5.1

/** SRS addresses stand for foreign ones. We issue none, so whoever sends to one made it up to relay through us. */
const GENERATED = /^srs[01][=+-]/;

/** All that the decision rests on. Nothing of the sender is in it: no reverse-path, no HELO name, no header field opens the relay. */
export type RelayQuestion = {
  readonly path: ForwardPath;
  /** What the directory said of the path's domain. Not asked (a domain that cannot be ours): absent. */
  readonly domain: Lookup<unknown>["kind"];
  /** The client's address lies in relay.trusted_networks. */
  readonly trustedNetwork: boolean;
  /** The client proved who it is (RFC 4954), and its reverse-path is one it may use. */
  readonly signedIn: boolean;
  /** Our own address that the client connected to, as an address literal in canonical form. */
  readonly ownLiteral: string;
};

/** `ours`: the directory decides further. `postmaster`: ours, and always answered. `relay`: goes out as given. The others are refusals. */
export type RelayDecision = "ours" | "postmaster" | "relay" | "relayDenied" | "noDestination" | "returnAddressInvalid" | "unavailable";

/**
 * Whether a forward-path may go through us (RFC 5321 §3.6.2, §7.9). Default deny: what no line below lets through is relayDenied. The first
 * match ends it. Pure: the same question has the same answer, so it can be asked before any port opens.
 */
export function decideRelay({ path, domain, trustedNetwork, signedIn, ownLiteral }: RelayQuestion): RelayDecision {
  if (path.kind === "postmaster") return "postmaster"; // RFC 5321 §4.5.1
  const { mailbox } = path;
  const mayRelay = trustedNetwork || signedIn;
  const { localPart } = atOurs(mailbox); // as it would be if the domain were ours: in lower case
  if (mailbox.domain === ownLiteral && localPart === POSTMASTER) return "postmaster";
  if (cannotBeOurs(mailbox.domain)) return mayRelay ? "noDestination" : "relayDenied";
  if (domain === "unavailable") return "unavailable"; // never "absent": a lookup that failed refuses nobody for good
  if (domain === "found") {
    if (localPart === POSTMASTER) return "postmaster";
    return GENERATED.test(localPart) ? "returnAddressInvalid" : "ours";
  }
  return mayRelay ? "relay" : "relayDenied";
}
