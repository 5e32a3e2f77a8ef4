import type { Lookup } from "./lookup.ts";
import type { Mailbox } from "./mailbox.ts";

/** Who signed in. `addresses`: their own, which they may send from. `affiliation`: student, staff, …; null: the directory does not say. */
export type Person = { readonly login: string; readonly addresses: readonly Mailbox[]; readonly affiliation: string | null };

/**
 * Whoever can tell a person by name and password. Absent: wrong name or password, and nothing tells which (535 5.7.8). Unavailable: it could
 * not be checked (454 4.7.0). Nobody is ever asked with an empty password: directories take that for an anonymous success (RFC 4513 §5.1.2).
 */
export type Authenticator = { authenticate(login: string, password: string): Promise<Lookup<Person>> };

/** A directory of people. `person`: who a login is, without a password; absent: nobody any more. */
export type PeopleDirectory = Authenticator & { person(login: string): Promise<Lookup<Person>> };
