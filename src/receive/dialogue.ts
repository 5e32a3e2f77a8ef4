import type { Person } from "../mail/person.ts";
import type { Reply } from "../mail/reply.ts";
import type { Content } from "./content.ts";
import type { Context, Service } from "./context.ts";
import type { Transaction } from "./transaction.ts";

/** What the client has said. A new object at connect and after STARTTLS (RFC 3207 §4.2), so that nothing is left of the old one. */
export type State = {
  /** Null before HELO or EHLO. `extended`: by EHLO. */
  hello: { readonly name: string; readonly extended: boolean } | null;
  transaction: Transaction | null;
  /** Who signed in (RFC 4954). */
  person: Person | null;
};

export const newState = (): State => ({ hello: null, transaction: null, person: null });

/** Who is at the other end, as far as we know by ourselves. */
export type Client = {
  readonly address: string;
  /** Our own that it connected to. */
  readonly ownAddress: string;
  readonly trustedNetwork: boolean;
  /** Wrong passwords so far, whatever was said in between. */
  failedSignIns: number;
};

/** One connection as the commands see it. */
export type Dialogue = {
  readonly context: Context;
  readonly client: Client;
  readonly state: State;
  /** What the listener is for. */
  readonly service: Service;
  /** Inside TLS; the protocol and cipher for the trace field, null in clear text. */
  readonly tls: { readonly protocol: string; readonly cipher: string } | null;
  /** From here on octets are content. */
  readonly readContent: (content: Content) => void;
  /** The next line is no command: it goes to `take`. */
  readonly readResponse: (take: (line: Buffer) => Answer) => void;
  /** Starts the TLS handshake, after the reply was said. */
  readonly startTls: (done: () => void) => void;
  readonly say: (reply: Reply, more?: readonly string[]) => void;
  /** A fault of ours: logged without the client's words; the reply asks it to come again. */
  readonly trouble: (event: string, cause: unknown) => Reply;
};

/** An answer of a command. Null: it has answered by itself and calls `done`. */
export type Answer = Reply | null | Promise<Reply | null>;

export type Command = {
  readonly run: (dialogue: Dialogue, argument: Buffer, done: () => void) => Answer;
  /** It moves no mail: a connection has only so many of these. */
  readonly idle?: true;
  /** Its argument is judged octet by octet, NUL included; other commands with a NUL are no commands. */
  readonly readsPath?: true;
};
