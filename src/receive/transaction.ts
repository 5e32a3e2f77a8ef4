import type { DsnRequest, Envelope } from "../mail/envelope.ts";
import { atOurs, type Mailbox, mailboxText } from "../mail/mailbox.ts";
import type { Person } from "../mail/person.ts";
import type { NewRecipient } from "../queue/claim.ts";
import { bounceMailbox } from "../resolve/bounce-mailbox.ts";
import type { DeadEnd, FinalRecipient, ListCopy, Moved, PostedList } from "../resolve/resolution.ts";
import type { SenderRights } from "../sending/rights.ts";

/** Paths kept of one recipient over all forward-paths: who sends to a list under a thousand names must not make a thousand of each member. */
const PATHS_KEPT = 10;

/** What a RCPT led to. `deadEnds`: targets that get no copy, while others do. `moved`: the address is retired. */
export type Destination = {
  readonly recipients: readonly FinalRecipient[];
  readonly posts: readonly PostedList[];
  readonly deadEnds: readonly DeadEnd[];
  readonly moved?: Moved;
};

/** A recipient of ours, with the list whose copy it gets. */
type Copy = { readonly recipient: NewRecipient; readonly list: ListCopy | null };

/** A signed-in person, and what they may send as: asked once, at MAIL. */
export type Sender = { readonly person: Person; readonly rights: SenderRights };

/** One mail transaction (RFC 5321 §3.3): what MAIL said, and the final recipients of every accepted RCPT. */
export class Transaction {
  readonly envelope: Envelope;
  /** Accepted RCPT commands; the same forward-path may come twice. */
  forwardPaths = 0;
  /** The forward-path, as long as there is one and no other. */
  onlyForwardPath: Mailbox | null = null;
  /** Retired addresses among the forward-paths. */
  readonly moved: Moved[] = [];
  /** Who signed in to send it; null: it came from another server. */
  readonly sender: Sender | null;
  readonly #named = new Map<string, Mailbox>();
  readonly #copies = new Map<string, Copy>();
  readonly #posts = new Map<string, PostedList>();
  readonly #canLeave: boolean;
  /** The only forward-path, a list that takes the post if the author of the message may post to it. */
  awaited: { readonly forwardPath: Mailbox; readonly dsn: DsnRequest } | null = null;

  /** `canLeave`: a list's copy may carry a link by which its member leaves. */
  constructor(envelope: Envelope, canLeave: boolean, sender: Sender | null = null) {
    this.envelope = envelope;
    this.#canLeave = canLeave;
    this.sender = sender;
  }

  /** Different forward-paths. */
  get named(): number {
    return this.#named.size;
  }

  /** It was named in this transaction already. */
  names(forwardPath: Mailbox): boolean {
    return this.#named.has(forwardPath.key);
  }

  /** Forward-paths that are among `passed` (keys in lower case): the message was here for them before. */
  loopsAmong(passed: ReadonlySet<string>): readonly string[] {
    return [...this.#named.values()].filter((path) => passed.has(atOurs(path).key)).map(mailboxText);
  }

  get copies(): readonly Copy[] {
    return [...this.#copies.values()];
  }

  /** The lists it is a post to. */
  get posts(): readonly PostedList[] {
    return [...this.#posts.values()];
  }

  /** DATA has one reply for all, so a list that must see the author first has a transaction alone. False: it cannot be had here. */
  awaitAuthor(forwardPath: Mailbox, dsn: DsnRequest): boolean {
    if (this.forwardPaths > 0 && this.awaited?.forwardPath.key !== forwardPath.key) return false;
    this.forwardPaths++;
    this.awaited ??= { forwardPath, dsn };
    return true;
  }

  /** Takes the final recipients of a forward-path; each stays one, however many paths lead there. False, and nothing taken: beyond `limit`. */
  add(forwardPath: Mailbox, dsn: DsnRequest, { recipients: finals, posts, moved }: Destination, limit: number): boolean {
    const fresh = finals.filter(({ mailbox }) => !this.#copies.has(mailbox.key)).length;
    if (this.#copies.size + fresh > limit) return false;
    for (const post of posts) this.#posts.set(post.address.key, post);
    this.forwardPaths++;
    if (this.#named.has(forwardPath.key)) return true; // said again: it leads where it led before
    this.#named.set(forwardPath.key, forwardPath);
    if (moved !== undefined) this.moved.push(moved);
    this.onlyForwardPath = this.#named.size === 1 ? forwardPath : null;
    const originalRecipient = mailboxText(forwardPath);
    for (const final of finals) {
      const before = this.#copies.get(final.mailbox.key);
      const now = { recipient: this.#newRecipient(originalRecipient, final, dsn), list: final.list };
      this.#copies.set(final.mailbox.key, before === undefined ? now : merge(before, now));
    }
    return true;
  }

  #newRecipient(originalRecipient: string, { mailbox, paths, list, held, discarded }: FinalRecipient, dsn: DsnRequest): NewRecipient {
    const common = {
      finalRecipient: mailbox,
      originalRecipient,
      paths,
      held: held?.reason ?? null,
      heldBy: held?.by?.key,
      ...(discarded !== undefined && { discarded }),
    };
    if (list === null) return { ...common, reversePath: this.envelope.reversePath, lane: 0, dsn };
    // RFC 5321 §3.9.2: a list's copy has the list's own reverse-path; RFC 3461 §5.2.7.1: and the sender's requests end at the list.
    const member = this.#canLeave ? (list.leaver?.key ?? null) : null;
    const copy = { address: list.address.key, member };
    return { ...common, list: copy, reversePath: bounceMailbox(list.address), lane: 1, dsn: { notify: null, orcpt: null } };
  }
}

/** One copy, all paths. A way that passed no list wins: then the sender named this person, and hears of a failure. */
function merge(one: Copy, other: Copy): Copy {
  const [first, second] = [one.recipient, other.recipient];
  const kept = first.lane > second.lane ? other : one;
  const paths = first.paths.length < PATHS_KEPT ? [...first.paths, ...second.paths].slice(0, PATHS_KEPT) : first.paths;
  const isFree = first.held === null || second.held === null;
  return { ...kept, recipient: { ...kept.recipient, paths, held: isFree ? null : first.held, heldBy: isFree ? undefined : first.heldBy } };
}
