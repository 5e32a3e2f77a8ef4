import type { ReversePath } from "../mail/envelope.ts";
import type { Mailbox } from "../mail/mailbox.ts";

/** Why one address led to another. */
export type HopReason = "alias" | "member" | "subaddress" | "domainAlias" | "catchAll";

/** One step of an expansion: keys of the two addresses. */
export type Hop = { readonly from: string; readonly to: string; readonly reason: HopReason };

/** Where an expansion ends, once however many ways lead there. */
export type FinalRecipient = {
  readonly mailbox: Mailbox;
  readonly paths: readonly (readonly string[])[];
  /** The last list on the way, whose bounce address becomes the reverse-path of the copy; null: none. */
  readonly list: Mailbox | null;
};

/** A target that leads nowhere; it is reported and breaks nothing else. */
export type DeadEnd = {
  readonly address: string;
  readonly from: string | null;
  readonly why: "unknown" | "expired" | "loop" | "badTarget";
};

/** What a forward-path means. The same answer serves RCPT and explain. */
export type Resolution =
  | {
      readonly kind: "expanded";
      readonly recipients: readonly FinalRecipient[];
      readonly hops: readonly Hop[];
      readonly deadEnds: readonly DeadEnd[];
    }
  | { readonly kind: "absent"; readonly hops: readonly Hop[]; readonly deadEnds: readonly DeadEnd[] } // 550 5.1.1
  | { readonly kind: "unavailable"; readonly cause: Error } // 451 4.3.0
  | { readonly kind: "tooLarge"; readonly limit: "depth" | "recipients"; readonly at: string } // 550 5.2.4
  | { readonly kind: "onlyItself"; readonly hops: readonly Hop[]; readonly deadEnds: readonly DeadEnd[] } // 550 5.4.6
  | { readonly kind: "mayNotPost"; readonly list: string }; // 550 5.7.2

/** Asks what a mailbox of ours means, for a sender (who may decide whether it may post). */
export type Resolve = (recipient: Mailbox, sender: ReversePath) => Promise<Resolution>;
