const CR = 13;
const LF = 10;
const DOT = 46;
const END = Buffer.from(".\r\n");

/** Shorter lines than this, on average, are quicker passed octet by octet than by a search for each line end. */
const SHORT_LINE = 32;

/** The content cannot be sent as it is: intake admits no such thing, so this is a fault of ours and the mail is kept. */
class ContentUnsendable extends Error {}

/**
 * RFC 5321 §4.5.2 for one message, piece by piece: a dot at the start of a line is doubled. Nothing else is changed, and
 * nothing that would have to be: a bare CR or LF throws, because a lax next hop could take LF.LF for the end of the data.
 */
export class DotStuffer {
  #last = LF;
  #beforeLast = CR;

  /** The piece as it goes on the wire: the same buffer unless a line in it starts with a dot. */
  add(piece: Buffer): Buffer {
    const plain = this.#plainLines(piece);
    const wire = plain === piece.length ? piece : this.#octetByOctet(piece, plain);
    if (piece.length > 0) {
      this.#beforeLast = piece.length > 1 ? (piece[piece.length - 2] as number) : this.#last;
      this.#last = piece[piece.length - 1] as number;
    }
    return wire;
  }

  /** What ends the data; throws when the content does not end with CRLF. */
  end(): Buffer {
    if (this.#last !== LF || this.#beforeLast !== CR) throw new ContentUnsendable("the content does not end with CRLF");
    return END;
  }

  /** How many octets, in whole lines from the start, can go as they are. Line ends are searched for: three times as fast as looking at each octet (docs/decisions/0008). */
  #plainLines(piece: Buffer): number {
    if (this.#last === CR) return 0;
    let at = 0;
    for (let lines = 0; at < piece.length; lines++) {
      if (piece[at] === DOT && (at > 0 || this.#last === LF)) return at;
      if (lines % 64 === 63 && at < lines * SHORT_LINE) return at;
      const cr = piece.indexOf(CR, at);
      const lf = piece.indexOf(LF, at);
      if (cr < 0 && lf < 0) return piece.length;
      if (cr < 0 || lf !== cr + 1) return at; // a bare one, or the piece ends between CR and LF
      at = lf + 1;
    }
    return at;
  }

  #octetByOctet(piece: Buffer, from: number): Buffer {
    let last = from === 0 ? this.#last : LF;
    let out: Buffer | null = null; // made at the first dot to double
    let written = 0;
    for (let at = from; at < piece.length; at++) {
      const octet = piece[at] as number;
      // One comparison decides for nearly every octet; the rest are CR, LF, other controls, or follow CR or LF.
      if (octet <= CR || last === LF || last === CR) {
        if ((octet === LF) !== (last === CR)) throw new ContentUnsendable("bare CR or LF in the content");
        if (octet === DOT && last === LF) {
          if (out === null) {
            out = Buffer.allocUnsafe(at + Math.ceil(((piece.length - at) * 4) / 3) + 2); // CRLF-dot becomes four octets
            written = piece.copy(out, 0, 0, at);
          }
          out[written++] = DOT;
        }
      }
      if (out !== null) out[written++] = octet;
      last = octet;
    }
    return out === null ? piece : out.subarray(0, written);
  }
}
