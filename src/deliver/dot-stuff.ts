const CR = 13;
const LF = 10;
const DOT = 46;

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
    let last = this.#last;
    let out: Buffer | null = null; // made at the first dot to double; from there on octets are copied one by one
    let written = 0;
    for (let at = 0; at < piece.length; at++) {
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
    if (piece.length > 0) {
      this.#beforeLast = piece.length > 1 ? (piece[piece.length - 2] as number) : this.#last;
      this.#last = last;
    }
    return out === null ? piece : out.subarray(0, written);
  }

  /** What ends the data; throws when the content does not end with CRLF. */
  end(): Buffer {
    if (this.#last !== LF || this.#beforeLast !== CR) throw new ContentUnsendable("the content does not end with CRLF");
    return END;
  }
}

const END = Buffer.from(".\r\n");
