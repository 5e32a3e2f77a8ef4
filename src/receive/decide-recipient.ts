import type { Directory } from "../directory/directory.ts";
import { cannotBeOurs, isLiteral, parseDomain } from "../mail/domain.ts";
import type { ReversePath } from "../mail/envelope.ts";
import { absent, type Lookup } from "../mail/lookup.ts";
import { atOurs, type Mailbox } from "../mail/mailbox.ts";
import type { ForwardPath } from "../mail/path.ts";
import { replies, replyToLocalPart } from "../mail/replies.ts";
import type { Reply } from "../mail/reply.ts";
import { answerOf, only, postmasterAnswer } from "../resolve/answer.ts";
import type { Resolution, Resolve } from "../resolve/resolution.ts";
import { decideRelay, type RelayDecision } from "./relay-decision.ts";
import type { Destination } from "./transaction.ts";

/** Who answers for `<postmaster>`: the mailbox it means, and the one that gets its mail when that leads nowhere (null: held for a person). */
export type Postmaster = { readonly address: Mailbox; readonly fallback: Mailbox | null };

/**
 * What the decision asks. `trustedNetwork`, `signedIn`: see RelayQuestion; `ownAddress`: the one of ours that the client connected to;
 * `ownAddresses`: those of the person who signed in, any of which may be what a list knows them by.
 */
export type RecipientQuestion = {
  readonly path: ForwardPath;
  readonly reversePath: ReversePath;
  readonly trustedNetwork: boolean;
  readonly signedIn: boolean;
  readonly ownAddress: string;
  readonly ownAddresses: readonly Mailbox[];
};

export type Decider = {
  readonly directory: Pick<Directory, "domain">;
  readonly resolve: Resolve;
  readonly postmaster: () => Promise<Postmaster>;
  /** Told of a lookup that failed. */
  readonly unavailable: (cause: Error) => void;
};

/**
 * Where mail for a forward-path goes, or the reply that refuses it. `forwardPath` is the path as a mailbox. "ifAuthorMay": a list does not take
 * the envelope's sender, who is a stranger and may be somebody's bounce address; decideForAuthor has the last word.
 */
export type RecipientDecision =
  | ({ readonly accepted: true; readonly forwardPath: Mailbox } & Destination)
  | { readonly accepted: "ifAuthorMay"; readonly forwardPath: Mailbox }
  | { readonly accepted: false; readonly reply: Reply };

/** Nothing is left open. */
type Decided = Exclude<RecipientDecision, { readonly accepted: "ifAuthorMay" }>;

const refuse = (reply: Reply): Decided => ({ accepted: false, reply });

/** Decides one RCPT (RFC 5321 §4.1.1.3): relay first, then what the address means. */
export async function decideRecipient(decider: Decider, question: RecipientQuestion): Promise<RecipientDecision> {
  const domain = await domainOf(decider, question.path);
  if (domain.kind === "unavailable") decider.unavailable(domain.cause);
  const decision = decideRelay({ ...question, domain: domain.kind, ownLiteral: ownLiteral(question) });
  const { path } = question;
  if (decision === "postmaster" || path.kind === "postmaster") return toPostmaster(decider, question, domain.kind === "found");
  if (decision === "ours") return toOurs(decider, path.mailbox, question);
  return decision === "relay" ? relayed(path.mailbox) : refuse(refusals[decision]);
}

const refusals: Readonly<Record<Exclude<RelayDecision, "postmaster" | "ours" | "relay">, Reply>> = {
  relayDenied: replies.relayDenied,
  noDestination: replies.noDestination,
  returnAddressInvalid: replies.returnAddressInvalid,
  unavailable: replies.lookupFailed,
};

/** RFC 5321 §4.1.3: our address, in the one form that a parsed literal has; empty where no literal is asked for. */
function ownLiteral({ path, ownAddress: address }: RecipientQuestion): string {
  if (path.kind === "postmaster" || !isLiteral(path.mailbox.domain)) return "";
  const parsed = parseDomain(address.includes(":") ? `[IPv6:${address}]` : `[${address}]`, { literals: true });
  return parsed.ok ? parsed.domain : "";
}

async function domainOf(decider: Decider, path: ForwardPath): Promise<Lookup<unknown>> {
  if (path.kind === "postmaster" || cannotBeOurs(path.mailbox.domain)) return absent;
  return decider.directory.domain(path.mailbox.domain);
}

const accept = (forwardPath: Mailbox, { recipients, posts, deadEnds, moved }: Destination): Decided => ({
  accepted: true,
  forwardPath,
  recipients,
  posts,
  deadEnds,
  ...(moved !== undefined && { moved }),
});

/** As given: a foreign local part keeps its case, and expansion is its own server's business. */
const relayed = (mailbox: Mailbox): RecipientDecision =>
  accept(mailbox, { recipients: [only(mailbox, [mailbox.key])], posts: [], deadEnds: [] });

async function toOurs(decider: Decider, given: Mailbox, question: RecipientQuestion): Promise<RecipientDecision> {
  const mailbox = atOurs(given);
  const refusal = replyToLocalPart(mailbox.localPart);
  if (refusal !== null) return refuse(refusal);
  const fallback = async () => (await decider.postmaster()).fallback;
  const { meant, resolution } = await answerOf(asking(decider, question), mailbox, question.reversePath === null, fallback);
  if (resolution.kind === "mayNotPost") return toStrangers(decider, meant === mailbox ? given : meant, question);
  return decided(decider, meant === mailbox ? given : meant, resolution);
}

const asking =
  (decider: Decider, { reversePath, ownAddresses }: RecipientQuestion) =>
  (mailbox: Mailbox) =>
    decider.resolve(mailbox, reversePath, ownAddresses);

function decided(decider: Pick<Decider, "unavailable">, forwardPath: Mailbox, resolution: Resolution): Decided {
  if (resolution.kind === "expanded" && resolution.recipients.length > 0) return accept(forwardPath, resolution);
  if (resolution.kind === "unavailable") decider.unavailable(resolution.cause);
  return refuse(refusalOf(resolution));
}

/**
 * A list does not take the envelope's sender. Of a sender outside that says little: the envelope may name anything that takes bounces, and the
 * author decides. Somebody of ours, and who signed in, has one address and writes under it.
 */
async function toStrangers(
  decider: Decider,
  forwardPath: Mailbox,
  { reversePath, signedIn }: RecipientQuestion,
): Promise<RecipientDecision> {
  if (reversePath === null || signedIn) return refuse(replies.mayNotPost);
  const domain = cannotBeOurs(reversePath.domain) ? absent : await decider.directory.domain(reversePath.domain);
  if (domain.kind === "absent") return { accepted: "ifAuthorMay", forwardPath };
  if (domain.kind === "found") return refuse(replies.mayNotPost);
  decider.unavailable(domain.cause);
  return refuse(replies.lookupFailed);
}

/** Decides a list's RCPT again for the author of the message (RFC 5322 §3.6.2). Nobody is the author: nobody may post. */
export async function decideForAuthor(
  decider: Pick<Decider, "resolve" | "unavailable">,
  forwardPath: Mailbox,
  author: Mailbox | null,
): Promise<Decided> {
  return author === null ? refuse(replies.mayNotPost) : decided(decider, forwardPath, await decider.resolve(atOurs(forwardPath), author));
}

function refusalOf(resolution: Resolution): Reply {
  switch (resolution.kind) {
    case "expanded": // to nobody: every way ends in nothing
    case "onlyItself":
      return replies.leadsToItself;
    case "absent":
      return replies.mailboxUnknown;
    case "refused":
      return resolution.reply;
    case "unavailable":
      return replies.lookupFailed;
    case "tooLarge":
      return replies.expansionTooLarge;
    case "mayNotPost":
      return replies.mayNotPost;
  }
}

/** RFC 5321 §4.5.1, §4.1.1.3: `<postmaster>` without a domain, or at our address literal, is that of the first domain. */
async function toPostmaster(decider: Decider, question: RecipientQuestion, atOurDomain: boolean): Promise<RecipientDecision> {
  const { address, fallback } = await decider.postmaster();
  const asked = atOurDomain && question.path.kind === "mailbox" ? atOurs(question.path.mailbox) : address;
  const { meant, resolution } = await postmasterAnswer(asking(decider, question), asked, async () => fallback);
  return decided(decider, meant, resolution);
}
