/** What this node knows for certain of the directory, found and absent alike. */
import { LRUCache } from "lru-cache";
import type { Entry } from "./directory.ts";
import type { Domains } from "./tables.ts";

/** Stands for "no entry": a stored value cannot be undefined. */
const NO_ENTRY = Symbol("no entry");

const weightOf = (entry: Entry | undefined): number =>
  1 +
  (entry?.targets.length ?? 0) +
  (entry?.badTargets.length ?? 0) +
  (entry?.list?.senders.length ?? 0) +
  (entry?.list?.excluded.length ?? 0);

/** A read of the database under way. What is forgotten before it ends may be older in its answer, which is then not kept. */
export type Read = { readonly forgotten: Set<string>; everything: boolean };

/**
 * Answers are kept until a change is heard of. The rule that makes it exact: an answer is kept only if nothing it speaks of was
 * forgotten since its question was sent. `weight`: entries and targets kept at most.
 */
export class DirectoryCache {
  /** Grows with every change that is heard of. */
  generation = 0;
  domains: Domains | null = null;
  readonly #entries: LRUCache<string, Entry | typeof NO_ENTRY>;
  readonly #reads = new Set<Read>();

  constructor(weight: number) {
    this.#entries = new LRUCache({ maxSize: weight });
  }

  /** Undefined: not known. Null: known to have no entry. */
  entry(key: string): Entry | null | undefined {
    const known = this.#entries.get(key);
    return known === NO_ENTRY ? null : known;
  }

  /** To be called before the question is sent; and keepEntries, keepDomains or giveUp with its answer. */
  begin(): Read {
    const read: Read = { forgotten: new Set(), everything: false };
    this.#reads.add(read);
    return read;
  }

  keepEntries(read: Read, keys: readonly string[], entries: ReadonlyMap<string, Entry>): void {
    this.giveUp(read);
    if (read.everything) return;
    for (const key of keys) {
      if (read.forgotten.has(key)) continue;
      const entry = entries.get(key);
      this.#entries.set(key, entry ?? NO_ENTRY, { size: weightOf(entry) });
    }
  }

  keepDomains(read: Read, domains: Domains): void {
    this.giveUp(read);
    if (!read.everything) this.domains = domains;
  }

  giveUp(read: Read): void {
    this.#reads.delete(read);
  }

  forgetEntries(keys: readonly string[]): void {
    this.generation++;
    for (const key of keys) this.#entries.delete(key);
    for (const read of this.#reads) for (const key of keys) read.forgotten.add(key);
  }

  forgetDomains(): void {
    this.generation++;
    this.domains = null;
    for (const read of this.#reads) read.everything = true;
  }

  forgetEverything(): void {
    this.#entries.clear();
    this.forgetDomains();
  }
}
