/** Chance that can be repeated: the same seed gives the same numbers on every machine. */
export class Random {
  #state: number;

  /** `seed`: any text. Parts of the campus have one each, so that a change to one part leaves the others as they were. */
  constructor(seed: string) {
    let hash = 2166136261; // FNV-1a
    for (const octet of Buffer.from(seed)) hash = Math.imul(hash ^ octet, 16777619);
    this.#state = hash >>> 0;
  }

  /** From 0 up to but not 1 (mulberry32). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  /** A whole number from `from` to `to`, both included. */
  between(from: number, to: number): number {
    return from + Math.floor(this.next() * (to - from + 1));
  }

  chance(share: number): boolean {
    return this.next() < share;
  }

  /** One of them. Throws when there is none. */
  pick<T>(from: readonly T[]): T {
    return this.#at(from, Math.floor(this.next() * from.length));
  }

  /** One of them, the first ones far more often, as some people get far more mail than others. */
  pickSkewed<T>(from: readonly T[]): T {
    return this.#at(from, Math.floor(this.next() ** 2.5 * from.length));
  }

  /** One of them, each as often as its weight says. */
  pickWeighted<T extends { readonly weight: number }>(from: readonly T[]): T {
    let rest = this.next() * from.reduce((sum, { weight }) => sum + weight, 0);
    const index = from.findIndex(({ weight }) => {
      rest -= weight;
      return rest < 0;
    });
    return this.#at(from, index === -1 ? from.length - 1 : index);
  }

  digits(count: number): string {
    return this.#number(count, 10);
  }

  hex(count: number): string {
    return this.#number(count, 16);
  }

  upper(count: number): string {
    return this.#number(count, 36).toUpperCase();
  }

  /** Six figures at a time: letter by letter, the loader's time would go into strings. */
  #number(count: number, radix: number): string {
    let text = "";
    for (let rest = count; rest > 0; rest -= 6) {
      const figures = Math.min(rest, 6);
      text += Math.floor(this.next() * radix ** figures)
        .toString(radix)
        .padStart(figures, "0");
    }
    return text;
  }

  #at<T>(from: readonly T[], index: number): T {
    const one = from[index];
    if (one === undefined) throw new Error("nothing to pick from");
    return one;
  }
}
