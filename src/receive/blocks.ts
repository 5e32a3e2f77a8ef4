/** A piece of this size goes on as it is; smaller ones are copied together, or a message sent octet by octet would be a Buffer per octet. */
const WHOLE = 4096;
const LARGEST_BLOCK = 65_536;

/** Joins small pieces of content into blocks. The first block is small, since most messages are; later ones grow with the message. */
export class Blocks {
  #block: Buffer | null = null;
  #used = 0;
  #total = 0;
  readonly #out: (octets: Buffer) => Promise<void> | undefined;

  /** `out` takes each block; nobody writes into it afterwards. */
  constructor(out: (octets: Buffer) => Promise<void> | undefined) {
    this.#out = out;
  }

  /** A promise: wait for it before the next call. */
  add(piece: Buffer): Promise<void> | undefined {
    this.#total += piece.length;
    if (piece.length >= WHOLE) {
      const before = this.flush();
      return before === undefined ? this.#out(piece) : before.then(() => this.#out(piece));
    }
    if (this.#block !== null && this.#used + piece.length > this.#block.length) {
      const before = this.flush();
      this.#put(piece);
      return before;
    }
    this.#put(piece);
    return undefined;
  }

  /** Gives out what is left. */
  flush(): Promise<void> | undefined {
    if (this.#block === null) return undefined;
    const full = this.#block.subarray(0, this.#used);
    this.#block = null;
    return this.#out(full);
  }

  #put(piece: Buffer): void {
    if (this.#block === null) {
      this.#block = Buffer.allocUnsafeSlow(Math.min(LARGEST_BLOCK, Math.max(WHOLE, this.#total)));
      this.#used = 0;
    }
    piece.copy(this.#block, this.#used);
    this.#used += piece.length;
  }
}
