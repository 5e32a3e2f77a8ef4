import type { Queryable } from "../db/client.ts";
import { absent, found, unavailable } from "../mail/lookup.ts";
import { type Mailbox, mailboxOfKey } from "../mail/mailbox.ts";
import type { Authenticator, PeopleDirectory, Person } from "../mail/person.ts";
import { personIn } from "./authenticators.ts";
import { isPassword, selectorOf } from "./password.ts";

type Row = {
  readonly login: string;
  /** The person is in Postgres; else a directory has to say who they are. */
  readonly hasAccount: boolean;
  readonly affiliation: string | null;
  readonly addresses: readonly string[];
  readonly passwordNo: string | null;
  readonly hash: string | null;
};

/**
 * Signs in with app passwords, by login or by one of the person's addresses. Who has no account is a person of a directory: what they may
 * send as is asked there each time, and with who left it the password is dead. The same questions and one argon2 check, whether the login
 * exists, has one device or twenty: neither words nor time tell.
 */
export const appPasswords = (db: Queryable, directories: readonly Pick<PeopleDirectory, "person">[]): Authenticator => ({
  async authenticate(login, password) {
    try {
      const typed = login.toLowerCase();
      const selector = selectorOf(password);
      const row = await findPassword(db, typed, selector);
      const person = row.hasAccount ? found(personOf(row)) : await personIn(directories, typed);
      const { passwordNo, hash } = row.hasAccount
        ? row
        : await findPassword(db, person.kind === "found" ? person.value.login : typed, selector);
      if (!(await isPassword(hash, password))) return person.kind === "unavailable" ? person : absent;
      if (person.kind === "found") await markUsed(db, passwordNo);
      return person;
    } catch (cause) {
      return unavailable(cause);
    }
  },
});

/** Two hashes under one selector are a chance in a million; the newer one counts. */
async function findPassword(db: Queryable, login: string, selector: string): Promise<Row> {
  const { rows } = await db.query<Row>({
    name: "find_app_password",
    text: `
      select who.login, a.login is not null as "hasAccount", a.affiliation, p.password_no::text as "passwordNo", p.hash,
             array(select address from account_addresses o where o.login = a.login order by address) as addresses
        from (select coalesce((select login from accounts where login = $1), (select login from account_addresses where address = $1), $1) as login) who
        left join accounts a on a.login = who.login
        left join lateral (select password_no, hash from app_passwords p where p.login = who.login and p.selector = $2 and p.revoked_at is null
                            order by password_no desc limit 1) p on true`,
    values: [login, selector],
  });
  const [row] = rows;
  if (row === undefined) throw new Error("no row of a select that always gives one");
  return row;
}

/** Once a minute is often enough, and spares a write for each message of a program that signs in each time. */
const markUsed = (db: Queryable, passwordNo: string | null): Promise<unknown> =>
  db.query({
    text: `update app_passwords set last_used_at = now()
            where password_no = $1::bigint and (last_used_at is null or last_used_at < now() - interval '1 minute')`,
    values: [passwordNo],
  });

/** A stored address that is none (somebody wrote the row by hand) gives no right. */
const personOf = ({ login, affiliation, addresses }: Row): Person => ({ login, affiliation, addresses: mailboxes(addresses) });

/** Stored keys as mailboxes; what is none is left out. */
const mailboxes = (keys: readonly string[]): Mailbox[] =>
  keys.flatMap((key) => {
    const read = mailboxOfKey(key);
    return read.ok ? [read.mailbox] : [];
  });
