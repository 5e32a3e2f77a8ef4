/** What is wrong with a line that cannot be a command: a bare CR or bare LF, too many octets, or another protocol. */
export type LineFault = "bareLineEnd" | "tooLong" | "tls";

const LF = 0x0a;
const CR = 0x0d;
/** First octet of a TLS record that carries a handshake (RFC 8446 §5.1): someone speaks TLS to a clear-text port. */
const TLS_HANDSHAKE = 0x16;

const BEGINNING = 5;

/** Reads command lines (RFC 5321 §2.3.8: CRLF and nothing else ends one), however they are cut. Holds at most `limit` octets of an unfinished one. */
export class CommandLines {
  /** The line taken last, without its CRLF; empty when `fault` is set. */
  line: Buffer = Buffer.alloc(0);
  /** How a line that was too long began, in capitals. */
  beginning = "";
  fault: LineFault | null = null;
  /** Of the unfinished line, one Buffer however it is cut; made when there is one. */
  #held: Buffer | null = null;
  #heldLength = 0;
  #first = true;
  readonly #limit: number;

  /** `limit`: octets of a line with its CRLF (RFC 5321 §4.5.3.1.4 asks for at least 512). */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /**
   * Takes the next line of `segment` from offset `from`: true, then `line` or `fault` says what it was. False: the line is not finished.
   * A bare LF ends a line too, a faulty one: what stands behind it must not hide from us in what another reader takes for two lines.
   */
  next(segment: Buffer, from: number): number {
    this.fault = null;
    this.line = segment.subarray(from, from);
    if (this.#first && from < segment.length) {
      this.#first = false;
      if (segment[from] === TLS_HANDSHAKE) return this.#faulty("tls", segment.length);
    }
    const at = segment.indexOf(LF, from);
    if (at < 0) {
      this.#hold(segment.subarray(from));
      return -1;
    }
    const end = at + 1;
    if (this.#heldLength + end - from > this.#limit) {
      if (this.#heldLength <= this.#limit) this.#remember(segment, from);
      return this.#faulty("tooLong", end);
    }
    let whole = segment.subarray(from, end);
    if (this.#held !== null) whole = Buffer.concat([this.#held.subarray(0, this.#heldLength), whole]);
    this.#forget();
    const length = whole.length - 2;
    if (length < 0 || whole.indexOf(CR) !== length) this.fault = "bareLineEnd";
    else this.line = whole.subarray(0, length);
    return end;
  }

  #faulty(fault: LineFault, end: number): number {
    this.#forget();
    this.fault = fault;
    return end;
  }

  /** Of a line that is too long already only its length is known. */
  #hold(rest: Buffer): void {
    const at = this.#heldLength;
    if (at <= this.#limit && at + rest.length > this.#limit) this.#remember(rest, 0);
    this.#heldLength += rest.length;
    if (this.#heldLength > this.#limit) {
      this.#held = null;
      return;
    }
    if (rest.length === 0) return;
    this.#held ??= Buffer.allocUnsafeSlow(this.#limit); // a copy: the segment it came in may be far larger
    rest.copy(this.#held, at);
  }

  /** The first octets of the line, of what is held and `rest` from `from`. */
  #remember(rest: Buffer, from: number): void {
    const held = this.#held?.toString("latin1", 0, Math.min(this.#heldLength, BEGINNING)) ?? "";
    this.beginning = (held + rest.toString("latin1", from, from + BEGINNING)).slice(0, BEGINNING).toUpperCase();
  }

  #forget(): void {
    if (this.#heldLength === 0) return;
    this.#held = null;
    this.#heldLength = 0;
  }
}
