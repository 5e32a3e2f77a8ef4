import type { DsnRequest, Envelope } from "../mail/envelope.ts";
import { parseMailbox } from "../mail/mailbox.ts";
import { parseMailParameters, parseRcptParameters } from "../mail/parameters.ts";
import { parseForwardPath, parseReversePath } from "../mail/path.ts";
import type { Person } from "../mail/person.ts";
import { replies, replyToFault } from "../mail/replies.ts";
import type { Reply } from "../mail/reply.ts";
import { Content } from "./content.ts";
import { logDeadEnds } from "./dead-ends.ts";
import { type Decider, decideRecipient, type Postmaster, type RecipientDecision } from "./decide-recipient.ts";
import type { Answer, Dialogue } from "./dialogue.ts";
import { inTime } from "./in-time.ts";
import { Transaction } from "./transaction.ts";

/** RFC 6409 §4.3, RFC 4954 §6: where people sign in, nothing is sent without that, and nobody does it in clear text. Null: go on. */
function mustSignIn({ service, tls, state }: Dialogue): Reply | null {
  if (service === "smtp" || state.person !== null) return null;
  return tls === null ? replies.tlsFirst : replies.authFirst;
}

/** RFC 5321 §4.1.1.2. */
export function MAIL(dialogue: Dialogue, argument: Buffer): Answer {
  const { state, context } = dialogue;
  const first = mustSignIn(dialogue);
  if (first !== null) return first;
  if (state.hello === null) return replies.helloFirst;
  if (state.transaction !== null) return replies.transactionOpen;
  const path = behind("FROM:", argument);
  if (path === null) return replies.badArgument;
  const parsed = parseReversePath(path);
  if (!parsed.ok) return replyToFault(parsed.fault, "reverse");
  const parameters = parseMailParameters(parsed.parameters, { sizeLimit: context.limits.size, auth: dialogue.service !== "smtp" });
  if (!parameters.ok) return parameters.reply;
  if (!context.deps.accepting()) return replies.intakePaused;
  if (context.deps.spaceLow()) return replies.noSpace;
  const { smtputf8, body, ret, envid } = parameters.value;
  const envelope = { reversePath: parsed.path, smtputf8, body, ret, envid };
  if (state.person !== null) return openSubmission(dialogue, state.person, envelope);
  state.transaction = new Transaction(envelope, context.settings.canLeave);
  return replies.senderOk;
}

/** RFC 6409 §6.1: the reverse-path must be one the person may send from. The null path is for servers. */
async function openSubmission(dialogue: Dialogue, person: Person, envelope: Envelope): Promise<Reply> {
  const { state, context } = dialogue;
  const { sending } = context.deps;
  if (sending === null) return replies.authFirst;
  if (envelope.reversePath === null) return replies.senderNotYours;
  try {
    const asked = Promise.all([sending.rights(person), sending.heldFor(person)]);
    const [rights, held] = await inTime(asked, context.limits.lookupTimeout, "asking what a person may send");
    if (rights.kind === "unavailable") throw rights.cause;
    if (rights.kind === "absent" || !rights.value.maySendAs(envelope.reversePath)) return replies.senderNotYours;
    if (held !== null) return replies.sendingStopped;
    state.transaction = new Transaction(envelope, context.settings.canLeave, { person, rights: rights.value });
    return replies.senderOk;
  } catch (cause) {
    return dialogue.trouble("smtp.rights_not_known", cause);
  }
}

/** RFC 5321 §4.1.1.3. Every recipient is decided here, so that none has to be returned later. */
export function RCPT(dialogue: Dialogue, argument: Buffer): Answer {
  const { state, context, client } = dialogue;
  const { transaction } = state;
  const first = mustSignIn(dialogue);
  if (first !== null) return first;
  if (transaction === null) return replies.mailFirst;
  const path = behind("TO:", argument);
  if (path === null) return replies.badArgument;
  const { smtputf8, reversePath } = transaction.envelope;
  const parsed = parseForwardPath(path, { smtputf8 });
  if (!parsed.ok) return replyToFault(parsed.fault, "forward");
  const dsn = parseRcptParameters(parsed.parameters, { smtputf8 });
  if (!dsn.ok) return dsn.reply;
  if (transaction.forwardPaths >= context.limits.recipients) return replies.tooManyRecipients;
  const { trustedNetwork, ownAddress } = client;
  const { sender } = transaction;
  const ownAddresses = sender?.person.addresses ?? [];
  const question = { path: parsed.path, reversePath, trustedNetwork, signedIn: sender !== null, ownAddress, ownAddresses };
  return inTime(
    decideRecipient(deciderOf(dialogue), question).then((decision) => withinLimits(dialogue, transaction, decision)),
    context.limits.lookupTimeout,
    "deciding a forward-path",
  ).then(
    (decision) => take(dialogue, transaction, decision, dsn.value),
    (cause: unknown) => {
      dialogue.trouble("smtp.lookup_failed", cause);
      return replies.lookupFailed;
    },
  );
}

function take({ context: { deps, limits } }: Dialogue, transaction: Transaction, decision: RecipientDecision, dsn: DsnRequest): Reply {
  if (decision.accepted === false) return decision.reply;
  if (decision.accepted === "ifAuthorMay") {
    return transaction.awaitAuthor(decision.forwardPath, dsn) ? replies.recipientOk : replies.listAlone;
  }
  if (transaction.awaited !== null) return replies.listAlone;
  if (!transaction.add(decision.forwardPath, dsn, decision, limits.messageRecipients)) return replies.tooManyRecipients;
  logDeadEnds(deps.log, decision.forwardPath, decision.deadEnds);
  return replies.recipientOk;
}

const overLimit = {
  tooManyPerHour: replies.tooManyPerHour,
  tooManyFirstTime: replies.tooManyFirstTime,
  stopped: replies.sendingStopped,
} as const;

/** Counts an accepted forward-path of a signed-in person; over their limit it is refused for now. Each counts once in a transaction. */
async function withinLimits({ context }: Dialogue, transaction: Transaction, decision: RecipientDecision): Promise<RecipientDecision> {
  const { sending } = context.deps;
  const { sender } = transaction;
  if (!decision.accepted || sender === null || sending === null || transaction.names(decision.forwardPath)) return decision;
  const booked = await sending.book(sender.person, decision.forwardPath);
  return booked === "accepted" ? decision : { accepted: false, reply: overLimit[booked] };
}

/** RFC 5321 §4.1.1.4. */
export function DATA(dialogue: Dialogue, argument: Buffer): Reply {
  const { state, context } = dialogue;
  const first = mustSignIn(dialogue);
  if (first !== null) return first;
  if (argument.toString("latin1").trim() !== "") return replies.badArgument;
  if (state.transaction === null) return replies.mailFirst;
  if (state.transaction.forwardPaths === 0) return replies.recipientFirst;
  dialogue.readContent(new Content(context.deps.openIntake(), context.limits, context.deps.log));
  return replies.sendData;
}

/** What stands behind `word`, in any case; null: something else begins the argument. */
function behind(word: string, argument: Buffer): Buffer | null {
  const begins = argument.length >= word.length && argument.toString("latin1", 0, word.length).toUpperCase() === word;
  return begins ? argument.subarray(word.length) : null;
}

/** What the decision of a RCPT asks, for this connection. */
export function deciderOf(dialogue: Dialogue): Decider {
  const { deps, settings } = dialogue.context;
  return {
    directory: deps.directory,
    resolve: deps.resolve,
    postmaster: () => postmasterOf(deps.firstDomain, settings.hostname, settings.postmaster),
    unavailable: (cause) => dialogue.trouble("smtp.lookup_failed", cause),
  };
}

async function postmasterOf(
  firstDomain: () => Promise<string | null>,
  hostname: string,
  fallback: Postmaster["fallback"],
): Promise<Postmaster> {
  const parsed = parseMailbox(`postmaster@${(await firstDomain()) ?? hostname}`);
  if (!parsed.ok) throw new Error(`our hostname is no domain: ${parsed.fault.detail}`);
  return { address: parsed.mailbox, fallback };
}
