/** Entries by address, and the addresses that two entries of one kind have: one fault in the directory, which must not reach its neighbours. */
import type { SourceEntry } from "./source.ts";

export class Twins {
  /** By key, without those of `twins`. */
  readonly entries = new Map<string, SourceEntry>();
  /** By key the DNs that have it. */
  readonly twins = new Map<string, readonly string[]>();
  /** Whose the address is that has twins. */
  readonly #kinds = new Map<string, SourceEntry["kind"]>();

  /** People must come before groups: a person hides a group of the same address. */
  take(entry: SourceEntry): void {
    const { key } = entry.address;
    const known = this.twins.get(key);
    if (known !== undefined) {
      if (this.#kinds.get(key) === entry.kind && !known.includes(entry.dn)) this.twins.set(key, [...known, entry.dn]);
      return;
    }
    const other = this.entries.get(key);
    if (other === undefined) this.entries.set(key, entry);
    else if (other.kind === entry.kind && other.dn !== entry.dn) {
      this.entries.delete(key);
      this.twins.set(key, [other.dn, entry.dn]);
      this.#kinds.set(key, entry.kind);
    }
  }
}

/** For a log, a person at the command line, and explain. */
export const twinsText = (address: string, dns: readonly string[]): string =>
  `${dns.join(" and ")} both have ${address}: its mail waits (451)`;
