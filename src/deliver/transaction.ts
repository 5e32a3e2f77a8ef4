import { readRemoteReply } from "../mail/remote-reply.ts";
import { reply } from "../mail/reply.ts";
import type { RemoteReply } from "../mail/verdict.ts";
import { isPositive, type Outgoing, type Session } from "./session.ts";
import type { Stage } from "./session-lost.ts";

/** What a transaction sends. The lines are ready for the wire, without their ends: canonical mailboxes, parameters the host offers. */
export type Transaction = Outgoing & { readonly mail: string; readonly rcpts: readonly string[] };

/** How a transaction ended for one recipient: the last command whose reply decided on it. A null reply to the dot: it never came. */
export type Answer = { readonly stage: Stage; readonly reply: RemoteReply } | { readonly stage: "dot"; readonly reply: null };

const TAKEN: Answer = { stage: "rcpt", reply: reply(250, "2.1.5", "taken") };

/**
 * One message to all of `rcpts`; the answers are in their order. Throws SessionLost, after which the session is closed. If nobody
 * was taken the session, when still `usable`, needs `rset` before the next transaction.
 */
export async function transact(session: Session, t: Transaction): Promise<Answer[]> {
  session.transactions++;
  // RFC 2920 §3.1: MAIL, the RCPTs and DATA may go in one group; DATA is its last command.
  const replies = session.offers("PIPELINING") ? await session.ask("mail", [t.mail, ...t.rcpts, "DATA"]) : await askInTurn(session, t);
  const mail = replies[0] ?? "";
  const data = replies[t.rcpts.length + 1]; // undefined: DATA was not sent
  if (!isPositive(mail)) {
    const answer: Answer = { stage: "mail", reply: refusal(session, "mail", mail) };
    return nobody(session, Array<Answer>(t.rcpts.length).fill(answer), data);
  }
  const answers = t.rcpts.map((_, i) => rcptAnswer(session, replies[i + 1] ?? ""));
  const taken = answers.filter((answer) => answer === TAKEN).length;
  if (taken === 0 || data === undefined) return nobody(session, answers, data);
  // RFC 5321 §4.1.1.4: only 354 asks for the data. A 2xx here comes from a host that lost its place.
  if (!data.startsWith("354")) return decided(answers, [{ stage: "data", reply: refusal(session, "data", data) }]);
  const finals = await session.sendContent(t, session.isLmtp ? taken : 1);
  return decided(
    answers,
    finals.map((raw): Answer => ({ stage: "dot", reply: raw === null ? null : parse(session, "dot", raw) })),
  );
}

async function askInTurn(session: Session, t: Transaction): Promise<string[]> {
  const replies = await session.ask("mail", [t.mail]);
  if (!isPositive(replies[0] ?? "")) return replies;
  let taken = 0;
  for (const rcpt of t.rcpts) {
    const [raw = ""] = await session.ask("rcpt", [rcpt]);
    replies.push(raw);
    if (isPositive(raw)) taken++;
  }
  return taken === 0 ? replies : [...replies, ...(await session.ask("data", ["DATA"]))];
}

const rcptAnswer = (session: Session, raw: string): Answer =>
  isPositive(raw) ? TAKEN : { stage: "rcpt", reply: refusal(session, "rcpt", raw) };

/** Nobody was taken. A host that asks for the data all the same is left at once, whatever it would do with an empty message. */
function nobody(session: Session, answers: Answer[], data: string | undefined): Answer[] {
  if (data?.startsWith("354")) session.close();
  return answers;
}

/** The replies to the dot, or the one to DATA, in place of the answers of those who were taken. */
function decided(answers: readonly Answer[], finals: readonly Answer[]): Answer[] {
  let next = 0;
  return answers.map((answer) => (answer === TAKEN ? ((finals.length > 1 ? finals[next++] : finals[0]) ?? answer) : answer));
}

/** A reply that must be a refusal; anything below 400 means that the host lost its place. */
function refusal(session: Session, stage: Stage, raw: string): RemoteReply {
  const parsed = parse(session, stage, raw);
  if (parsed.code < 400) throw session.breakOff(stage, new Error(`${parsed.code} out of place: ${parsed.text}`));
  return parsed;
}

function parse(session: Session, stage: Stage, raw: string): RemoteReply {
  const parsed = readRemoteReply(raw);
  if (parsed === null) throw session.breakOff(stage, new Error(`not an SMTP reply: ${raw.slice(0, 80)}`));
  return parsed;
}
