/**
 * directory: says what an address or a domain means, in three answers. Trusts the rows it reads no more than SMTP input: each
 * address passes the one address function. May read the directory tables; writes nothing.
 */
import type { Lookup } from "../mail/lookup.ts";
import type { Mailbox } from "../mail/mailbox.ts";

/** A domain of ours. */
export type Domain = {
  readonly domain: string;
  /** Every local part without an entry here means the same one in that domain. */
  readonly aliasOf: string | null;
  readonly catchAll: Mailbox | null;
  readonly subaddressing: boolean;
};

export type Posting = "anyone" | "campus" | "members" | "owners" | "moderated";

/** What Postgres says of one of our addresses. Bad targets (not a mailbox) are left out of `targets` and named in `badTargets`. */
export type Entry = {
  readonly address: Mailbox;
  readonly kind: "alias" | "list";
  readonly owner: Mailbox | null;
  readonly expiresAt: Date | null;
  readonly posting: Posting | null;
  readonly targets: readonly Mailbox[];
  readonly badTargets: readonly string[];
  /** There are more targets than anybody may have; the rest was not read. */
  readonly oversized: boolean;
};

/** Where mail for a domain goes, parsed from an admin's URL. */
export type Route =
  | { readonly kind: "smtp" | "smtps" | "lmtp"; readonly host: string; readonly port: number; readonly url: string }
  | { readonly kind: "lmtpSocket"; readonly path: string; readonly url: string }
  | { readonly kind: "maildir"; readonly path: string; readonly url: string }
  | { readonly kind: "mx"; readonly url: string }
  | { readonly kind: "discard"; readonly url: string };

export type Directory = {
  /** Ours, or absent: not ours. */
  domain(name: string): Promise<Lookup<Domain>>;
  /** All domains of ours by name. */
  domains(): Promise<Lookup<ReadonlyMap<string, Domain>>>;
  /** One question for a whole level: entries by key, expired ones too; keys without an entry are not in the map. */
  entries(addresses: readonly Mailbox[]): Promise<Lookup<ReadonlyMap<string, Entry>>>;
  /** The route of a domain: its own, that of `*`, or `mx:`. Never absent. A route that cannot be used is "unavailable": its mail waits. */
  route(domain: string): Promise<Lookup<Route>>;
  /** Grows with each change: as long as it is the same number, so are the answers. Null: nobody knows now. */
  generation(): number | null;
  close(): Promise<void>;
};
