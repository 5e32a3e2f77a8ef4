/** What somebody types into the search box of the addresses, as in `to:gmail.example kind:list smith`, taken apart. */
import { nearest } from "../../mail/nearest.ts";

export const KINDS = ["alias", "list", "person", "group"] as const;
export const STATES = ["active", "off", "moved", "expired", "not-yet", "dead-end"] as const;
export type SearchKind = (typeof KINDS)[number];
export type SearchState = (typeof STATES)[number];

/** All that is not null must hold. */
export type AddressQuery = {
  /** Each stands somewhere in the address, its owner, its note or a target. */
  readonly words: readonly string[];
  /** The end of a target: an address, or a domain. */
  readonly to: string | null;
  readonly owner: string | null;
  readonly domain: string | null;
  readonly kind: SearchKind | null;
  readonly state: SearchState | null;
};

/** A filter nobody knows. `at`: where it begins in the text. `instead`: what was probably meant. */
export type QueryFault = { readonly at: number; readonly text: string; readonly problem: string; readonly instead: string | null };

const FILTERS = ["to", "owner", "domain", "kind", "state"] as const;
type Filter = (typeof FILTERS)[number];

const EMPTY = { words: [], to: null, owner: null, domain: null, kind: null, state: null } as const;

/** `name:"two words"`, `name:word`, `"two words"`, `word`. */
const PARTS = /([a-z]+):(?:"([^"]*)"?|(\S*))|"([^"]*)"?|(\S+)/gi;

/** Text in quotes is one word. A filter given twice counts as the last one says. */
export function parseAddressQuery(typed: string): AddressQuery | QueryFault {
  const words: string[] = [];
  const filters: Partial<Record<Filter, string>> = {};
  for (const found of typed.matchAll(PARTS)) {
    const [whole, name, quotedValue, value, quotedWord, word] = found;
    const text = (quotedValue ?? value ?? quotedWord ?? word ?? "").toLowerCase();
    if (name === undefined) {
      if (text !== "") words.push(text);
      continue;
    }
    const fault = faultOf(name.toLowerCase(), text);
    if (fault !== null) return { at: found.index, text: whole, ...fault };
    filters[name.toLowerCase() as Filter] = text;
  }
  return { ...EMPTY, words, ...filters } as AddressQuery;
}

function faultOf(name: string, value: string): Pick<QueryFault, "problem" | "instead"> | null {
  if (!(FILTERS as readonly string[]).includes(name))
    return { problem: `there is no filter ${name}:`, instead: withColon(nearest(name, FILTERS)) };
  const words: readonly string[] | null = name === "kind" ? KINDS : name === "state" ? STATES : null;
  if (words !== null && !words.includes(value))
    return { problem: `${name}: is one of ${words.join(", ")}`, instead: nearest(value, words) };
  return value === "" ? { problem: `${name}: of what?`, instead: null } : null;
}

const withColon = (name: string | null): string | null => (name === null ? null : `${name}:`);
