import { SMTPStream } from "smtp-server/lib/smtp-stream.js";
import { CommandLines, type LineFault } from "./command-lines.ts";
import type { ContentScanner } from "./content-scanner.ts";

/** Where the content of one message goes. Neither function throws or rejects. */
export type ContentSink = {
  /** Content octets, a view of the segment they came in. A promise: nothing is read before it settles. */
  take(octets: Buffer): Promise<void> | undefined;
  /** The end of data was read. Commands behind it wait for `done`. */
  end(done: () => void): void;
};

/**
 * Content may come octet by octet, and each segment costs a system call. After a run of small segments the socket is left alone for a while,
 * so that the kernel joins what comes: 3,000,000 octets sent that way took 0.5 s of CPU in place of 4 to 8 s, and no longer to arrive. A large
 * segment takes one off the run, so mail sent in large pieces never gets there; nor does the beginning of a message, sent line by line.
 */
const SMALL_SEGMENT = 128;
const RUN_OF_SMALL = 8;
const SMALL_FROM = 16_384;
const LEFT_ALONE = 100;

/** Pipelined commands worked on before other connections get their turn. */
const COMMANDS_IN_A_ROW = 100;

/**
 * The strict reader of one connection, in the place of the library's: turns octets into command lines, and behind DATA into content.
 * Commands run one after the other; while one is worked on, or content waits for the queue, the socket is not read (back-pressure of pipe).
 */
export class SmtpStream extends SMTPStream {
  /** A line that is no command, whatever it says. */
  onfault: (fault: LineFault, done: () => void) => void = (_fault, done) => done();

  readonly #lines: CommandLines;
  #scanner: ContentScanner | null = null;
  #sink: ContentSink | null = null;
  #small = 0;
  #segment: Buffer = Buffer.alloc(0);
  #offset = 0;
  #next: (() => void) | null = null;
  /** Octets left of those that were here before the reply to the final dot; the line read now began with one of them. */
  #early = 0;
  #lineIsEarly = false;

  /** `commandLength`: octets of a command line with its CRLF. */
  constructor(commandLength: number) {
    super({ highWaterMark: 1 }); // one segment at a time: while it is worked on, none is read ahead
    this.#lines = new CommandLines(commandLength);
  }

  /** From the octets behind this command on, what comes is content, until `scanner` finds its end. */
  readContent(scanner: ContentScanner, sink: ContentSink): void {
    this._dataMode = true;
    this.#small = 0;
    this.#scanner = scanner;
    this.#sink = sink;
  }

  /** The commands that begin in what has come so far are early. `behind`: octets that were read from the socket and not given to us yet. */
  markEarly(behind: number): void {
    this.#early = behind + (this.#next === null ? 0 : this.writableLength - this.#offset);
  }

  /** The command read last was sent before its time. */
  get early(): boolean {
    return this.#lineIsEarly;
  }

  /** Whether the line last refused for its length began so (five octets in capitals at most). */
  beginsWith(word: string): boolean {
    return this.#lines.beginning === word;
  }

  /** Anything came at all. */
  get touched(): boolean {
    return this.#segment.length > 0;
  }

  override _write(segment: Buffer, _encoding: unknown, next: () => void): void {
    this.#segment = segment;
    this.#offset = 0;
    this.#next = next;
    this.#advance();
  }

  /** The client has closed its side: an unfinished line is not executed. */
  override _flushData(): void {}

  /** Goes on until the segment is used up or someone has to be waited for, who then calls this again. What is thrown here ends the stream. */
  readonly #advance = (): void => {
    try {
      if (this.#useUp()) this.#finish();
    } catch (error) {
      this.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  };

  /** False: someone is waited for. */
  #useUp(): boolean {
    for (let inARow = 0; !this.isClosed && this.#offset < this.#segment.length; inARow++) {
      if (inARow === COMMANDS_IN_A_ROW) {
        setImmediate(this.#advance);
        return false;
      }
      if (!(this.#sink === null ? this.#readCommand() : this.#readContent(this.#sink))) return false;
    }
    return true;
  }

  #finish(): void {
    const next = this.#next;
    this.#next = null;
    next?.();
  }

  /** True: go on at once. */
  #readCommand(): boolean {
    const from = this.#offset;
    const end = this.#lines.next(this.#segment, from);
    this.#offset = end < 0 ? this.#segment.length : end;
    this.#lineIsEarly = this.#early > 0;
    if (this.#lineIsEarly) this.#early = Math.max(end < 0 ? 1 : 0, this.#early - (this.#offset - from));
    if (end < 0) return true;
    const fault = this.#lines.fault;
    return this.#callAndWait((done) => (fault === null ? this.oncommand(this.#lines.line, done) : this.onfault(fault, done)));
  }

  #readContent(sink: ContentSink): boolean {
    const scanner = this.#scanner as ContentScanner;
    const end = scanner.scan(this.#segment, this.#offset);
    this.#offset = end < 0 ? this.#segment.length : end;
    const waiting = scanner.piece.length > 0 ? sink.take(scanner.piece) : undefined;
    if (end >= 0) {
      this._dataMode = false;
      this.#sink = null;
      this.#scanner = null;
    }
    const goOn = (done: () => void) => (end < 0 ? this.#rest(scanner.size, done) : sink.end(done));
    return this.#callAndWait((done) => (waiting === undefined ? goOn(done) : waiting.then(() => goOn(done))));
  }

  /** Before the next segment of content is read. `size`: of the content so far. */
  #rest(size: number, done: () => void): void {
    this.#small = this.#segment.length < SMALL_SEGMENT ? this.#small + 1 : Math.max(0, this.#small - 1);
    if (this.#small < RUN_OF_SMALL || size < SMALL_FROM) done();
    else setTimeout(done, LEFT_ALONE);
  }

  /** Calls `work`; true if it was done before it returned, else the work goes on when it is. */
  #callAndWait(work: (done: () => void) => unknown): boolean {
    let returned = false;
    let done = false;
    work(() => {
      if (done) return;
      done = true;
      if (returned) this.#advance();
    });
    returned = true;
    return done;
  }
}
