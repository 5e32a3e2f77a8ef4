import { absent, type Lookup, unavailable } from "../mail/lookup.ts";
import type { Authenticator, PeopleDirectory, Person } from "../mail/person.ts";

/** The first answer that finds somebody. Absent only when every one of them said so: while one cannot be asked, nobody is unknown. */
async function firstFound<T>(all: readonly T[], ask: (one: T) => Promise<Lookup<Person>>): Promise<Lookup<Person>> {
  let trouble: Lookup<Person> = absent;
  for (const one of all) {
    const answer = await ask(one).catch(unavailable);
    if (answer.kind === "found") return answer;
    if (answer.kind === "unavailable") trouble = answer;
  }
  return trouble;
}

/** Asks one after the other until one knows the name and password. */
export const firstThatKnows = (all: readonly Authenticator[]): Authenticator => ({
  async authenticate(login, password) {
    if (login === "" || password === "") return absent; // RFC 4513 §5.1.2: a directory would call it a success
    return firstFound(all, (one) => one.authenticate(login, password));
  },
});

/** Who a login is in the first of the directories that knows it. */
export const personIn = (directories: readonly Pick<PeopleDirectory, "person">[], login: string): Promise<Lookup<Person>> =>
  firstFound(directories, (one) => one.person(login));
