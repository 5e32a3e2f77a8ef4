/** People who sign in, for dialogues: `ann` with the password `right`, whose address is u@campus.test; some names stand for trouble. */
import { absent, found, unavailable } from "../../src/mail/lookup.ts";
import { parseMailbox } from "../../src/mail/mailbox.ts";
import type { Sending } from "../../src/sending/sending.ts";
import type { SignInAnswer } from "../../src/sending/sign-in.ts";

const own = parseMailbox("u@campus.test");
const away = new Error("the database is away");

const answers: Readonly<Record<string, SignInAnswer>> = {
  often: { kind: "tooMany" },
  down: { kind: "unavailable", cause: away },
};

/** Every try, as it was made. */
export type People = Sending & { readonly tried: string[] };

export function people(): People {
  const tried: string[] = [];
  return {
    tried,
    async signIn({ login, password }) {
      tried.push(`${login}:${password}`);
      const known = ["ann", "late", "noRights"].includes(login) && password === "right";
      if (known && own.ok) return { kind: "signedIn", person: { login, addresses: [own.mailbox], affiliation: "staff" } };
      return answers[login] ?? { kind: "refused" };
    },
    async rights(person) {
      if (person.login === "noRights") return unavailable(away);
      return own.ok ? found({ maySendAs: (address) => address.key === own.mailbox.key }) : absent;
    },
    async book(_person, { localPart }) {
      if (localPart === "hourly") return "tooManyPerHour";
      return localPart === "new" ? "tooManyFirstTime" : localPart === "stop" ? "stopped" : "accepted";
    },
    heldFor: async ({ login }) => (login === "late" ? "sending stopped: late" : null),
  };
}
