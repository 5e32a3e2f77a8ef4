import type { Filter } from "ldapts";

/** One search request (RFC 4511 §4.5.1). */
export type Search = {
  readonly base: string;
  readonly scope: "base" | "one" | "sub";
  readonly filter: Filter;
  readonly attributes: readonly string[];
  /** It may find more than a server gives at once. Only then: slapd minds one search in pages on a connection. */
  readonly paged?: true;
};
