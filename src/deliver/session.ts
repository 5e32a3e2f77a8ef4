import type { Socket } from "node:net";
import SMTPConnection, { type SMTPConnectionOptions } from "nodemailer/lib/smtp-connection";
import type { RemoteReply } from "../mail/verdict.ts";
import { DotStuffer } from "./dot-stuff.ts";
import { parseRemoteReply } from "./remote-reply.ts";

/** What a transaction sends. Texts are ready for the wire: canonical mailboxes, parameters the host offers. */
export type Transaction = {
  readonly mail: string;
  readonly rcpts: readonly string[];
  /** Trace fields, then the content, not dot-stuffed. An array is sent at once, an iterable with back-pressure. */
  readonly prefix: Buffer;
  readonly content: readonly Buffer[] | AsyncIterable<Buffer>;
};

/** The command whose reply decided. "dot" is the reply to the final dot. */
export type Stage = "connect" | "greeting" | "mail" | "rcpt" | "data" | "dot";

/** How a transaction ended for one recipient. */
export type Answer = { readonly stage: Stage; readonly reply: RemoteReply };

/** The dialogue broke. `uncertain`: our final dot was on its way, so the next hop may have taken the message (RFC 5321 §4.5.3.2.6). */
export class SessionLost extends Error {
  readonly stage: Stage;
  readonly reply: RemoteReply | null;
  readonly uncertain: boolean;
  /** It broke while TLS was being set up. */
  readonly tls: boolean;
  constructor(stage: Stage, cause: Error, reply: RemoteReply | null, uncertain: boolean, tls: boolean) {
    super(cause.message, { cause });
    this.stage = stage;
    this.reply = reply;
    this.uncertain = uncertain;
    this.tls = tls;
  }
}

type Waiting = { readonly replies: string[]; readonly count: number; resolve(replies: string[]): void; reject(error: Error): void };

/**
 * One SMTP or LMTP session over a socket that deliver/ opened to a checked address. Greeting, EHLO, STARTTLS and the joining of
 * reply lines are nodemailer's; a transaction is ours (docs/decisions/): per-recipient outcomes and DSN parameters, one write
 * for the commands and one for the content, no 2xx for 354, no reply before its command.
 */
export class Session extends SMTPConnection {
  // nodemailer's inside, held by test/deliver/session-contract.test.ts.
  declare readonly _responseActions: ((raw: string) => void)[];
  declare readonly _responseQueue: string[];
  declare readonly _remainder: string;
  declare readonly _supportedExtensions: string[];
  declare readonly _maxAllowedSize: number;

  #waiting: Waiting | null = null;
  #lost: Error | null = null;
  #stage: Stage = "greeting";
  #dotSent = false;
  /** Transactions begun in this session. */
  transactions = 0;
  readonly isLmtp: boolean;

  constructor(options: SMTPConnectionOptions & { connection: Socket }) {
    super(options);
    this.isLmtp = options.lmtp === true;
    this.on("error", (error: Error) => this.#fail(error));
    this.once("end", () => this.#fail(new Error("connection closed")));
  }

  /** Through greeting, EHLO and STARTTLS. Throws SessionLost. */
  open(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting = { replies: [], count: 0, resolve: () => resolve(), reject };
      this.connect((error) => {
        if (error) return this.#fail(error);
        this.#waiting = null;
        resolve();
      });
    });
  }

  get usable(): boolean {
    return this.#lost === null && this.#waiting === null && !this.destroyed;
  }

  offers(extension: "SMTPUTF8" | "8BITMIME" | "DSN" | "SIZE" | "PIPELINING"): boolean {
    return this._supportedExtensions.includes(extension);
  }

  /** RFC 1870 §4: the largest message the host takes; 0: it did not say. */
  get sizeLimit(): number {
    return this._maxAllowedSize;
  }

  /**
   * One message to all of `rcpts`; answers in their order. Throws SessionLost, after which the session is closed. When the
   * answers are all refusals the session needs `rset` before the next transaction; `usable` says whether it still stands.
   */
  async transact(t: Transaction): Promise<Answer[]> {
    this.transactions++;
    this.#dotSent = false;
    const pipelining = this.offers("PIPELINING");
    // RFC 2920 §3.1: MAIL, the RCPTs and DATA may go in one group; DATA is its last command.
    this.#stage = "mail";
    const replies = pipelining ? await this.#ask([t.mail, ...t.rcpts, "DATA"]) : await this.#askInTurn(t);
    const mail = this.#parse(replies[0], "mail");
    if (mail.code >= 300) return this.#refused(t, () => ({ stage: "mail", reply: mail }), replies.length === t.rcpts.length + 2);
    const answers = t.rcpts.map((_, i): Answer => ({ stage: "rcpt", reply: this.#parse(replies[i + 1], "rcpt") }));
    const taken = answers.flatMap((answer, i) => (answer.reply.code < 300 ? [i] : []));
    if (taken.length === 0) return this.#refused(t, (i) => answers[i] as Answer, replies.length === t.rcpts.length + 2);
    const data = this.#parse(replies[t.rcpts.length + 1], "data");
    if (data.code !== 354) {
      // RFC 5321 §4.1.1.4: only 354 asks for the data. A 2xx here is a host that lost its place.
      if (data.code < 400) throw this.#breakOff("data", new Error(`${data.code} ${data.text} in answer to DATA`));
      for (const i of taken) answers[i] = { stage: "data", reply: data };
      return answers;
    }
    const finals = await this.#sendContent(t, this.isLmtp ? taken.length : 1);
    // RFC 2033 §4.2: LMTP answers the dot once for each recipient it took, in their order.
    this.#dotSent = false;
    for (const [n, i] of taken.entries()) answers[i] = { stage: "dot", reply: this.#parse(finals[this.isLmtp ? n : 0], "dot") };
    return answers;
  }

  /** RSET; false when the session did not survive it. */
  async rset(): Promise<boolean> {
    try {
      const [raw] = await this.#ask(["RSET"]);
      return parseRemoteReply(raw ?? "")?.code === 250;
    } catch {
      return false;
    }
  }

  /** Ends the session politely; nothing waits for the answer. */
  leave(): void {
    if (this.usable) this.quit();
    else this.close();
  }

  /** Cuts the session: whoever waits for a reply gets SessionLost with this cause. */
  abort(cause: Error): void {
    this.#fail(cause);
  }

  async #askInTurn(t: Transaction): Promise<string[]> {
    const replies = await this.#ask([t.mail]);
    if (replies[0]?.charAt(0) !== "2") return replies;
    this.#stage = "rcpt";
    let taken = 0;
    for (const rcpt of t.rcpts) {
      const [raw = ""] = await this.#ask([rcpt]);
      replies.push(raw);
      if (raw.charAt(0) === "2") taken++;
    }
    this.#stage = "data";
    return taken === 0 ? replies : [...replies, ...(await this.#ask(["DATA"]))];
  }

  /** Nobody was taken. With DATA sent along, a 354 would ask for data that must not be sent: such a host is left at once. */
  #refused(t: Transaction, answer: (i: number) => Answer, dataWasSent: boolean): Answer[] {
    if (dataWasSent && this.lastServerResponse !== false && this.lastServerResponse.startsWith("354")) this.close();
    return t.rcpts.map((_, i) => answer(i));
  }

  async #sendContent(t: Transaction, count: number): Promise<string[]> {
    this.#stage = "dot";
    // What has come by now answers nothing we have sent: a final reply before the dot (RFC 5321 §4.1.1.4).
    if (this._responseQueue.length > 0 || this._remainder !== "")
      throw this.#breakOff("dot", new Error("reply before the end of the data"));
    const socket = this._socket as Socket;
    const stuffer = new DotStuffer();
    try {
      socket.cork();
      socket.write(stuffer.add(t.prefix));
      if (Symbol.asyncIterator in t.content) {
        socket.uncork();
        for await (const piece of t.content) {
          if (this.#lost !== null) throw this.#lost;
          if (!socket.write(stuffer.add(piece))) await this.#drained(socket);
        }
      } else for (const piece of t.content) socket.write(stuffer.add(piece));
      const end = stuffer.end();
      this.#dotSent = true;
      const finals = this.#expect(count);
      socket.write(end);
      socket.uncork();
      return await finals;
    } catch (error) {
      throw error instanceof SessionLost ? error : this.#breakOff("dot", error as Error); // no dot was sent: nothing is delivered
    }
  }

  #drained(socket: Socket): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = () => {
        this.#waiting = null;
        socket.off("drain", done);
        resolve();
      };
      socket.once("drain", done);
      this.#waiting = { replies: [], count: 0, resolve: done, reject };
    });
  }

  #ask(lines: readonly string[]): Promise<string[]> {
    const replies = this.#expect(lines.length);
    const socket = this._socket;
    if (this.#lost === null && socket) socket.write(`${lines.join("\r\n")}\r\n`);
    return replies;
  }

  #expect(count: number): Promise<string[]> {
    return new Promise((resolve, reject) => {
      if (this.#lost !== null) return reject(this.#lost);
      const waiting: Waiting = { replies: [], count, resolve, reject };
      this.#waiting = waiting;
      const take = (raw: string): void => {
        waiting.replies.push(raw);
        if (waiting.replies.length < count) return;
        this.#waiting = null;
        resolve(waiting.replies);
      };
      for (let i = 0; i < count; i++) this._responseActions.push(take);
    });
  }

  #parse(raw: string | undefined, stage: Stage): RemoteReply {
    const parsed = parseRemoteReply(raw ?? "");
    if (parsed === null) throw this.#breakOff(stage, new Error(`not an SMTP reply: ${(raw ?? "").slice(0, 80)}`));
    return parsed;
  }

  #breakOff(stage: Stage, cause: Error): SessionLost {
    this.#stage = stage;
    this.#fail(cause);
    return this.#lost as SessionLost;
  }

  #fail(cause: Error): void {
    if (this.#lost !== null) return;
    const waiting = this.#waiting;
    const { response, code } = cause as { response?: unknown; code?: unknown };
    const said = waiting?.replies.at(-1);
    // RFC 5321 §3.8: after a 421 nothing more is coming; it is the answer to all that was asked.
    const raw = typeof response === "string" ? response : said?.startsWith("421") ? said : "";
    const tls = this.upgrading === true || code === "ETLS";
    this.#lost = new SessionLost(this.#stage, cause, parseRemoteReply(raw), this.#dotSent, tls);
    this.#waiting = null;
    this.close();
    waiting?.reject(this.#lost);
  }
}
