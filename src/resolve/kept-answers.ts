import { LRUCache } from "lru-cache";

/** An answer, and how to keep it: `weight` in nodes and hops, `until` in ms since 1970 (what it says ends then); null: not at all. */
export type Made<T> = { readonly answer: T; readonly keep: { readonly weight: number; readonly until: number } | null };

/**
 * Answers made of many lookups, kept while the directory's generation is the one in which they were begun. Any change forgets them all:
 * changes are rare, and so nobody has to know what an answer rests on. Who asks for one that is being made waits for it, if no change was
 * heard of since it was begun.
 */
export class KeptAnswers<T extends object> {
  /** Of which all that is kept, or being made to be kept, is. */
  #generation: number | null = null;
  readonly #kept: LRUCache<string, { readonly answer: T; readonly until: number }>;
  readonly #making = new Map<string, Promise<T>>();
  readonly #generationNow: () => number | null;

  /** `generation`: asks for the directory's; null: nobody knows, so nothing kept is used. */
  constructor(weight: number, generation: () => number | null) {
    this.#kept = new LRUCache({ maxSize: weight });
    this.#generationNow = generation;
  }

  get(key: string, now: number, make: () => Promise<Made<T>>): T | Promise<T> {
    const begun = this.#generationNow();
    if (begun === null) return make().then(({ answer }) => answer);
    if (begun !== this.#generation) this.#forget(begun);
    const kept = this.#kept.get(key);
    if (kept !== undefined && now < kept.until) return kept.answer;
    let making = this.#making.get(key);
    if (making === undefined) {
      making = this.#make(key, begun, make);
      this.#making.set(key, making);
    }
    return making;
  }

  #forget(generation: number): void {
    this.#generation = generation;
    this.#kept.clear();
    this.#making.clear();
  }

  async #make(key: string, begun: number, make: () => Promise<Made<T>>): Promise<T> {
    try {
      const { answer, keep } = await make();
      const isCurrent = this.#generation === begun && this.#generationNow() === begun;
      if (keep !== null && isCurrent) this.#kept.set(key, { answer, until: keep.until }, { size: keep.weight });
      return answer;
    } finally {
      if (this.#generation === begun) this.#making.delete(key);
    }
  }
}
