/** What a reply means for people: its cause as one word for programs, and a sentence. The remote's own words always stand beside it. */
import { partyOf } from "./providers.ts";

/** What became of one recipient, or of one attempt. */
export type Said = {
  /** An outcome of the trace, or the state of a recipient in the queue. */
  readonly outcome: string;
  readonly status: string | null;
  readonly reply: string | null;
  readonly relay: string | null;
  /** Final recipient. */
  readonly to: string;
  readonly nextAttemptAt?: Date | null;
};

export type Plain = { readonly cause: Cause /** Who said it: a provider or a domain. */; readonly party: string; readonly text: string };

export const CAUSES = [
  "accepted",
  "discarded",
  "deleted",
  "returned",
  "held",
  "quarantined",
  "trying",
  "untried",
  "slow-down",
  "greylisted",
  "mailbox-full",
  "mailbox-off",
  "no-such-address",
  "no-such-host",
  "takes-no-mail",
  "unreachable",
  "authentication",
  "block-list",
  "spam",
  "policy",
  "too-large",
  "encryption",
  "loop",
  "own-trouble",
  "other-later",
  "other-never",
] as const;
export type Cause = (typeof CAUSES)[number];

/** In this order: the first that fits. Words come before codes, since many hosts say 5.7.1 to everything. */
const RULES: readonly { readonly cause: Cause; readonly status?: RegExp; readonly words?: RegExp }[] = [
  { cause: "returned", status: /^5\.7\.0$/, words: /returned to the sender by/i },
  { cause: "deleted", status: /^5\.7\.0$/, words: /deleted by an administrator/i },
  { cause: "block-list", words: /\b(block ?list|blacklist|spamhaus|barracuda|spamcop|dnsbl|rbl)\b/i },
  { cause: "block-list", status: /^5\.7\.(60[6-9]|6[1-4]\d)$/ },
  { cause: "greylisted", words: /gr[ea]y-?list/i },
  {
    cause: "slow-down",
    words:
      /rate[- ]limit|too many|too quickly|unusual rate|throttl|slow down|temporarily deferred due to|\(S775\)|exceeded .*(limit|rate)/i,
    status: /^4\./,
  },
  { cause: "slow-down", status: /^4\.(7\.28|7\.650|3\.2|2\.1)$/ },
  { cause: "authentication", words: /\b(dmarc|dkim|spf|unauthenticated|sender id)\b/i, status: /\.7\./ },
  { cause: "authentication", status: /\.7\.(20|23|25|26|27|29|3\d|515)$/ },
  { cause: "spam", words: /\b(spam|unsolicited|junk|reputation)\b/i },
  { cause: "mailbox-full", status: /\.2\.2$/ },
  { cause: "mailbox-full", words: /(mailbox|quota|storage).{0,40}(full|exceeded)|over quota/i },
  { cause: "mailbox-off", status: /^[45]\.2\.[01]$/ },
  { cause: "takes-no-mail", status: /^5\.1\.10$/ },
  { cause: "no-such-host", status: /\.(4\.4|1\.2)$/ },
  { cause: "no-such-address", status: /\.1\.[0136]$/ },
  { cause: "no-such-address", words: /user unknown|no such (user|recipient|mailbox)|does ?n.t exist|recipient.*not found/i },
  { cause: "too-large", status: /\.(3\.4|2\.3)$/ },
  { cause: "encryption", status: /\.7\.(4|5|10|11)$/ },
  { cause: "encryption", words: /\b(starttls|tls|certificate)\b/i, status: /\.7\./ },
  { cause: "loop", status: /\.4\.6$/ },
  { cause: "unreachable", status: /\.4\.[01279]$|^4\.4\.5$/ },
  { cause: "policy", status: /\.7\.\d+$/ },
];

const BY_OUTCOME: Readonly<Record<string, Cause>> = {
  sent: "accepted",
  discarded: "discarded",
  deleted: "deleted",
  held: "held",
  quarantined: "quarantined",
};

/** The cause that a reply gives; `isOurs`: the trouble is on our side. */
export function causeOf({ outcome, status, reply, relay }: Omit<Said, "to">): Cause {
  const known = BY_OUTCOME[outcome];
  if (known !== undefined) return known;
  if (reply === null) return outcome === "active" ? "trying" : "untried";
  const code = status ?? "";
  const fits = RULES.find(
    ({ status: like, words }) => (like === undefined || like.test(code)) && (words === undefined || words.test(reply)),
  );
  if (fits !== undefined) return fits.cause;
  if (relay === null && /^4\.[3]\./.test(code)) return "own-trouble";
  return code.startsWith("5") ? "other-never" : "other-later";
}

const SENTENCES: Readonly<Record<Cause, (party: string) => string>> = {
  accepted: (party) => `${party} accepted it`,
  discarded: () => "It was discarded, as a route says",
  deleted: () => "Somebody who runs this server deleted it; nobody was told",
  returned: () => "Somebody who runs this server returned it to its sender",
  held: () => "It is held until somebody releases it",
  quarantined: () => "It stopped the program three times and is kept apart until somebody looks",
  trying: () => "It is being tried right now",
  untried: () => "It was not its turn yet",
  "slow-down": (party) => `${party} asked us to slow down`,
  greylisted: (party) => `${party} makes servers it does not know come again later`,
  "mailbox-full": (party) => `The mailbox at ${party} is full`,
  "mailbox-off": (party) => `The mailbox at ${party} takes no mail now`,
  "no-such-address": (party) => `${party} says there is no such address`,
  "no-such-host": (party) => `There is no mail server for ${party}`,
  "takes-no-mail": (party) => `${party} takes no mail at all`,
  unreachable: (party) => `No server of ${party} could be reached`,
  authentication: (party) => `${party} refused it because the sender could not be verified (SPF, DKIM or DMARC)`,
  "block-list": (party) => `${party} refused it because of a block list our server is on`,
  spam: (party) => `${party} took it for spam`,
  policy: (party) => `A policy of ${party} refused it`,
  "too-large": (party) => `It is larger than ${party} takes`,
  encryption: (party) => `No safe connection to ${party} could be made`,
  loop: (party) => `It went round in a loop at ${party}`,
  "own-trouble": () => "Something on our side was not available",
  "other-later": (party) => `${party} wants us to try again later`,
  "other-never": (party) => `${party} refused it`,
};

/** The cause, who said it, and one sentence, as in "Gmail asked us to slow down; next try 14:20 UTC". */
export function inPlainWords(said: Said): Plain {
  const cause = causeOf(said);
  const party = partyOf(said.to.slice(said.to.lastIndexOf("@") + 1).toLowerCase(), said.relay);
  const next = said.nextAttemptAt;
  const then =
    said.outcome === "expired"
      ? "; we gave up after the whole lifetime"
      : next == null || said.outcome === "held" || said.outcome === "quarantined"
        ? ""
        : `; next try ${next.toISOString().slice(11, 16)} UTC`;
  return { cause, party, text: `${SENTENCES[cause](party)}${then}.` };
}
