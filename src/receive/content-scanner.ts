/** What makes a message's content unacceptable: the worst seen so far, answered once, at the true end of data. */
export type ContentFault = "nul" | "bareLineEnd" | "lineTooLong" | "headerTooLarge" | "tooLarge";

/** Octets. `size`: the content as it is stored, after unstuffing (RFC 1870 §2). */
export type ContentLimits = { readonly size: number; readonly line: number; readonly header: number };

const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const DOT = 0x2e;

// States of the automaton: what stands before the next octet. Small integers, because the loop below runs once per octet.
const IN_LINE = 0;
const AFTER_CR = 1;
const LINE_START = 2; //  behind CRLF, or behind DATA's own line end
const AFTER_DOT = 3; //   a dot at a line start: stuffing, or the end
const AFTER_DOT_CR = 4; // one LF more and it is the end

/**
 * Reads the content behind DATA (RFC 5321 §4.1.1.4, §4.5.2) in one pass over the octets, however they are cut. Data ends at CRLF.CRLF, or at .CRLF
 * right behind DATA's line end, and at nothing else: bare CR, bare LF and NUL are noted, never repaired, and end nothing. A leading dot goes away
 * only at a line start made by CRLF. The segments given are changed in place (dots close up), so nobody else may hold them.
 */
export class ContentScanner {
  /** Octets of content so far, stuffed dots taken out. */
  size = 0;
  /** Octets of the header section with the empty line that ends it; -1 until that line was read. */
  headerSize = -1;
  /** Of the longest line so far, without its CRLF. */
  longestLine = 0;
  eightBit = false;
  /** The content octets of the segment scanned last: a view of it, perhaps empty. */
  piece: Buffer = Buffer.alloc(0);

  #nul = false;
  #bareLineEnd = false;
  #state = LINE_START;
  #lineLength = 0;
  readonly #limits: ContentLimits;

  constructor(limits: ContentLimits) {
    this.#limits = limits;
  }

  /** The fault that decides the reply: NUL before bare line ends, these before limits. Null: acceptable so far. */
  fault(): ContentFault | null {
    if (this.#nul) return "nul";
    if (this.#bareLineEnd) return "bareLineEnd";
    if (this.size > this.#limits.size) return "tooLarge";
    if ((this.headerSize < 0 ? this.size : this.headerSize) > this.#limits.header) return "headerTooLarge";
    return this.longestLine > this.#limits.line ? "lineTooLong" : null;
  }

  /** Scans `segment` from offset `from`. Returns the offset behind the end of data, or -1: it needs more. `piece` has the content. */
  scan(segment: Buffer, from: number): number {
    const end = segment.length;
    let state = this.#state;
    let read = from;
    let write = from; // everything before it, from `from` on, is content; it falls behind `read` by one octet per stuffed dot
    let lineStart = from - this.#lineLength; // where the current line's content starts, in terms of `write`
    let seen = 0; // all octets or-ed together
    let { longestLine, headerSize } = this; // fields are slow here
    let ended = -1;
    while (read < end) {
      let octet = segment[read] as number;
      if (state === IN_LINE) {
        // The hot part: octets above CR, and tabs, mean nothing here. Without a stuffed dot before, there is nothing to move either.
        if (write === read) {
          while ((octet > CR || octet === TAB) && ++read < end) {
            seen |= octet;
            octet = segment[read] as number;
          }
          write = read;
        } else {
          while (octet > CR || octet === TAB) {
            segment[write++] = octet;
            seen |= octet;
            if (++read === end) break;
            octet = segment[read] as number;
          }
        }
        if (read === end) {
          seen |= octet;
          break;
        }
        if (octet === CR && read + 1 < end && segment[read + 1] === LF) {
          // Most line ends: whole, and in this segment. At the start of a line a dot alone is special.
          if (write !== read) {
            segment[write] = CR;
            segment[write + 1] = LF;
          }
          const length = write - lineStart;
          write += 2;
          read += 2;
          if (length > longestLine) longestLine = length;
          else if (length === 0 && headerSize < 0) headerSize = this.size + write - from;
          lineStart = write;
          if (read === end || segment[read] === DOT) state = LINE_START;
          continue;
        }
      } else if (state === LINE_START) {
        if (octet === DOT) {
          read++;
          state = read < end && segment[read] !== CR ? IN_LINE : AFTER_DOT;
          continue;
        }
      } else if (state === AFTER_DOT) {
        if (octet === CR) {
          state = AFTER_DOT_CR; // this CR is content only if no LF follows, and then the message is refused anyway
          read++;
          continue;
        }
      } else if (octet === LF) {
        read++;
        if (state === AFTER_DOT_CR) {
          ended = read;
          break;
        }
        const length = write - 1 - lineStart;
        segment[write++] = LF;
        if (length > longestLine) longestLine = length;
        else if (length === 0 && headerSize < 0) headerSize = this.size + write - from;
        lineStart = write;
        state = LINE_START;
        continue;
      } else this.#bareLineEnd = true; // AFTER_CR, AFTER_DOT_CR: no LF came
      if (octet === CR) state = AFTER_CR;
      else {
        if (octet === LF) this.#bareLineEnd = true;
        else if (octet === 0) this.#nul = true;
        state = IN_LINE;
      }
      seen |= octet;
      segment[write++] = octet;
      read++;
    }
    // A line without an end counts as far as it came; a CR at its end may belong to its CRLF.
    this.longestLine = Math.max(longestLine, write - lineStart - (state === AFTER_CR ? 1 : 0));
    this.headerSize = headerSize;
    this.#state = state;
    this.#lineLength = write - lineStart;
    this.size += write - from;
    if (seen > 0x7f) this.eightBit = true;
    this.piece = segment.subarray(from, write);
    return ended;
  }
}
