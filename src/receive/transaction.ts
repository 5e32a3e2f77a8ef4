import type { DsnRequest, Envelope } from "../mail/envelope.ts";
import { atOurs, type Mailbox, mailboxText } from "../mail/mailbox.ts";
import type { Person } from "../mail/person.ts";
import type { NewRecipient } from "../queue/claim.ts";
import { bounceMailbox } from "../resolve/bounce-mailbox.ts";
import type { FinalRecipient } from "../resolve/resolution.ts";
import type { SenderRights } from "../sending/rights.ts";

/** Paths kept of one recipient over all forward-paths: who sends to a list under a thousand names must not make a thousand of each member. */
const PATHS_KEPT = 10;

/** A signed-in person, and what they may send as: asked once, at MAIL. */
export type Sender = { readonly person: Person; readonly rights: SenderRights };

/** One mail transaction (RFC 5321 §3.3): what MAIL said, and the final recipients of every accepted RCPT. */
export class Transaction {
  readonly envelope: Envelope;
  /** Accepted RCPT commands; the same forward-path may come twice. */
  forwardPaths = 0;
  /** The forward-path, as long as there is one and no other. */
  onlyForwardPath: Mailbox | null = null;
  /** Who signed in to send it; null: it came from another server. */
  readonly sender: Sender | null;
  readonly #named = new Map<string, Mailbox>();
  readonly #recipients = new Map<string, NewRecipient>();

  constructor(envelope: Envelope, sender: Sender | null = null) {
    this.envelope = envelope;
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

  get recipients(): NewRecipient[] {
    return [...this.#recipients.values()];
  }

  /** Takes the final recipients of a forward-path; each stays one, however many paths lead there. False, and nothing taken: beyond `limit`. */
  add(forwardPath: Mailbox, dsn: DsnRequest, finals: readonly FinalRecipient[], limit: number): boolean {
    const fresh = finals.filter(({ mailbox }) => !this.#recipients.has(mailbox.key)).length;
    if (this.#recipients.size + fresh > limit) return false;
    this.forwardPaths++;
    if (this.#named.has(forwardPath.key)) return true; // said again: it leads where it led before
    this.#named.set(forwardPath.key, forwardPath);
    this.onlyForwardPath = this.#named.size === 1 ? forwardPath : null;
    const originalRecipient = mailboxText(forwardPath);
    for (const final of finals) {
      const before = this.#recipients.get(final.mailbox.key);
      const now = this.#newRecipient(originalRecipient, final, dsn);
      this.#recipients.set(final.mailbox.key, before === undefined ? now : merge(before, now));
    }
    return true;
  }

  #newRecipient(originalRecipient: string, { mailbox, paths, list, held }: FinalRecipient, dsn: DsnRequest): NewRecipient {
    const common = { finalRecipient: mailbox, originalRecipient, paths, held };
    if (list === null) return { ...common, reversePath: this.envelope.reversePath, lane: 0, dsn };
    // RFC 5321 §3.9.2: a list's copy has the list's own reverse-path; RFC 3461 §5.2.7.1: and the sender's requests end at the list.
    return { ...common, reversePath: bounceMailbox(list), lane: 1, dsn: { notify: null, orcpt: null } };
  }
}

/** One copy, all paths. A way that passed no list wins: then the sender named this person, and hears of a failure. */
function merge(first: NewRecipient, second: NewRecipient): NewRecipient {
  const kept = first.lane > second.lane ? second : first;
  const paths = first.paths.length < PATHS_KEPT ? [...first.paths, ...second.paths].slice(0, PATHS_KEPT) : first.paths;
  return { ...kept, paths, held: first.held === null || second.held === null ? null : first.held };
}
