import type { Socket } from "node:net";
import SMTPConnection, { type SMTPConnectionOptions } from "nodemailer/lib/smtp-connection";
import { readRemoteReply } from "../mail/remote-reply.ts";
import { reply } from "../mail/reply.ts";
import type { RemoteReply } from "../mail/verdict.ts";
import { DotStuffer } from "./dot-stuff.ts";
import { SessionLost, type Stage } from "./session-lost.ts";

/** What a transaction sends. The lines are ready for the wire, without their ends: canonical mailboxes, parameters the host offers. */
export type Transaction = {
  readonly mail: string;
  readonly rcpts: readonly string[];
  /** Trace fields, then the content, not dot-stuffed. An array is in memory and sent at once; an iterable is read as fast as the host takes it. */
  readonly prefix: Buffer;
  readonly content: readonly Buffer[] | AsyncIterable<Buffer>;
};

/** How a transaction ended for one recipient: the last command whose reply decided on it. A null reply to the dot: it never came. */
export type Answer = { readonly stage: Stage; readonly reply: RemoteReply } | { readonly stage: "dot"; readonly reply: null };

/** Up to so many octets a message is copied into the session's own buffer and written from there: nothing to allocate, one plain write. */
const ONE_WRITE = 16_384;
const TAKEN: Answer = { stage: "rcpt", reply: reply(250, "2.1.5", "taken") };

/** Whether a reply, as it came, is a 2yz. */
const isPositive = (raw: string): boolean => /^2\d\d(?:[ \n-]|$)/.test(raw);

type Expecting = { readonly replies: string[]; readonly count: number; resolve(replies: string[]): void; reject(error: Error): void };

/**
 * One SMTP or LMTP session over a socket which deliver/ opened to a checked address. Greeting, EHLO, STARTTLS and the joining of
 * reply lines are nodemailer's; the transaction is ours (docs/decisions/0008). Only canonical mailboxes go in: nodemailer's
 * checks of them are not passed through.
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

  /** Through greeting, EHLO and STARTTLS. Throws SessionLost. */
  open(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#lost !== null) return reject(this.#lost); // cut before it began
      this.#expecting = { replies: [], count: 0, resolve: () => resolve(), reject };
      this.connect((error) => {
        if (error) return this.#fail(error);
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

  /**
   * One message to all of `rcpts`; the answers are in their order. Throws SessionLost, after which the session is closed. If
   * nobody was taken the session, when still `usable`, needs `rset` before the next transaction.
   */
  async transact(t: Transaction): Promise<Answer[]> {
    this.transactions++;
    this.#stage = "mail";
    const all = t.rcpts.length + 2;
    // RFC 2920 §3.1: MAIL, the RCPTs and DATA may go in one group; DATA is its last command.
    const replies = this.offers("PIPELINING") ? await this.#ask([t.mail, ...t.rcpts, "DATA"]) : await this.#askInTurn(t);
    const [mail = ""] = replies;
    if (!isPositive(mail)) {
      const answer: Answer = { stage: "mail", reply: this.#refusal(mail, "mail") };
      return this.#nobody(
        t.rcpts.map(() => answer),
        replies[all - 1],
      );
    }
    const answers = t.rcpts.map((_, i) => this.#rcptAnswer(replies[i + 1] ?? ""));
    const taken = answers.filter((answer) => answer === TAKEN).length;
    if (taken === 0) return this.#nobody(answers, replies[all - 1]);
    const data = replies[all - 1] ?? "";
    // RFC 5321 §4.1.1.4: only 354 asks for the data. A 2xx here comes from a host that lost its place.
    if (!data.startsWith("354")) return this.#nobody(settle(answers, [{ stage: "data", reply: this.#refusal(data, "data") }]));
    const finals = await this.#sendContent(t, this.isLmtp ? taken : 1);
    return settle(
      answers,
      finals.map((raw): Answer => ({ stage: "dot", reply: raw === null ? null : this.#parse(raw, "dot") })),
    );
  }

  /** RSET; false when the session did not survive it. */
  async rset(): Promise<boolean> {
    try {
      const [raw = ""] = await this.#ask(["RSET"]);
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

  async #askInTurn(t: Transaction): Promise<string[]> {
    const replies = await this.#ask([t.mail]);
    if (!isPositive(replies[0] ?? "")) return replies;
    this.#stage = "rcpt";
    let taken = 0;
    for (const rcpt of t.rcpts) {
      const [raw = ""] = await this.#ask([rcpt]);
      replies.push(raw);
      if (isPositive(raw)) taken++;
    }
    this.#stage = "data";
    return taken === 0 ? replies : [...replies, ...(await this.#ask(["DATA"]))];
  }

  #rcptAnswer(raw: string): Answer {
    return isPositive(raw) ? TAKEN : { stage: "rcpt", reply: this.#refusal(raw, "rcpt") };
  }

  /** Nobody was taken. `data` is the reply to a DATA that was sent along: a host that asks for the data all the same is left at once, whatever it would do with an empty message. */
  #nobody(answers: Answer[], data?: string): Answer[] {
    if (data?.startsWith("354")) this.close();
    return answers;
  }

  /** The replies to the final dot: one, or from LMTP one for each recipient it took, in their order (RFC 2033 §4.2). Those which a breaking session left out are null. */
  async #sendContent(t: Transaction, finals: number): Promise<(string | null)[]> {
    this.#stage = "dot";
    // What has come by now answers nothing that we have said: a final reply before the dot.
    if (this._responseQueue.length > 0 || this._remainder !== "")
      throw this.#breakOff("dot", new Error("reply before the end of the data"));
    try {
      return await (Symbol.asyncIterator in t.content
        ? this.#stream(t.prefix, t.content, finals)
        : this.#writeAll(t.prefix, t.content, finals));
    } catch (error) {
      // The content could not be read or must not be sent. No dot was sent, so the host has nothing.
      if (!(error instanceof SessionLost)) throw this.#breakOff("dot", error as Error, true);
      if (!error.uncertain || error.said.length === 0) throw error;
      return Array.from({ length: finals }, (_, i) => error.said[i] ?? null);
    } finally {
      this.#dotSent = false;
    }
  }

  #writeAll(prefix: Buffer, content: readonly Buffer[], finals: number): Promise<string[]> {
    const stuffer = new DotStuffer();
    const wire = [stuffer.add(prefix)];
    for (const piece of content) wire.push(stuffer.add(piece));
    wire.push(stuffer.end());
    const replies = this.#expectFinals(finals);
    const socket = this._socket as Socket;
    const length = wire.reduce((sum, piece) => sum + piece.length, 0);
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
      this.#expecting = { replies: [], count: 0, resolve: done, reject };
    });
  }

  #ask(lines: readonly string[]): Promise<string[]> {
    const replies = this.#expect(lines.length);
    if (this.#lost === null) (this._socket as Socket).write(`${lines.join("\r\n")}\r\n`);
    return replies;
  }

  #expect(count: number): Promise<string[]> {
    return new Promise((resolve, reject) => {
      if (this.#lost !== null) return reject(this.#lost);
      const expecting: Expecting = { replies: [], count, resolve, reject };
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

  /** A reply that must be a refusal; anything below 400 means that the host lost its place. */
  #refusal(raw: string, stage: Stage): RemoteReply {
    const parsed = this.#parse(raw, stage);
    if (parsed.code < 400) throw this.#breakOff(stage, new Error(`${parsed.code} out of place: ${parsed.text}`));
    return parsed;
  }

  #parse(raw: string, stage: Stage): RemoteReply {
    const parsed = readRemoteReply(raw);
    if (parsed === null) throw this.#breakOff(stage, new Error(`not an SMTP reply: ${raw.slice(0, 80)}`));
    return parsed;
  }

  #breakOff(stage: Stage, cause: Error, ours = false): SessionLost {
    this.#stage = stage;
    this.#fail(cause, ours);
    return this.#lost as SessionLost;
  }

  #fail(cause: Error, ours = false): void {
    if (this.#lost !== null) return;
    const expecting = this.#expecting;
    const { response, code } = cause as { response?: unknown; code?: unknown };
    const said = expecting?.replies.at(-1);
    // RFC 5321 §3.8: after a 421 nothing more comes; it is the answer to all that was asked.
    const raw = typeof response === "string" ? response : said?.startsWith("421") ? said : "";
    this.#lost = new SessionLost(this.#stage, cause, {
      reply: readRemoteReply(raw),
      said: expecting?.replies ?? [],
      uncertain: this.#dotSent,
      tls: this.upgrading === true || code === "ETLS",
      ours,
    });
    this.#expecting = null;
    this.close();
    expecting?.reject(this.#lost);
  }
}

/** The reply to the dot, or each of them, in place of the answers of those who were taken. */
function settle(answers: readonly Answer[], finals: readonly Answer[]): Answer[] {
  let next = 0;
  return answers.map((answer) => (answer === TAKEN ? ((finals.length > 1 ? finals[next++] : finals[0]) ?? answer) : answer));
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
