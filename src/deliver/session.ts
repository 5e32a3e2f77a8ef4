import type { Socket } from "node:net";
import SMTPConnection, { type SMTPConnectionOptions } from "nodemailer/lib/smtp-connection";
import { readRemoteReply } from "../mail/remote-reply.ts";
import { DotStuffer } from "./dot-stuff.ts";
import { SessionLost, type Stage } from "./session-lost.ts";

/** Trace fields, then the content, not dot-stuffed. An array is in memory and sent at once; an iterable is read as fast as the host takes it. */
export type Outgoing = { readonly prefix: Buffer; readonly content: readonly Buffer[] | AsyncIterable<Buffer> };

/** Up to so many octets a message is copied into the session's own buffer and written from there: nothing to allocate, one plain write. */
const ONE_WRITE = 16_384;

/** Whether a reply, as it came, is a 2yz. */
export const isPositive = (raw: string): boolean => /^2\d\d(?:[ \n-]|$)/.test(raw);

type Expecting = { readonly replies: string[]; resolve(replies: string[]): void; reject(error: Error): void };

/**
 * One SMTP or LMTP session over a socket which deliver/ opened to a checked address. Greeting, EHLO, STARTTLS and the joining of
 * reply lines are nodemailer's; what is said after them is ours (docs/decisions/0008), and so only canonical mailboxes may go in.
 * A reply that nobody waits for ends the session.
 */
export class Session extends SMTPConnection {
  // nodemailer's inside; test/deliver/session-contract.test.ts fails when it changes.
  declare readonly _responseActions: ((raw: string) => void)[];
  declare readonly _responseQueue: string[];
  declare readonly _remainder: string;
  declare readonly _ehloLines: string[] | undefined;

  readonly isLmtp: boolean;
  /** Transactions begun. */
  transactions = 0;
  #extensions: ReadonlyMap<string, string> = new Map();
  #expecting: Expecting | null = null;
  #lost: SessionLost | null = null;
  #stage: Stage = "greeting";
  #dotSent = false;
  #outgoing: Buffer | null = null;

  constructor(options: SMTPConnectionOptions & { readonly connection: Socket }) {
    super(options);
    this.isLmtp = options.lmtp === true;
    this.on("error", (error: Error) => this.#fail(error));
    this.once("end", () => this.#fail(new Error("the host closed the connection")));
  }

  /** Through greeting, EHLO and STARTTLS. Throws SessionLost, as all that waits for the host does. */
  open(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#lost !== null) return reject(this.#lost); // cut before it began
      this.#expecting = { replies: [], resolve: () => resolve(), reject };
      this.connect((error) => {
        if (error) {
          this.#fail(error);
          return;
        }
        this.#expecting = null;
        this.#extensions = extensionsIn(this._ehloLines ?? []);
        resolve();
      });
    });
  }

  /** Whether the next transaction may begin. */
  get usable(): boolean {
    return this.#lost === null && this.#expecting === null && !this.destroyed;
  }

  offers(extension: "SMTPUTF8" | "8BITMIME" | "DSN" | "SIZE" | "PIPELINING"): boolean {
    return this.#extensions.has(extension);
  }

  /** RFC 1870 §4: octets of the largest message the host takes; 0: it did not say. */
  get sizeLimit(): number {
    return Number(/^\d{1,15}$/.exec(this.#extensions.get("SIZE") ?? "")?.[0] ?? 0);
  }

  /** Sends the lines in one segment; their replies, as they came, a reply's lines joined by LF. */
  ask(stage: Stage, lines: readonly string[]): Promise<string[]> {
    this.#stage = stage;
    const replies = this.#expect(lines.length);
    if (this.#lost === null) (this._socket as Socket).write(`${lines.join("\r\n")}\r\n`);
    return replies;
  }

  /**
   * After a 354: the message and its final dot. The replies to the dot: one, or from LMTP one for each recipient it took, in
   * their order (RFC 2033 §4.2). Where the session broke amid these, null stands for those that did not come.
   */
  async sendContent({ prefix, content }: Outgoing, finals: number): Promise<(string | null)[]> {
    this.#stage = "dot";
    // What has come by now answers nothing that we have said: a final reply before the dot.
    if (this._responseQueue.length > 0 || this._remainder !== "") throw this.breakOff("dot", new Error("reply before the end of the data"));
    try {
      return await (Symbol.asyncIterator in content ? this.#stream(prefix, content, finals) : this.#writeAll([prefix, ...content], finals));
    } catch (error) {
      // The content could not be read or must not be sent. No dot was sent, so the host has nothing.
      if (!(error instanceof SessionLost)) throw this.#fail(error as Error, true);
      if (!error.uncertain || error.said.length === 0) throw error;
      return Array.from({ length: finals }, (_, i) => error.said[i] ?? null);
    } finally {
      this.#dotSent = false;
    }
  }

  /** RSET; false when the session did not survive it. */
  async rset(): Promise<boolean> {
    try {
      const [raw = ""] = await this.ask("mail", ["RSET"]);
      return isPositive(raw);
    } catch {
      return false;
    }
  }

  /** Ends the session politely; nobody waits for the answer, and the socket is gone after five seconds at most. */
  leave(): void {
    if (!this.usable) {
      this.close();
      return;
    }
    this.quit();
    setTimeout(() => this.close(), 5000).unref();
  }

  /** Cuts the session: whoever waits for it gets SessionLost with this cause. */
  abort(cause: Error): void {
    this.#fail(cause);
  }

  /** Cuts it because of what the host said in answer to `stage`; the error is for throwing. */
  breakOff(stage: Stage, cause: Error): SessionLost {
    this.#stage = stage;
    return this.#fail(cause);
  }

  #writeAll(pieces: readonly Buffer[], finals: number): Promise<string[]> {
    const stuffer = new DotStuffer();
    const wire = pieces.map((piece) => stuffer.add(piece));
    wire.push(stuffer.end());
    const length = wire.reduce((sum, piece) => sum + piece.length, 0);
    const replies = this.#expectFinals(finals);
    const socket = this._socket as Socket;
    if (length <= ONE_WRITE) {
      // Free again by the next message: the host cannot have answered this one before it had all of it.
      this.#outgoing ??= Buffer.allocUnsafeSlow(ONE_WRITE);
      let at = 0;
      for (const piece of wire) at += piece.copy(this.#outgoing, at);
      socket.write(this.#outgoing.subarray(0, length));
    } else {
      socket.cork();
      for (const piece of wire) socket.write(piece);
      socket.uncork();
    }
    return replies;
  }

  async #stream(prefix: Buffer, content: AsyncIterable<Buffer>, finals: number): Promise<string[]> {
    const stuffer = new DotStuffer();
    const socket = this._socket as Socket;
    socket.write(stuffer.add(prefix));
    for await (const piece of content) {
      if (this.#lost !== null) throw this.#lost;
      if (!socket.write(stuffer.add(piece))) await this.#drained(socket);
    }
    const end = stuffer.end();
    const replies = this.#expectFinals(finals);
    socket.write(end);
    return replies;
  }

  #expectFinals(count: number): Promise<string[]> {
    const replies = this.#expect(count);
    this.#dotSent = this.#lost === null;
    return replies;
  }

  #drained(socket: Socket): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = () => {
        this.#expecting = null;
        resolve();
      };
      socket.once("drain", done);
      this.#expecting = { replies: [], resolve: done, reject };
    });
  }

  #expect(count: number): Promise<string[]> {
    return new Promise((resolve, reject) => {
      if (this.#lost !== null) return reject(this.#lost);
      const expecting: Expecting = { replies: [], resolve, reject };
      this.#expecting = expecting;
      const take = (raw: string): void => {
        expecting.replies.push(raw);
        if (expecting.replies.length < count) return;
        this.#expecting = null;
        resolve(expecting.replies);
      };
      for (let i = 0; i < count; i++) this._responseActions.push(take);
    });
  }

  #fail(cause: Error, ours = false): SessionLost {
    if (this.#lost !== null) return this.#lost;
    const expecting = this.#expecting;
    const { response, code } = cause as { response?: unknown; code?: unknown };
    const said = expecting?.replies.at(-1);
    // RFC 5321 §3.8: after a 421 nothing more comes; it is the answer to all that was asked.
    const raw = typeof response === "string" ? response : said?.startsWith("421") ? said : "";
    const tls = this.upgrading === true || code === "ETLS";
    const facts = { reply: readRemoteReply(raw), said: expecting?.replies ?? [], uncertain: this.#dotSent, tls, ours };
    this.#lost = new SessionLost(this.#stage, cause, facts);
    this.#expecting = null;
    this.close();
    expecting?.reject(this.#lost);
    return this.#lost;
  }
}

/** RFC 5321 §4.1.1.1: a keyword, its parameters behind a blank, in any case. nodemailer's own list also finds keywords inside the host's name. */
function extensionsIn(lines: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    lines.map((line) => {
      const [keyword = "", ...parameters] = line.split(" ");
      return [keyword.toUpperCase(), parameters.join(" ")] as const;
    }),
  );
}
