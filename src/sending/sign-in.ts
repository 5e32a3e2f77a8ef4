import type { Queryable } from "../db/client.ts";
import type { Authenticator, Person } from "../mail/person.ts";
import { bookAttempt, endAttempt } from "./attempts.ts";

/** A name and a password somebody sent, and from where: an IPv4 address or an IPv6 /64. */
export type Credentials = { readonly source: string; readonly login: string; readonly password: string };

/**
 * `refused`: wrong name or password, and nothing tells which. `tooMany`: not checked, since the next moment for this login from there is too far
 * off. `unavailable`: it could not be checked.
 */
export type SignInAnswer =
  | { readonly kind: "signedIn"; readonly person: Person }
  | { readonly kind: "refused" }
  | { readonly kind: "tooMany" }
  | { readonly kind: "unavailable"; readonly cause: Error };

export type SignIn = (credentials: Credentials) => Promise<SignInAnswer>;

/** Octets; a login beyond it is nobody's, and the key under which tries are counted stays small. */
const LOGIN_LIMIT = 255;

/** Checks a name and password at the pace attempts.ts allows. Never rejects. */
export function openSignIn(db: Queryable, authenticator: Authenticator, sleep: (ms: number) => Promise<unknown>): SignIn {
  return async ({ source, login, password }) => {
    const counted = login.toLowerCase().slice(0, LOGIN_LIMIT);
    try {
      const started = performance.now();
      const booked = await bookAttempt(db, source, counted);
      if (booked.refused) return { kind: "tooMany" };
      await sleep(booked.waitSeconds * 1000);
      const answer = await authenticator.authenticate(login.slice(0, LOGIN_LIMIT), password);
      await endAttempt(db, source, counted, answer.kind === "unavailable" ? null : answer.kind === "found");
      if (answer.kind === "found") return { kind: "signedIn", person: answer.value };
      if (answer.kind === "unavailable") return answer;
      await sleep(booked.holdSeconds * 1000 - (performance.now() - started));
      return { kind: "refused" };
    } catch (cause) {
      // Tries that cannot be counted are not made.
      return { kind: "unavailable", cause: cause instanceof Error ? cause : new Error(String(cause)) };
    }
  };
}
