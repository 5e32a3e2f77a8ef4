/** Names of people and their addresses: each address once. */
import type { Random } from "./random.ts";
import { FIRST_NAMES, LAST_NAMES, MAILBOXES, PROVIDERS } from "./words.ts";

export type Name = { readonly first: string; readonly last: string };

export const someName = (random: Random): Name => ({ first: random.pick(FIRST_NAMES), last: random.pick(LAST_NAMES) });

/** Gives out local parts, no address twice. */
export class Addresses {
  readonly #taken = new Set<string>();

  /** The first of the forms that is free at the domain, else the first with a number. */
  take(domain: string, ...forms: readonly [string, ...string[]]): string {
    for (const form of forms) {
      const address = `${form}@${domain}`;
      if (this.#claim(address)) return address;
    }
    for (let n = 2; ; n++) {
      const address = `${forms[0]}${n}@${domain}`;
      if (this.#claim(address)) return address;
    }
  }

  #claim(address: string): boolean {
    if (this.#taken.has(address)) return false;
    this.#taken.add(address);
    return true;
  }
}

/** `anna.lee`, else with an initial between. */
export const fullForms = (random: Random, { first, last }: Name): [string, ...string[]] => [
  `${first}.${last}`,
  ...[1, 2, 3, 4].map(() => `${first}.${String.fromCharCode(97 + random.between(0, 25))}.${last}`),
];

/** `alee`, `alee4`; students have a number. */
export const shortForm = (random: Random, { first, last }: Name, isStudent: boolean): string =>
  isStudent ? `${first.charAt(0)}${last.charAt(0)}${random.digits(6)}` : `${first.charAt(0)}${last}`;

/** A mailbox with a provider, as people call theirs. */
export function providerMailbox(random: Random, { first, last }: Name): string {
  const { domain } = random.pickWeighted(PROVIDERS);
  const separator = random.pick(["", ".", "_"]);
  return `${first}${separator}${last}${random.digits(random.between(0, 4))}@${domain}`;
}

/** The mailbox of the campus that belongs to an address. */
export const campusMailbox = (address: string): string =>
  `${address.replace(/@(?:([a-z]+)\.)?campus\.example$/, (_, sub) => (sub ? `-${sub}` : ""))}@${MAILBOXES}`;
