/** `depth`: entries one after another; `recipients`: final recipients; `hops`: steps in all, so that work grows with what may be delivered. */
export type Limits = { readonly depth: number; readonly recipients: number; readonly hops: number };

/** Steps for each recipient: they leave room for nested lists. */
export const HOPS_EACH = 20;

/** Deeper or wider than this is a mistake in standing data, not mail. A list may have a limit of its own (Entry.list.memberLimit). */
export const LIMITS: Limits = { depth: 10, recipients: 10_000, hops: 10_000 * HOPS_EACH };
