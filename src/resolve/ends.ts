/** How the ways of a walk end, for whoever explains it. */
import type { Route } from "../directory/directory.ts";
import type { Lookup } from "../mail/lookup.ts";
import { momentText, startText } from "../mail/moment.ts";
import { replies } from "../mail/replies.ts";
import type { Reply } from "../mail/reply.ts";
import type { LeafState } from "./explanation.ts";
import type { Node } from "./graph.ts";
import type { FinalRecipient, Resolution } from "./resolution.ts";
import type { Walk } from "./walk.ts";

/** Routes by the domains of final recipients. */
export type Routes = ReadonlyMap<string, Lookup<Route>>;

/** What RCPT answers when all of an address ends so. */
export const ANSWERS: Readonly<Record<LeafState, Reply>> = {
  delivers: replies.recipientOk,
  discarded: replies.recipientOk,
  duplicate: replies.recipientOk,
  held: replies.recipientOk,
  senderHasIt: replies.recipientOk,
  unknown: replies.mailboxUnknown,
  expired: replies.mailboxUnknown,
  notYet: replies.mailboxUnknown,
  disabled: replies.mailboxUnknown,
  disabledSoft: replies.mailboxDisabled,
  disabledText: { ...replies.mailboxUnknown, enhancedStatus: "5.2.1" }, // RFC 3463 §3.3
  moved: { ...replies.mailboxUnknown, enhancedStatus: "5.1.6" }, // RFC 3463 §3.2
  notAllowed: replies.forwardingNotAllowed,
  empty: replies.mailboxUnknown,
  badTarget: replies.mailboxUnknown,
  loop: replies.leadsToItself,
  mayNotPost: replies.mayNotPost,
  tooDeep: replies.expansionTooLarge,
  tooWide: replies.expansionTooLarge,
  refused: replies.expansionTooLarge,
  lookupFailed: replies.lookupFailed,
  notOurs: replies.relayDenied,
};

export type End = {
  readonly state: LeafState;
  readonly detail?: string;
  readonly recipient?: FinalRecipient;
  readonly nextHop?: string;
};

/** How the way ends at a node; null: it goes on. */
export class Ends {
  readonly #walked: Walk;
  readonly #routes: Routes;
  readonly #recipients: ReadonlyMap<string, FinalRecipient>;
  readonly #ownCopies: ReadonlySet<string>;
  readonly #isBarred: (node: Node) => boolean;

  constructor(walked: Walk, routes: Routes, resolution: Resolution, isBarred: (node: Node) => boolean) {
    this.#walked = walked;
    this.#routes = routes;
    const { recipients, withoutOwnCopy } = resolution.kind === "expanded" ? resolution : { recipients: [], withoutOwnCopy: [] };
    this.#recipients = new Map(recipients.map((one) => [one.mailbox.key, one]));
    this.#ownCopies = new Set(withoutOwnCopy.map(({ key }) => key));
    this.#isBarred = isBarred;
  }

  of(node: Node): End | null {
    const walked = this.#walked;
    if (walked.kind === "tooLarge" && walked.at === node.mailbox.key) return { state: walked.limit === "depth" ? "tooDeep" : "tooWide" };
    if (this.#isBarred(node)) return { state: "mayNotPost" };
    switch (node.kind) {
      case "dead":
        return deadEnd(node);
      case "discarded":
        return this.#discarded(node);
      case "entry":
        return node.why === "empty" ? { state: "empty" } : null;
      case "passed":
        return null;
      case "unasked":
        if (walked.kind !== "unavailable") return { state: "refused" };
        return { state: "lookupFailed", ...(walked.at === node && { detail: walked.cause.message }) };
      case "final":
        return node.parent === null && !this.#isHeld(node)
          ? { state: "notOurs" }
          : walked.kind === "tooLarge"
            ? { state: "refused" }
            : this.#delivery(node);
    }
  }

  #discarded(node: Node): End {
    const recipient = this.#recipients.get(node.mailbox.key);
    return { state: "discarded", detail: "switched off quietly", ...(recipient !== undefined && { recipient }) };
  }

  /** Only of ours: a postmaster whom nobody answers. */
  #isHeld(node: Node): boolean {
    return (this.#recipients.get(node.mailbox.key)?.held ?? null) !== null;
  }

  #delivery(node: Node): End {
    const recipient = this.#recipients.get(node.mailbox.key);
    const route = this.#routes.get(node.mailbox.domain);
    const held = recipient?.held ?? null;
    if (recipient !== undefined && held !== null) return { state: "held", detail: held.reason, recipient };
    if (this.#ownCopies.has(node.mailbox.key)) return { state: "senderHasIt" };
    if (route?.kind !== "found") return { state: "lookupFailed", ...(route?.kind === "unavailable" && { detail: route.cause.message }) };
    const end = { nextHop: route.value.url, ...(recipient !== undefined && { recipient }) };
    return route.value.kind === "discard" ? { state: "discarded", ...end } : { state: "delivers", ...end };
  }
}

/** How the way ends at an address that leads nowhere now. */
function deadEnd({ why, entry }: Node): End {
  const life = entry?.life;
  switch (why) {
    case "disabledText":
      return { state: why, detail: life?.disabled?.answer === "text" ? life.disabled.text : "" };
    case "moved":
      return { state: why, detail: life?.moved?.to.key ?? "" };
    case "notYet":
      return { state: why, detail: startOf(life?.startsAt) };
    case "expired":
      return { state: why, detail: endOf(entry?.expiresAt) };
    case "disabled":
    case "disabledSoft":
      return { state: why };
    case "unknown":
    case "loop":
    case "badTarget":
    case "empty":
    case "notAllowed":
    case null:
      return { state: "unknown" };
  }
}

/** What the end of a target that does not count now is explained with. */
/** What is to be said of a target that does not count now. */
export function skipText({ entry, skipped }: Node, address: string): string {
  const why = skipped.find((one) => one.address === address)?.why;
  const dates = entry?.life?.targetDates.get(address);
  if (why === "notAllowed") return entry?.life?.affiliation ?? "";
  return why === "notYet" ? startOf(dates?.startsAt) : endOf(dates?.expiresAt);
}

const startOf = (moment: Date | null | undefined): string => (moment == null ? "" : startText(moment));
const endOf = (moment: Date | null | undefined): string => (moment == null ? "" : momentText(moment));
