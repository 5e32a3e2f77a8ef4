import type { DsnRequest, Envelope, ReversePath } from "../mail/envelope.ts";
import type { ListFields } from "../mail/list-fields.ts";
import type { Mailbox } from "../mail/mailbox.ts";
import type { MessageId } from "../mail/queue-id.ts";
import type { Verdict } from "../mail/verdict.ts";

/** 0: one person's mail; 1: a list's copy, which must not starve the others; 2: what we wrote ourselves (DSNs, notices). */
export type Lane = 0 | 1 | 2;

/** A final recipient as it is put in the queue. */
export type NewRecipient = {
  readonly finalRecipient: Mailbox;
  /** The forward-path it came from (RFC 3461 §5.2.1: what a DSN names to the sender). */
  readonly originalRecipient: string;
  /** Of this copy: the message's own, or the bounce mailbox of the list it passed (RFC 5321 §3.9.2). */
  readonly reversePath: ReversePath;
  readonly lane: Lane;
  /** Every way from an original recipient to here, addresses in order. */
  readonly paths: readonly (readonly string[])[];
  readonly dsn: DsnRequest;
  /** Not null: the recipient is stored as held, and why. */
  readonly held: string | null;
  /** Present: it is never tried. With the message it is recorded as discarded, for this reason. */
  readonly discarded?: string;
  /** The list whose owner decides over the held copy, by key; else an admin does. */
  readonly heldBy?: string | undefined;
  /** It is a list's copy, and shows it. */
  readonly list?: CopyOfList | undefined;
};

/** Keys. `member`: by whom the list led here, where that member may leave it by one click. */
export type CopyOfList = { readonly address: string; readonly member: string | null };

/** A post that waits for a list's owner. `sender`: who is told of it; null: nobody may be. */
export type HeldPost = { readonly list: string; readonly reason: string; readonly sender: string | null; readonly subject: string };

/** By the key of a list: the fields of its copies. */
export type FieldsOfLists = Readonly<Record<string, ListFields>>;

/** All that is known of a message once its final dot is read; the content went to the intake before. */
export type NewMessage = {
  readonly envelope: Envelope;
  /** Our trace fields for the front of every copy: complete CRLF-ended lines. */
  readonly prefix: string;
  /** Octets of the header section, its empty line included. */
  readonly headerSize: number;
  readonly headerMessageId: string | null;
  readonly clientAddress: string | null;
  readonly heloName: string | null;
  readonly authenticatedAs: string | null;
  readonly listFields?: FieldsOfLists | undefined;
  readonly heldPosts?: readonly HeldPost[] | undefined;
  readonly recipients: readonly NewRecipient[];
};

/**
 * The way of one message's content into the queue. Octets are hashed and cut in chunks as they come; large messages are
 * written ahead, in a way that only the final commit makes visible. Exactly one of commit and abort ends it.
 */
export type Intake = {
  readonly messageId: MessageId;
  readonly queueId: string;
  /** Takes the next octets of the content; they must not be changed afterwards. A promise means: wait for it before the next write. */
  write(octets: Buffer): Promise<void> | undefined;
  /** Resolves after COMMIT: only then may 250 be said. Rejects when nothing is stored or nobody knows: answer 451. */
  commit(message: NewMessage): Promise<void>;
  /** Forgets the message; chunks written ahead are removed. Never rejects. */
  abort(): Promise<void>;
};

/** A recipient this node holds: it alone may try it, until the lease ends. */
export type ClaimedRecipient = {
  readonly recipientNo: number;
  readonly finalRecipient: Mailbox;
  readonly originalRecipient: string;
  readonly reversePath: ReversePath;
  readonly destination: string;
  readonly lane: Lane;
  readonly paths: readonly (readonly string[])[];
  readonly dsn: DsnRequest;
  readonly list?: CopyOfList | undefined;
  /** This attempt's number, from 1: it is booked already. */
  readonly attempt: number;
  /** Proves the claim when it is settled. */
  readonly fence: number;
  readonly failures: number;
  readonly expiresAt: Date;
};

/** The octets of a message, from memory or from the database, in pieces of at most 256 KiB. */
export type Content = {
  /** From the first octet on; may be called again. Before the last piece is given, length and SHA-256 are checked; a difference throws ContentDamaged. */
  chunks(): AsyncIterable<Buffer>;
  /** All of it at once if it is in memory (then it was never away from there and needs no check), else null. */
  inMemory(): readonly Buffer[] | null;
};

/** Claimed recipients of one message, with all that an attempt needs. */
export type ClaimedMessage = {
  readonly messageId: MessageId;
  readonly queueId: string;
  readonly receivedAt: Date;
  readonly envelope: Envelope;
  readonly prefix: string;
  readonly listFields?: FieldsOfLists | undefined;
  readonly size: number;
  readonly headerSize: number;
  readonly content: Content;
  readonly recipients: readonly ClaimedRecipient[];
};

/** How one attempt ended, for queue.settle. Delays in seconds: before the queue, in the queue, connecting, sending (Postfix's a/b/c/d). */
export type Settlement = {
  readonly message: ClaimedMessage;
  readonly recipient: ClaimedRecipient;
  readonly verdict: Verdict;
  readonly delays: readonly [number, number, number, number];
};
