/**
 * sending: who may send mail through us, as whom, and how much: sign-in, send-as rights, limits. Trusts no login and no password. May read the
 * accounts and count in its own tables; opens no connection, and knows no SMTP. Standards: RFC 4954, 4616, 6409.
 */
import type { Db } from "../db/client.ts";
import type { Log } from "../log/log.ts";
import type { Metrics } from "../log/metrics.ts";
import type { Lookup } from "../mail/lookup.ts";
import type { Mailbox } from "../mail/mailbox.ts";
import type { PeopleDirectory, Person } from "../mail/person.ts";
import { appPasswords } from "./app-passwords.ts";
import { firstThatKnows } from "./authenticators.ts";
import { bookRecipient } from "./quota.ts";
import type { QuotaDecision, SendingLimits } from "./quota-decision.ts";
import { type SenderRights, senderRights } from "./rights.ts";
import { openSignIn, type SignIn } from "./sign-in.ts";
import { isStopped, stopReason, stopSender } from "./stop.ts";

/** What a session asks about a person who sends. All may reject when the database is away. */
export type Sending = {
  readonly signIn: SignIn;
  readonly rights: (person: Person) => Promise<Lookup<SenderRights>>;
  /** Counts a recipient that is about to be accepted. */
  readonly book: (person: Person, recipient: Mailbox) => Promise<Exclude<QuotaDecision, "stopNow">>;
  /** Why what the person sends now is to be held; null: it is not. */
  readonly heldFor: (person: Person) => Promise<string | null>;
};

export type SendingDeps = {
  readonly db: Db;
  readonly log: Log;
  readonly metrics: Pick<Metrics, "sendingStops">;
  /** Besides the app passwords: a directory that can be asked, in the order of asking. */
  readonly directories: readonly PeopleDirectory[];
  readonly sleep: (ms: number) => Promise<unknown>;
};

export function openSending({ db, log, metrics, directories, sleep }: SendingDeps, limits: SendingLimits): Sending {
  return {
    signIn: openSignIn(db, firstThatKnows([appPasswords(db, directories), ...directories]), sleep),
    rights: (person) => senderRights(db, person),
    async book(person, recipient) {
      const decision = await bookRecipient(db, person, recipient, limits);
      if (decision !== "stopNow") return decision;
      const held = await stopSender(db, person.login);
      if (held !== null) {
        metrics.sendingStops.inc();
        log.error("a person named too many recipients: their mail is held until somebody has looked", {
          login: person.login,
          held,
          next: `mailroom account resume ${person.login}`,
        });
      }
      return "stopped";
    },
    heldFor: async (person) => ((await isStopped(db, person.login)) ? stopReason(person.login) : null),
  };
}
