import { nearest } from "../mail/nearest.ts";
import type { Fault } from "./fault.ts";
import type { SettingType } from "./setting.ts";
import type { Structure } from "./structure.ts";

/** Reads the keys of one map and gathers what is wrong with them. Call `end` last: what was not asked for is unknown. */
export class Section {
  readonly where: string;
  readonly #name: string;
  readonly #entries: ReadonlyMap<string, Structure>;
  readonly #faults: Fault[];
  readonly #asked = new Set<string>();
  #told = false;

  constructor(structure: Structure, name: string, faults: Fault[]) {
    this.where = structure.where;
    this.#name = name;
    this.#faults = faults;
    this.#entries = structure.kind === "map" ? structure.entries : new Map();
    if (structure.kind === "unreadable") this.fault(null, structure.what);
    else if (structure.kind !== "map") this.fault(null, "is not a group of settings", "write its settings below it, indented");
  }

  fault(key: string | null, what: string, hint = ""): void {
    if (this.#told) return; // it is no group at all: that says it
    this.#told = this.#entries.size === 0 && key === null;
    const where = (key === null ? undefined : this.#entries.get(key)?.where) ?? this.where;
    this.#faults.push({ where, key: key === null ? this.#name : `${this.#name}.${key}`, what, hint });
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  /** The value of a type that takes one text; null: it is not there, or is faulty. */
  value<T>(key: string, type: SettingType<T>): T | null {
    const [text, more] = this.texts(key) ?? [];
    if (text === undefined) return null;
    if (more !== undefined) this.fault(key, "takes one value, not a list");
    return more === undefined ? this.#read(key, type, text) : null;
  }

  /** The values of a text or a list of texts; null: it is not there. Faulty ones are left out. */
  values<T>(key: string, type: SettingType<T>): readonly T[] | null {
    const texts = this.texts(key);
    return texts?.map((text) => this.#read(key, type, text)).filter((value) => value !== null) ?? null;
  }

  texts(key: string): readonly string[] | null {
    this.#asked.add(key);
    const entry = this.#entries.get(key);
    if (entry === undefined) return null;
    const items = entry.kind === "list" ? entry.items : [entry];
    const texts = items.map((item) => (item.kind === "text" ? item.text.trim() : ""));
    if (texts.includes("")) {
      this.fault(key, entry.kind === "text" ? "has no value" : "takes a value, or a list of values", "write one, or leave it out");
      return null;
    }
    return texts;
  }

  /** Null: there is no such group. */
  section(key: string): Section | null {
    this.#asked.add(key);
    const entry = this.#entries.get(key);
    return entry === undefined ? null : new Section(entry, `${this.#name}.${key}`, this.#faults);
  }

  end(): void {
    for (const key of this.#entries.keys()) {
      if (this.#asked.has(key)) continue;
      const guess = nearest(key, this.#asked);
      this.fault(key, "unknown key", guess === null ? `known are ${[...this.#asked].join(", ")}` : `did you mean "${guess}"?`);
    }
  }

  #read<T>(key: string, type: SettingType<T>, text: string): T | null {
    const result = type.schema.safeParse(text);
    if (result.success) return result.data;
    for (const issue of result.error.issues) this.fault(key, issue.message, "params" in issue ? hintOf(issue.params) : "");
    return null;
  }
}

const hintOf = (params: unknown): string => (params as { readonly hint?: string } | undefined)?.hint ?? "";
