/**
 * The three answers of every lookup, whether Postgres, LDAP or DNS was asked. "Unavailable" is trouble on our
 * side or theirs and is never treated as "absent": the one defers mail, the other refuses it.
 */
export type Lookup<T> =
  | { readonly kind: "found"; readonly value: T }
  | { readonly kind: "absent" } // 550 5.1.1
  | { readonly kind: "unavailable"; readonly cause: Error }; // 451 4.3.0, and only this

export const found = <T>(value: T): Lookup<T> => ({ kind: "found", value });
export const absent = { kind: "absent" } as const;
export const unavailable = (cause: unknown): { readonly kind: "unavailable"; readonly cause: Error } => ({
  kind: "unavailable",
  cause: cause instanceof Error ? cause : new Error(String(cause)),
});
