import type { ReversePath } from "../mail/envelope.ts";
import type { Mailbox } from "../mail/mailbox.ts";
import type { Reply } from "../mail/reply.ts";

/**
 * Why one address led to another. `person`, `groupMember`, `filter`: an LDAP source says so. `bounces`, `listOwner`: an address that a list has by
 * itself leads to whoever answers for the list. `postmaster`: nobody answers it, so it leads to whom the settings name. `moved`: it is retired.
 */
export type HopReason =
  | "moved"
  | "alias"
  | "member"
  | "subaddress"
  | "domainAlias"
  | "catchAll"
  | "bounces"
  | "listOwner"
  | "postmaster"
  | "person"
  | "groupMember"
  | "filter";

/** The list that a copy passed last, as far as the copy shows it. */
export type ListCopy = {
  readonly address: Mailbox;
  /** The member by whom the list led here, if that member leads to nobody else and may leave the list; else null. */
  readonly leaver: Mailbox | null;
  /** Members may write to it. */
  readonly takesPosts: boolean;
  /** The list stands for the owner of another, which this mail was for: what lists refuse, this one must take. */
  readonly answersForAnother: boolean;
};

/** A list that mail for an address is a post to: the first one on its way. `reach`: final recipients behind it. */
export type PostedList = { readonly address: Mailbox; readonly reach: number };

/** Where an expansion ends, once however many ways lead there. */
export type FinalRecipient = {
  readonly mailbox: Mailbox;
  /** Ways from the asked address to here, addresses in order; the first is the shortest. Ten at most. */
  readonly paths: readonly (readonly string[])[];
  /** How many more ways there are. */
  readonly morePaths: number;
  /** The last list on the shortest way, whose bounce address becomes the reverse-path of the copy; null: none. */
  readonly list: ListCopy | null;
  /** Every way passes a list whose owner must see the message first, or an admin where it is nobody's: the copy is stored as held, for this reason. */
  readonly held: Held | null;
  /** Present: the address is switched off quietly. Its copy is accepted and thrown away, for this reason. */
  readonly discarded?: string;
};

/** `by`: the list whose owner decides; null: an admin does. */
export type Held = { readonly reason: string; readonly by: Mailbox | null };

/** A retired address that somebody wrote to, and where its mail goes now. */
export type Moved = { readonly from: Mailbox; readonly to: Mailbox };

/**
 * A target that leads nowhere; it is reported and breaks nothing else. `empty`: an entry without targets. `notYet`: before its start date.
 * `disabled…`: switched off, with this answer. `moved`: retired. `notAllowed`: off campus, where the holder's mail may not go.
 */
export type DeadEnd = {
  readonly address: string;
  readonly from: string | null;
  readonly why:
    | "unknown"
    | "expired"
    | "loop"
    | "badTarget"
    | "empty"
    | "notYet"
    | "disabled"
    | "disabledSoft"
    | "disabledText"
    | "moved"
    | "notAllowed";
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
      /** The asked address is retired: whoever wrote to `from` is to hear of `to`. */
      readonly moved?: Moved;
      /** The lists it is a post to. */
      readonly posts: readonly PostedList[];
      /** Who gets no copy for having sent it. */
      readonly withoutOwnCopy: readonly Mailbox[];
    }
  // 550 5.1.1; `ofList`: an address that a list has by itself, whose owner cannot be reached, so that its postmaster must answer for it
  | {
      readonly kind: "absent";
      readonly deadEnds: readonly DeadEnd[];
      readonly ofList?: { readonly asked: Mailbox; readonly as: "bounces" | "listOwner" };
    }
  | { readonly kind: "unavailable"; readonly cause: Error } // 451 4.3.0
  | { readonly kind: "tooLarge"; readonly limit: "depth" | "recipients" | "hops"; readonly at: string } // 550 5.2.4
  | { readonly kind: "onlyItself"; readonly deadEnds: readonly DeadEnd[] } // 550 5.4.6
  // Switched off, retired, or what it leads to may not be reached, with an answer of its own.
  | { readonly kind: "refused"; readonly reply: Reply; readonly deadEnds: readonly DeadEnd[] }
  | { readonly kind: "mayNotPost"; readonly list: string }; // 550 5.7.2

/**
 * Asks what any mailbox means, for a sender (who may decide whether it may post): the reverse-path, which nobody has proved, and all addresses
 * of a person who signed in, each of which may be what a list knows them by. A mailbox not at our domains is its own final recipient.
 */
export type Resolve = (recipient: Mailbox, sender: ReversePath, ownAddresses?: readonly Mailbox[]) => Promise<Resolution>;
