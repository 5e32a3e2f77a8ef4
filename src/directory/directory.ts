/**
 * directory: says what an address or a domain means, in three answers. Trusts the rows it reads, and what LDAP says, no more than SMTP
 * input: each address passes the one address function. May read the directory tables; writes only what it knows of LDAP.
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
  /** It has a route of its own that is not `mx:`: somebody has said where its mailboxes are. */
  readonly isRouted: boolean;
};

export type Posting = "anyone" | "campus" | "members" | "owners" | "named" | "moderated";

/** When something counts: from `startsAt` until before `expiresAt`; null: no end on that side. */
export type Dates = { readonly startsAt: Date | null; readonly expiresAt: Date | null };

/**
 * What mail for an address that is switched off is answered. `quiet`: accepted and discarded. `soft`: try later. `hard`: as if there were
 * no such address. `text`: refused with an admin's words, printable ASCII that fits a reply.
 */
export type Disabled = { readonly answer: "quiet" | "soft" | "hard" } | { readonly answer: "text"; readonly text: string };

/** What an entry may have besides its targets. */
export type Life = {
  readonly startsAt: Date | null;
  readonly disabled: Disabled | null;
  /** Retired: mail is answered with the new address, or (`delivers`) goes there and its sender is told. */
  readonly moved: { readonly to: Mailbox; readonly delivers: boolean } | null;
  /** Of who holds it: forwarding policies go by it. */
  readonly affiliation: string | null;
  /** Until then its mail may leave campus whatever the policy says. */
  readonly offCampusUntil: Date | null;
  /** Of the targets that have dates, by their keys. */
  readonly targetDates: ReadonlyMap<string, Dates>;
};

/** Affiliations that may not forward off campus, and domains which, not ours, are on campus all the same: they have routes of their own. */
export type Forwarding = { readonly forbidden: ReadonlySet<string>; readonly routed: ReadonlySet<string> };

/** What a list has besides an alias. */
export type ListProperties = {
  /** A member who posts gets a copy as the others do. */
  readonly ownCopy: boolean;
  /** Members may take themselves off. */
  readonly mayLeave: boolean;
  /** Final recipients it may have, where that is not the general limit. */
  readonly memberLimit: number | null;
  /** Who may post, where the policy is "named". */
  readonly senders: readonly Mailbox[];
  /** Who gets no copy although a member: an address, or the members of a list. */
  readonly excluded: readonly Mailbox[];
};

/**
 * What one of our addresses means: `alias` and `list` say the rows in Postgres, `person` and `group` an LDAP source. Bad targets (not a mailbox) are
 * left out of `targets` and named in `badTargets`.
 */
export type Entry = {
  readonly address: Mailbox;
  readonly kind: "alias" | "list" | "person" | "group";
  readonly owner: Mailbox | null;
  readonly expiresAt: Date | null;
  readonly posting: Posting | null;
  /** Null: an alias. */
  readonly list: ListProperties | null;
  readonly targets: readonly Mailbox[];
  readonly badTargets: readonly string[];
  /** There are more targets than anybody may have; the rest was not read. */
  readonly oversized: boolean;
  /** Absent: an ordinary entry, of which there is nothing of all this to say. */
  readonly life?: Life;
  /** Of a person or group: which source says so, and how sure it is. */
  readonly ldap?: LdapOrigin;
};

export type LdapOrigin = {
  readonly source: string;
  readonly dn: string;
  /** When the source said it. */
  readonly answeredAt: Date;
  /** Not null: why this is the last good answer and not what the source says now. */
  readonly stale: "source away" | "source frozen" | "group frozen" | null;
  /** Other sources that know the address as well; their word does not count. */
  readonly shadowed: readonly string[];
  /** As the source calls it, as in `student`. */
  readonly affiliation: string | null;
};

/** What LDAP says of addresses without an entry in Postgres. An address in neither map is absent. */
export type People = {
  readonly byKey: ReadonlyMap<string, Entry>;
  /** Nobody can tell now. */
  readonly unavailable: ReadonlyMap<string, Error>;
  /** Milliseconds since 1970; after this moment LDAP must be asked again. */
  readonly freshUntil: number;
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
  /** The people and groups among these addresses. Never rejects. Missing: there are no LDAP sources. */
  readonly people?: (addresses: readonly Mailbox[]) => Promise<People>;
  /** The route of a domain: its own, that of `*`, or `mx:`. Never absent. A route that cannot be used is "unavailable": its mail waits. */
  route(domain: string): Promise<Lookup<Route>>;
  /** Who may forward off campus. */
  forwarding(): Promise<Lookup<Forwarding>>;
  /** Grows with each change: as long as it is the same number, so are the answers. Null: nobody knows now. */
  generation(): number | null;
  close(): Promise<void>;
};
