import type { RemoteReply, Scope, Verdict } from "../mail/verdict.ts";
import type { Stage } from "./session-lost.ts";

/**
 * 5yz replies about the state of the session, or about a set-up that a person mends, not about the mail: 503 is a dialogue out
 * of step; 530, 535 and 538 ask for TLS or a sign-in that we lack (RFC 4954 §6, RFC 3207 §4).
 */
const NOT_THE_MAIL = new Set([503, 530, 535, 538]);

const SCOPES: Readonly<Record<Stage, Scope>> = {
  connect: "host",
  greeting: "host",
  mail: "message",
  rcpt: "recipient",
  data: "message",
  dot: "message",
};

/** The verdict on one recipient from the reply that decided on it. `relay` is `host[address]:port`. */
export function verdictOf(
  { stage, reply }: { readonly stage: Stage; readonly reply: RemoteReply },
  relay: string,
  isLmtp: boolean,
): Verdict {
  if (stage === "dot" && reply.code >= 200 && reply.code < 300) return { kind: "relayed", reply, relay };
  // RFC 2033 §4.2: after the dot an LMTP host speaks of one recipient. RFC 5321 §3.8: a 421 is about the host, whenever it comes.
  const scope = reply.code === 421 ? "host" : isLmtp && stage === "dot" ? "recipient" : SCOPES[stage];
  return { kind: isFinal(stage, reply) ? "failed" : "deferred", scope, reply, relay };
}

/** RFC 5321 §4.2.1: 5yz is final; all else, known or not, is tried again. */
function isFinal(stage: Stage, reply: RemoteReply): boolean {
  if (reply.code < 500 || reply.code > 599 || NOT_THE_MAIL.has(reply.code)) return false;
  // A host that turns everyone away may do so for trouble of its own or a block list. Only 521 says "no mail here, ever" (RFC 7504 §3).
  if (stage === "connect" || stage === "greeting") return reply.code === 521;
  return !(stage === "rcpt" && isTooManyRecipients(reply));
}

/** RFC 5321 §4.5.3.1.10: 452, and 552 from older hosts, may mean "too many recipients". With 5.2.2 and its like 552 is about the mailbox. */
export function isTooManyRecipients(reply: RemoteReply): boolean {
  if (reply.code === 452) return reply.enhancedStatus === "4.5.3" || reply.enhancedStatus === "4.0.0";
  return reply.code === 552 && (reply.enhancedStatus === "5.5.3" || reply.enhancedStatus === "5.0.0");
}
