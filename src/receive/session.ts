import type net from "node:net";
import type tls from "node:tls";
import type { SMTPServer } from "smtp-server";
import { SMTPConnection, type SMTPConnectionOptions } from "smtp-server/lib/smtp-connection.js";
import { greeting, replies } from "../mail/replies.ts";
import { type Reply, replyLine } from "../mail/reply.ts";
import { acceptMessage } from "./accept-message.ts";
import type { LineFault } from "./command-lines.ts";
import { commands } from "./commands.ts";
import type { Content } from "./content.ts";
import type { Context, Service } from "./context.ts";
import { type Answer, type Client, type Dialogue, newState, type State } from "./dialogue.ts";
import { Patience } from "./patience.ts";
import { pathsOf } from "./refused-paths.ts";
import { endsConnection, ReplyWriter } from "./reply-writer.ts";
import { SmtpStream } from "./smtp-stream.ts";
import type { Transaction } from "./transaction.ts";
import { replyToTrouble } from "./trouble.ts";

const BLANK = 0x20;
const NO_OCTETS = Buffer.alloc(0);

/**
 * One connection of a client. The library's part is the socket, TLS and the closing; every octet is read by SmtpStream, every command is in
 * commands.ts, every reply leaves through `say`, and the deadlines are our own.
 */
export class Session extends SMTPConnection implements Dialogue {
  readonly context: Context;
  readonly client: Client;
  readonly service: Service;
  state: State = newState();
  #content: Content | null = null;
  #deadline: number;
  #mailSeen = false;
  readonly #patience: Patience;
  /** The next reply is the last one. */
  #ending = false;
  /** Of the command being answered: a name from our table, never the client's text. */
  #verb = "CONNECT";
  /** What stood behind it, until it is answered. */
  #argument: Buffer = NO_OCTETS;
  #handshake: net.Socket | null = null;
  /** The socket is another one after a TLS handshake. */
  readonly #replies = new ReplyWriter((lines) => {
    if (this._socket.writable) this._socket.write(lines, "latin1");
  });

  /** Takes the next line in the place of a command. */
  #response: ((line: Buffer) => Answer) | null = null;

  constructor(server: SMTPServer, socket: net.Socket, options: SMTPConnectionOptions, context: Context, service: Service) {
    super(server, socket, options);
    this.context = context;
    this.service = service;
    this.client = {
      address: this.remoteAddress,
      ownAddress: this.localAddress,
      trustedNetwork: context.trusted.contain(this.remoteAddress),
      failedSignIns: 0,
    };
    this.#patience = new Patience(context.limits);
    this.#deadline = performance.now() + context.limits.firstMailTimeout;
  }

  get tls(): Dialogue["tls"] {
    const used = this.tlsOptions;
    return this.secure && used !== false ? { protocol: used.version, cipher: used.name } : null;
  }

  /** In the place of the library's fixed wait of 100 ms: what is sent before our greeting comes with, or right behind, the connection. */
  override init(): void {
    this._setListeners(() => {});
    setImmediate(() => setImmediate(() => this.#greet())); // in between the socket was read once, if there was anything
  }

  #greet(): void {
    if (this._closing || !this._parser) return;
    this._ready = !this.#parser().touched; // RFC 5321 §4.3.1: the client waits for the greeting
    this.say(this._ready ? greeting(this.context.settings.hostname) : replies.earlyTalker);
  }

  /** Runs inside the library's constructor, before any field of ours exists. */
  override _createParser(): SmtpStream {
    const parser = new SmtpStream(this._server.options.maxCommandLength ?? 0);
    parser.oncommand = (line, done) => this._onCommand(line, done);
    parser.onfault = (fault, done) => this.#onFault(fault, done);
    parser.on("error", (cause) => this.#onBroken(cause));
    return parser;
  }

  #parser(): SmtpStream {
    return this._parser as SmtpStream;
  }

  /** Before the greeting nothing is done: it will be a 554. In a handshake and behind the end nothing is either. */
  override _onCommand(line: Buffer, done: () => void = () => {}): void {
    if (this._upgrading || this._closing) done();
    else if (this._ready) this.#answer(this.#perform(line, done), done);
  }

  #perform(line: Buffer, done: () => void): Answer {
    if (this.#response !== null) return this.#take(line);
    const blank = line.indexOf(BLANK);
    const verb = line.toString("latin1", 0, blank < 0 ? line.length : blank).toUpperCase();
    const command = commands.get(verb);
    this.#verb = command === undefined ? "UNKNOWN" : verb;
    this.#argument = line.subarray(blank < 0 ? line.length : blank + 1);
    if (verb !== "AUTH" && line.length + 2 > this.context.limits.commandLength) return this.#refusedLine("tooLong");
    if (command?.readsPath !== true && line.includes(0)) return this.#refusedLine("bareLineEnd");
    if (command === undefined) return / HTTP\/\d/.test(line.toString("latin1")) ? replies.wrongProtocol : replies.unknownCommand;
    if (this.#parser().early && this.state.hello?.extended !== true) return replies.badSequence; // RFC 2920 §3.1
    if (command.idle === true && !this.#patience.idleCommand()) return replies.tooManyErrors;
    this._handlerPending = true;
    try {
      return command.run(this, this.#argument, () => this.#next(done));
    } catch (cause) {
      return this.trouble("smtp.command_failed", cause);
    }
  }

  readResponse(take: (line: Buffer) => Answer): void {
    this.#response = take;
  }

  #take(line: Buffer): Answer {
    const take = this.#response;
    this.#response = null;
    this._handlerPending = true;
    try {
      return take?.(line) ?? null;
    } catch (cause) {
      return this.trouble("smtp.command_failed", cause);
    }
  }

  #answer(answer: Answer, done: () => void): void {
    if (answer instanceof Promise) {
      answer.then(
        (reply) => this.#answer(reply, done),
        (cause: unknown) => this.#answer(this.trouble("smtp.command_failed", cause), done),
      );
    } else if (answer !== null) this.#reply(answer, done);
  }

  #onFault(fault: LineFault, done: () => void): void {
    const isAuth = this.#response !== null || (fault === "tooLong" && this.#parser().beginsWith("AUTH "));
    this.#verb = isAuth ? "AUTH" : "UNKNOWN";
    this.#response = null;
    if (this._upgrading || this._closing) done();
    else if (this._ready) this.#reply(this.#refusedLine(fault, isAuth), done);
  }

  #refusedLine(fault: LineFault, isAuth = false): Reply {
    if (fault === "tls") return replies.wrongProtocol;
    this.#ending = !this.#patience.badLine(fault);
    if (isAuth && fault === "tooLong") return replies.authLineTooLong; // RFC 4954 §4
    return fault === "tooLong" ? replies.lineTooLong : replies.badLine;
  }

  /** A fault of ours while reading: this connection ends, the others do not notice. */
  #onBroken(cause: unknown): void {
    this.say(this.trouble("smtp.reader_failed", cause));
    this.#content?.drop();
    this.close();
  }

  /** Says the reply, slowly to a client that was refused too often; then the next command is read. */
  #reply(reply: Reply, done: () => void, transaction = this.state.transaction): void {
    if (reply.code >= 400) this.#logRefusal(reply, transaction);
    this.#argument = NO_OCTETS;
    const how = reply.code < 500 ? "at once" : this.#patience.refusal();
    if (how === "at once") {
      this.#sayAndGoOn(reply, done);
      return;
    }
    this._handlerPending = true; // this wait is ours, not the client's
    setTimeout(() => this.#sayAndGoOn(how === "slowly" ? reply : replies.tooManyErrors, done), this.context.limits.refusalDelay);
  }

  #logRefusal(reply: Reply, transaction: Transaction | null): void {
    const { hello } = this.state;
    const paths = pathsOf(this.#verb, this.#argument, transaction);
    this.context.deps.maillog.refused({ client: this.client.address, hello, command: this.#verb, ...paths, reply: replyLine(reply) });
  }

  #sayAndGoOn(reply: Reply, done: () => void): void {
    if (reply === replies.senderOk || reply === replies.authSucceeded) this.#mailSeen = true;
    this.say(reply);
    if (this.#ending) this.close();
    this.#next(done);
  }

  /** The client's time begins; a client that does not read its replies is not read either. */
  #next(done: () => void): void {
    this._handlerPending = false;
    if (this.context.draining && this.#content === null) this.say(replies.shuttingDown);
    if (this.#mailSeen) this.#deadline = performance.now() + this.context.limits.commandTimeout;
    this._whenWritable(done);
  }

  readContent(content: Content): void {
    const { transaction } = this.state;
    if (transaction === null) throw new Error("content outside a transaction");
    this.#content = content;
    this.#parser().readContent(content.scanner, {
      take: (octets) => {
        const waiting = content.take(octets);
        if (content.overrun) this.#cutOff(content);
        return waiting;
      },
      end: (done) => void acceptMessage(this, transaction, content).then((reply) => this.#answerContent(reply, done)),
    });
  }

  /** Nothing can be said inside of DATA, but with the end of the connection. */
  #cutOff(content: Content): void {
    content.drop();
    this.say(replies.messageTooLarge);
    this.close();
  }

  #answerContent(reply: Reply, done: () => void): void {
    const { transaction } = this.state;
    this.#content = null;
    this.state.transaction = null;
    if (reply.code === 250) this.#patience.messageAccepted();
    const goOn = (): void => {
      if (this._parser) this.#parser().markEarly(this._socket.readableLength);
      done();
    };
    this.#reply(reply, goOn, transaction);
  }

  startTls(done: () => void): void {
    this.#replies.flush();
    this.upgrade(done);
  }

  /** RFC 3207 §4.2: after the handshake everything said before is forgotten. */
  override _resetSession(): void {
    this.state = newState();
    super._resetSession();
  }

  trouble(event: string, cause: unknown): Reply {
    this.context.deps.log.error(event, { client: this.client.address, error: cause instanceof Error ? cause.message : String(cause) });
    return replyToTrouble(cause);
  }

  /** The one place that speaks to the client. Nothing goes into a TLS handshake or a closing connection. */
  say(reply: Reply, more: readonly string[] = []): void {
    if (this._upgrading || this._closing) return;
    this.#replies.add(reply, more);
    if (endsConnection(reply)) this.close();
  }

  override close(): void {
    this.#replies.flush();
    super.close();
  }

  /** What the library would say by itself, in its own words and with guessed codes, is replaced. */
  override send(code: number): void {
    this.say(code === 421 ? replies.shuttingDown : replies.localTrouble);
  }

  /** Looks at the deadlines. `now`: of performance.now(). */
  sweep(now: number): void {
    if (this._closing || this._closed) return;
    if (this._upgrading) {
      if (now > this.#deadline) this.#handshake?.destroy(); // the topmost socket: a handshake must not be torn down from below
    } else if (this.#content !== null) {
      if (this.#content.tooSlow(now)) this.say(replies.tooSlow);
    } else if (!this._handlerPending && now > this.#deadline) this.say(replies.timeout);
  }

  /** The server stops: whoever is not in the middle of something hears it at once. */
  drain(): void {
    if (this._upgrading) this.#handshake?.destroy();
    else if (!this._handlerPending && this.#content === null) this.say(replies.shuttingDown);
  }

  /** The server stops now. */
  cut(): void {
    if (this._upgrading) this.#handshake?.destroy();
    else this.say(replies.shuttingDown);
    this._socket.destroySoon();
  }

  /** The library's idle timer is not used: an octet now and then would keep a connection for ever. Here the handshake's socket is seen. */
  override _armTimeout(socket: net.Socket | tls.TLSSocket = this._socket): void {
    if (socket !== this._socket) this.#handshake = socket;
  }

  override _onClose(): void {
    const closedBefore = this._closed;
    super._onClose();
    if (closedBefore) return;
    if (this.#content !== null && !this.#content.complete) this.#content.drop(); // a complete one is the queue's to decide
    this.emit("closed");
  }

  override _onError(error: Error & { code?: string | undefined }): void {
    this.context.deps.log.debug("smtp.connection_error", { client: this.client.address, code: error.code ?? error.name });
    this.close();
  }
}
