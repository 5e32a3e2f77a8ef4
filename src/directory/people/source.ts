import type { Lookup } from "../../mail/lookup.ts";
import type { Mailbox } from "../../mail/mailbox.ts";

/** What a source says of one address. */
export type SourceEntry = {
  readonly address: Mailbox;
  readonly kind: "person" | "group";
  readonly dn: string;
  readonly targets: readonly Mailbox[];
  readonly badTargets: readonly string[];
  readonly affiliation: string | null;
  readonly oversized: boolean;
};

/** What a source says of the addresses it was asked for; one in neither map is absent. */
export type Said = {
  /** By key. May hold more than was asked for. */
  readonly entries: ReadonlyMap<string, SourceEntry>;
  /** By key the DNs of two entries or more that have the address: nobody can tell whose it is. */
  readonly twins: ReadonlyMap<string, readonly string[]>;
};

/** A directory of people and groups, as it answers now: nothing is remembered, and a short answer is no answer. */
export type Source = {
  readonly name: string;
  lookup(addresses: readonly Mailbox[]): Promise<Lookup<Said>>;
  /** Everybody, page by page; an address comes once for each entry that has it, people before groups. Throws when it is cut short. */
  all(): AsyncIterable<SourceEntry>;
};

/** An entry and when the source said so. */
export type KnownEntry = { readonly entry: SourceEntry; readonly answeredAt: Date };
