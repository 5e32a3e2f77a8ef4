/** The second factor of local accounts: shown, kept once a code of it was right, and taken away. */
import type { Db, Queryable } from "../../db/client.ts";
import { newTotpSecret, stepOfCode, totpSetUp } from "../../sending/totp.ts";
import { type Author, type Changed, changing, recordChange } from "../change.ts";
import { Refusal } from "../refusal.ts";
import { localLogin, noAccount, type UserView } from "./users.ts";

type Row = { readonly totp_secret: Buffer | null; readonly totp_pending: Buffer | null };

/** A secret for an app. It counts for nothing until confirmTotp; the next one takes its place. */
export const beginTotp = (db: Db, login: string, issuer: string): Promise<{ readonly secret: string; readonly uri: string }> =>
  changing(db, async (tx) => {
    const { totp_secret } = await factorsOf(tx, login);
    if (totp_secret !== null)
      throw new Refusal("refused", `${login} has a second factor already`, "Remove it first: that needs the password and a code of it.");
    const secret = newTotpSecret();
    await tx.query({ text: "update panel_users set totp_pending = $2 where login = $1", values: [login, secret] });
    return totpSetUp(secret, issuer, login);
  });

/** Keeps the secret shown last if the code is one of it. Other sessions end: they came without it. `keep`: the hash of the one that asks. */
export const confirmTotp = (db: Db, author: Author, login: string, code: string, keep: Buffer): Promise<Changed<UserView>> =>
  changing(db, async (tx) => {
    const { totp_pending } = await factorsOf(tx, login);
    if (totp_pending === null)
      throw new Refusal("refused", "no second factor is being set up", "Begin again, and type the code your app shows.");
    const step = stepOfCode(totp_pending, code, Date.now());
    if (step === null)
      throw new Refusal("refused", "the code is not right", "Type the one your app shows now. Is the clock of the device right?");
    await tx.query({
      text: "update panel_users set totp_secret = totp_pending, totp_pending = null, totp_step = $2, changed_at = now() where login = $1",
      values: [login, step],
    });
    await tx.query({
      text: "delete from panel_sessions where principal = $1 and token_hash <> $2",
      values: [`local:${login}`, keep],
    });
    return record(tx, author, "totp set", login);
  });

/** Takes the second factor away, with what is being set up. Who may ask for it is the caller's to know. */
export const removeTotp = (db: Db, author: Author, name: string): Promise<Changed<UserView>> =>
  changing(db, async (tx) => {
    const login = localLogin(name);
    const { totp_secret } = await factorsOf(tx, login);
    await tx.query({
      text: "update panel_users set totp_secret = null, totp_pending = null, totp_step = null, changed_at = now() where login = $1",
      values: [login],
    });
    if (totp_secret !== null) return record(tx, author, "totp remove", login);
    const view = { login, has_totp: false };
    return { changed: false, before: view, after: view, warnings: [] };
  });

async function factorsOf(tx: Queryable, login: string): Promise<Row> {
  const { rows } = await tx.query<Row>({
    text: "select totp_secret, totp_pending from panel_users where login = $1 for update",
    values: [login],
  });
  if (rows[0] === undefined) throw noAccount(login);
  return rows[0];
}

async function record(tx: Queryable, author: Author, action: "totp set" | "totp remove", login: string): Promise<Changed<UserView>> {
  const after = { login, has_totp: action === "totp set" };
  const before = { login, has_totp: !after.has_totp };
  await recordChange(tx, author, { action, object: `local:${login}`, before, after });
  return { changed: true, before, after, warnings: [] };
}
