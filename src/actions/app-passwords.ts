import type { Db, Queryable } from "../db/client.ts";
import type { PeopleDirectory } from "../mail/person.ts";
import { personIn } from "../sending/authenticators.ts";
import { newPassword } from "../sending/password.ts";
import { accountOf, iso, loginOf, readAccount } from "./accounts.ts";
import { quoted } from "./address.ts";
import { type Author, changing, recordChange } from "./change.ts";
import { Refusal } from "./refusal.ts";

/** One device's password, without the password. */
export type AppPasswordView = {
  readonly id: number;
  readonly login: string;
  readonly device: string;
  readonly created_at: string;
  readonly last_used_at: string | null;
  readonly revoked_at: string | null;
};

/** What the LDAP sources of this process say of a login. */
export type Directories = readonly Pick<PeopleDirectory, "person">[];

/** Makes a password for one device of a person with an account, or of a directory. `password` is shown now and never again: the database has its hash alone. `most`: so many may be in use. */
export async function createAppPassword(
  db: Db,
  author: Author,
  directories: Directories,
  name: string,
  device: string,
  most = Number.POSITIVE_INFINITY,
): Promise<AppPasswordView & { readonly password: string }> {
  if (!/^[^\p{C}]{1,100}$/u.test(device) || device.trim() === "")
    throw new Refusal("badData", `${quoted(device)} cannot name a device`, "Write what the owner will know it by, as in phone.");
  const login = await knownLogin(db, directories, loginOf(name));
  const made = await newPassword(); // before the lock: it takes its time
  return changing(db, async (tx) => {
    const used = await tx.query({ text: "select from app_passwords where login = $1 and revoked_at is null", values: [login] });
    if (used.rowCount >= most) throw new Refusal("refused", `${login} has ${most} passwords already`, "Remove one that is not used.");
    const { rows } = await tx.query<AppPasswordView>({
      text: `insert into app_passwords (login, device, selector, hash) values ($1, $2, $3, $4) returning ${PASSWORD}`,
      values: [login, device, made.selector, made.hash],
    });
    const [view] = rows;
    if (view === undefined) throw new Error("an insert without a row");
    await recordChange(tx, author, { action: "app-password create", object: login, before: null, after: { id: view.id, device } });
    return { ...view, password: made.shown };
  });
}

/** The login of an account, or of a person of a directory, who may be named by an address. */
async function knownLogin(db: Queryable, directories: Directories, login: string): Promise<string> {
  const person = (await readAccount(db, login)) ? null : await personIn(directories, login);
  if (person?.kind === "unavailable")
    throw new Refusal("unreachable", `whether ${login} exists is not known: ${person.cause.message}`, "See: mailroom ldap test");
  return person?.kind === "found" ? person.value.login : (await accountOf(db, login)).login;
}

/** The passwords of one person, revoked ones too, oldest first. */
export async function listAppPasswords(db: Db, name: string): Promise<readonly AppPasswordView[]> {
  const { rows } = await db.query<AppPasswordView>({
    text: `select ${PASSWORD} from app_passwords where login = $1 order by password_no`,
    values: [loginOf(name)],
  });
  return rows;
}

/** Ends a password, from the next sign-in on. */
export const revokeAppPassword = (db: Db, author: Author, id: number): Promise<AppPasswordView> =>
  changing(db, async (tx) => {
    const { rows } = await tx.query<AppPasswordView>({
      text: `update app_passwords set revoked_at = now() where password_no = $1 and revoked_at is null returning ${PASSWORD}`,
      values: [id],
    });
    const [view] = rows;
    if (view === undefined)
      throw new Refusal("notFound", `there is no app password ${id} in use`, "To see them: mailroom app-password list LOGIN");
    await recordChange(tx, author, { action: "app-password revoke", object: view.login, before: { id, device: view.device }, after: null });
    return view;
  });

const PASSWORD = `password_no::integer as id, login, device, ${iso("created_at")}, ${iso("last_used_at")}, ${iso("revoked_at")}`;
