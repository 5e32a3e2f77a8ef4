import type { Queryable } from "../../db/client.ts";
import type { Mailbox } from "../../mail/mailbox.ts";
import type { NewRecipient } from "../../queue/claim.ts";

/** Where a mail of ours goes, found out before a transaction begins: who holds the directory's lock must not wait for LDAP. */
export type Letterbox = { readonly to: Mailbox; readonly recipients: readonly NewRecipient[] };

/** A mail of ours in plain text, from the postmaster of one of our domains. */
export type Letter = {
  readonly letterbox: Letterbox;
  readonly domain: string;
  readonly subject: string;
  readonly lines: readonly string[];
};

/** Our own mail: with the null reverse-path, queued in the transaction whose change it tells of. */
export type OwnMail = {
  /** Null: the address leads nowhere. Rejects with Refusal `unreachable` when nobody can tell now. */
  letterbox(to: Mailbox): Promise<Letterbox | null>;
  send(tx: Queryable, letters: readonly Letter[]): Promise<void>;
};
