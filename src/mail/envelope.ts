import type { Mailbox } from "./mailbox.ts";

/** RFC 5321 §4.1.1.2. `null` is the null reverse-path, `<>`: it never gets a DSN (§4.5.5). */
export type ReversePath = Mailbox | null;

/** RFC 3461 §4.1: when the sender wants to hear of a recipient; `null` when the client said nothing. */
export type Notify = readonly ("NEVER" | "SUCCESS" | "FAILURE" | "DELAY")[] | null;

/** RFC 3461 §4: what the client asked about one forward-path. ORCPT is kept as it came, still xtext; ASCII. */
export type DsnRequest = { readonly notify: Notify; readonly orcpt: string | null };

/** What MAIL said (RFC 5321 §4.1.1.2 with the parameters of RFC 1870, 6152, 6531 and 3461). */
export type Envelope = {
  readonly reversePath: ReversePath;
  readonly smtputf8: boolean;
  readonly body: "7BIT" | "8BITMIME";
  readonly ret: "FULL" | "HDRS" | null;
  readonly envid: string | null;
};
