import type { Log } from "../log/log.ts";
import { type Mailbox, mailboxText, parseMailbox, textOfKey } from "../mail/mailbox.ts";
import { parseMailParameters, parseRcptParameters } from "../mail/parameters.ts";
import { parseForwardPath, parseReversePath } from "../mail/path.ts";
import { replies, replyToFault } from "../mail/replies.ts";
import type { Reply } from "../mail/reply.ts";
import type { DeadEnd } from "../resolve/resolution.ts";
import { Content } from "./content.ts";
import { type Decider, decideRecipient, type Postmaster } from "./decide-recipient.ts";
import type { Answer, Dialogue } from "./dialogue.ts";
import { inTime } from "./in-time.ts";
import { Transaction } from "./transaction.ts";

/** RFC 5321 §4.1.1.2. */
export function MAIL(dialogue: Dialogue, argument: Buffer): Reply {
  const { state, context } = dialogue;
  if (state.hello === null) return replies.helloFirst;
  if (state.transaction !== null) return replies.transactionOpen;
  const path = behind("FROM:", argument);
  if (path === null) return replies.badArgument;
  const parsed = parseReversePath(path);
  if (!parsed.ok) return replyToFault(parsed.fault, "reverse");
  const parameters = parseMailParameters(parsed.parameters, { sizeLimit: context.limits.size });
  if (!parameters.ok) return parameters.reply;
  if (!context.deps.accepting()) return replies.intakePaused;
  if (context.deps.spaceLow()) return replies.noSpace;
  const { smtputf8, body, ret, envid } = parameters.value;
  state.transaction = new Transaction({ reversePath: parsed.path, smtputf8, body, ret, envid });
  return replies.senderOk;
}

/** RFC 5321 §4.1.1.3. Every recipient is decided here, so that none has to be returned later. */
export function RCPT(dialogue: Dialogue, argument: Buffer): Answer {
  const { state, context, client } = dialogue;
  const { transaction } = state;
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
  const asked = decideRecipient(deciderOf(dialogue), { path: parsed.path, reversePath, trustedNetwork, ownAddress });
  return inTime(asked, context.limits.lookupTimeout, "the lookup of a forward-path").then(
    (decision) => {
      if (!decision.accepted) return decision.reply;
      const taken = transaction.add(decision.forwardPath, dsn.value, decision.recipients, context.limits.messageRecipients);
      if (taken) logDeadEnds(context.deps.log, decision.forwardPath, decision.deadEnds);
      return taken ? replies.recipientOk : replies.tooManyRecipients;
    },
    (cause: unknown) => {
      dialogue.trouble("smtp.lookup_failed", cause);
      return replies.lookupFailed;
    },
  );
}

/** Of the dead ends of one forward-path so many get a line of their own. */
const DEAD_ENDS_NAMED = 20;

/** The mail is taken for the others, so nobody outside hears of these: whoever looks after the alias must. */
function logDeadEnds(log: Log, forwardPath: Mailbox, deadEnds: readonly DeadEnd[]): void {
  const recipient = mailboxText(forwardPath);
  for (const { from, address, why } of deadEnds.slice(0, DEAD_ENDS_NAMED)) {
    log.warn("a target leads nowhere", { recipient, alias: from && textOfKey(from), target: textOfKey(address), why });
  }
  const more = deadEnds.length - DEAD_ENDS_NAMED;
  if (more > 0) log.warn("more targets lead nowhere", { recipient, targets: more });
}

/** RFC 5321 §4.1.1.4. */
export function DATA(dialogue: Dialogue, argument: Buffer): Reply {
  const { state, context } = dialogue;
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

function deciderOf({ context, trouble }: Dialogue): Decider {
  const { deps, settings } = context;
  return {
    directory: deps.directory,
    resolve: deps.resolve,
    postmaster: () => postmasterOf(deps.firstDomain, settings.hostname, settings.postmaster),
    unavailable: (cause) => trouble("smtp.lookup_failed", cause),
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
