import type { Queryable } from "../../db/client.ts";
import { absent, found, type Lookup, unavailable } from "../../mail/lookup.ts";
import type { Person } from "../../mail/person.ts";
import { isHashOf } from "../../sending/argon2.ts";
import { stepOfCode } from "../../sending/totp.ts";

type Row = { readonly hash: string; readonly totp_secret: Buffer | null };

/**
 * Signs in with the panel's local accounts: one question and one argon2 check, whether the login exists or not. An account with a second
 * factor (RFC 6238) needs its code too; `missing` is called when the password was right and the code alone was not given.
 */
export async function signInLocally(
  db: Queryable,
  login: string,
  password: string,
  code: string | undefined,
  missing: () => void,
): Promise<Lookup<Person>> {
  try {
    const name = login.toLowerCase();
    const { rows } = await db.query<Row>({ text: "select hash, totp_secret from panel_users where login = $1", values: [name] });
    const [row] = rows;
    if (!(await isHashOf(row?.hash ?? null, password)) || row === undefined) return absent;
    if (row.totp_secret !== null && code === undefined) missing();
    if (row.totp_secret !== null && !(await takesCode(db, name, row.totp_secret, code ?? ""))) return absent;
    return found({ login: `local:${name}`, addresses: [], affiliation: null });
  } catch (cause) {
    return unavailable(cause);
  }
}

/** RFC 6238 §5.2: no code is taken twice, on whatever node. */
async function takesCode(db: Queryable, login: string, secret: Buffer, code: string): Promise<boolean> {
  const step = stepOfCode(secret, code, Date.now());
  if (step === null) return false;
  const { rowCount } = await db.query({
    text: "update panel_users set totp_step = $2 where login = $1 and (totp_step is null or totp_step < $2)",
    values: [login, step],
  });
  return rowCount === 1;
}
