/** Who signs in by name and password, at the pace of sending/sign-in.ts; and what a sign-in leaves behind. */
import { recordSignIn } from "../../actions/access/sign-ins.ts";
import { together } from "../../actions/rehearse.ts";
import { absent } from "../../mail/lookup.ts";
import type { Authenticator, Person } from "../../mail/person.ts";
import { firstThatKnows } from "../../sending/authenticators.ts";
import { countedAs } from "../../sending/networks.ts";
import { openSignIn } from "../../sending/sign-in.ts";
import type { AdminDeps } from "../context.ts";
import { Problem } from "../problem.ts";
import { signInLocally } from "./local-accounts.ts";
import { openSession } from "./sessions.ts";

/** What somebody typed, and from where. */
export type Typed = {
  readonly login: string;
  readonly password: string;
  readonly code: string | undefined;
  readonly clientAddress: string;
};

/** Who it is. A second step that is missing says so; all else that fails says nothing of what was wrong. */
export async function whoTyped(deps: AdminDeps, typed: Typed): Promise<Person> {
  let codeIsMissing = false;
  const local = localAccounts(deps, typed.code, () => {
    codeIsMissing = true;
  });
  const directories = deps.people.map((source) => ({
    async authenticate(name: string, secret: string) {
      if (codeIsMissing) return absent; // the password was a local account's
      const answer = await source.authenticate(name, secret);
      return answer.kind === "found" ? { ...answer, value: { ...answer.value, login: `ldap:${answer.value.login}` } } : answer;
    },
  }));
  return checked(deps, typed, firstThatKnows([local, ...directories]), () => codeIsMissing);
}

/** That it is still them: the password of a local account, and its code where it has a second factor. */
export const confirmLocally = (deps: AdminDeps, typed: Typed): Promise<Person> =>
  checked(
    deps,
    typed,
    localAccounts(deps, typed.code ?? "", () => undefined),
    () => false,
  );

const localAccounts = ({ db }: AdminDeps, code: string | undefined, missing: () => void): Authenticator => ({
  authenticate: (name, secret) => signInLocally(db, name, secret, code, missing),
});

async function checked(deps: AdminDeps, typed: Typed, authenticator: Authenticator, codeIsMissing: () => boolean): Promise<Person> {
  const { login, password, clientAddress } = typed;
  const answer = await openSignIn(deps.db, authenticator, deps.sleep)({ source: countedAs(clientAddress), login, password });
  if (answer.kind === "signedIn") return answer.person;
  deps.log.line("web", `authentication failure; rhost=${clientAddress} user=<${printable(login)}> reason=${answer.kind}`, {
    event: "web sign-in failed",
    rhost: clientAddress,
    user: login,
    reason: answer.kind,
  });
  if (codeIsMissing()) throw new Problem("code-needed", "This account has a second factor: type the code of your app as well.");
  if (answer.kind === "refused") throw new Problem("sign-in-refused", "Name or password is not right.");
  if (answer.kind === "tooMany")
    throw new Problem("rate-limited", "Too many tries for this name from here.", {
      headers: { "retry-after": "15" },
      hint: "Wait 15 seconds.",
    });
  throw new Problem("directory-unavailable", "Sign-in with campus accounts is not possible now; local accounts work.", {
    headers: { "retry-after": "30" },
  });
}

/** Control characters and angle brackets would forge a line of the log. */
const printable = (text: string): string => text.slice(0, 100).replace(/[\p{C}\p{Z}<>]/gu, "?");

/**
 * A session for somebody who proved who they are. A local superadmin is for emergencies: each sign-in of one stands in the change records, and
 * in the log as a warning. Without the record there is no session.
 */
export async function sessionFor(deps: AdminDeps, person: Person, clientAddress: string): Promise<string> {
  const { token, isEmergency } = await together(deps.db, async (on) => ({
    isEmergency: await recordSignIn(on, person.login, clientAddress),
    token: await openSession(on, person, clientAddress),
  }));
  if (isEmergency) deps.log.warn("a local superadmin signed in", { principal: person.login, rhost: clientAddress });
  return token;
}
