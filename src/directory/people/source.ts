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

/** A directory of people and groups, as it answers now: nothing is remembered, and a short answer is no answer. */
export type Source = {
  readonly name: string;
  /** Entries by key; an address that is not in the map is absent. May hold more than was asked for. */
  lookup(addresses: readonly Mailbox[]): Promise<Lookup<ReadonlyMap<string, SourceEntry>>>;
  /** Everybody, page by page. Throws when it is cut short. */
  all(): AsyncIterable<SourceEntry>;
};

/** An entry and when the source said so. */
export type KnownEntry = { readonly entry: SourceEntry; readonly answeredAt: Date };
