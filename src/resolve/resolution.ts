import type { ReversePath } from "../mail/envelope.ts";
import type { Mailbox } from "../mail/mailbox.ts";

/**
 * Why one address led to another. `person`, `groupMember`: an LDAP source says so. `bounces`: a list's bounce address leads to whoever
 * answers for the list. `postmaster`: nobody answers it, so it leads to whom the settings name.
 */
export type HopReason =
  | "alias"
  | "member"
  | "subaddress"
  | "domainAlias"
  | "catchAll"
  | "bounces"
  | "postmaster"
  | "person"
  | "groupMember";

/** Where an expansion ends, once however many ways lead there. */
export type FinalRecipient = {
  readonly mailbox: Mailbox;
  /** Ways from the asked address to here, addresses in order; the first is the shortest. Ten at most. */
  readonly paths: readonly (readonly string[])[];
  /** How many more ways there are. */
  readonly morePaths: number;
  /** The last list on the shortest way, whose bounce address becomes the reverse-path of the copy; null: none. */
  readonly list: Mailbox | null;
  /** Every way passes a list whose moderator must see the message first: the copy is stored as held, for this reason. */
  readonly held: string | null;
};

/** A target that leads nowhere; it is reported and breaks nothing else. `empty`: an entry without targets. */
export type DeadEnd = {
  readonly address: string;
  readonly from: string | null;
  readonly why: "unknown" | "expired" | "loop" | "badTarget" | "empty";
};

/**
 * What a forward-path means. The same answer serves RCPT and explain. "Expanded" has at least one recipient; where some targets are
 * dead ends the others get their copies. With nothing but dead ends the address is absent, or only leads to itself.
 */
export type Resolution =
  | {
      readonly kind: "expanded";
      readonly recipients: readonly FinalRecipient[];
      readonly deadEnds: readonly DeadEnd[];
    }
  // 550 5.1.1; `bouncesOf`: of a list's bounce address whose owner cannot be reached, so that its postmaster must answer for it
  | { readonly kind: "absent"; readonly deadEnds: readonly DeadEnd[]; readonly bouncesOf?: Mailbox }
  | { readonly kind: "unavailable"; readonly cause: Error } // 451 4.3.0
  | { readonly kind: "tooLarge"; readonly limit: "depth" | "recipients" | "hops"; readonly at: string } // 550 5.2.4
  | { readonly kind: "onlyItself"; readonly deadEnds: readonly DeadEnd[] } // 550 5.4.6
  | { readonly kind: "mayNotPost"; readonly list: string }; // 550 5.7.2

/** Asks what any mailbox means, for a sender (who may decide whether it may post). A mailbox not at our domains is its own final recipient. */
export type Resolve = (recipient: Mailbox, sender: ReversePath) => Promise<Resolution>;
