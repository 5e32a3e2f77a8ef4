import type { Db, Queryable } from "../db/client.ts";
import { loginOf } from "./accounts.ts";
import { expiryOf, sendersAddress } from "./address.ts";
import { type Author, type Changed, changing, recordChange } from "./change.ts";
import { Refusal } from "./refusal.ts";

/** Somebody may send as an address that is not their own, until then. */
export type GrantView = { readonly login: string; readonly address: string; readonly ends_at: string };

/** Lets a person send as an address, or moves the end. `login` may be of an account or of a directory's person, so it is not looked up. */
export const grantSendAs = (
  db: Db,
  author: Author,
  input: { readonly login: string; readonly address: string; readonly until: string },
): Promise<Changed<GrantView>> =>
  changing(db, async (tx) => {
    const login = loginOf(input.login);
    const address = sendersAddress(input.address).key;
    const ends = expiryOf(input.until, new Date());
    const before = await readGrant(tx, login, address);
    const after = { login, address, ends_at: ends.toISOString() };
    if (before?.ends_at === after.ends_at) return { changed: false, before, after, warnings: [] };
    await tx.query({
      text: `insert into send_as_grants (login, address, ends_at) values ($1, $2, $3)
             on conflict (login, address) do update set ends_at = excluded.ends_at, granted_at = now()`,
      values: [login, address, ends],
    });
    await recordChange(tx, author, { action: "send-as grant", object: address, before, after });
    return { changed: true, before, after, warnings: [] };
  });

/** Takes a grant back, from the next MAIL on. */
export const revokeSendAs = (db: Db, author: Author, name: string, text: string): Promise<GrantView> =>
  changing(db, async (tx) => {
    const [login, address] = [loginOf(name), sendersAddress(text).key];
    const before = await readGrant(tx, login, address);
    if (!before) throw new Refusal("notFound", `${login} has no grant for ${address}`, "To see them: mailroom send-as list");
    await tx.query({ text: "delete from send_as_grants where login = $1 and address = $2", values: [login, address] });
    await recordChange(tx, author, { action: "send-as revoke", object: address, before, after: null });
    return before;
  });

/** Grants by address and login, ended ones too; of one person, or of all. */
export async function listSendAs(db: Queryable, login: string | null): Promise<readonly GrantView[]> {
  const { rows } = await db.query<{ login: string; address: string; ends_at: Date }>({
    text: "select login, address, ends_at from send_as_grants where $1::text is null or login = $1 order by address, login",
    values: [login === null ? null : loginOf(login)],
  });
  return rows.map((row) => ({ ...row, ends_at: row.ends_at.toISOString() }));
}

async function readGrant(tx: Queryable, login: string, address: string): Promise<GrantView | null> {
  const { rows } = await tx.query<{ ends_at: Date }>({
    text: "select ends_at from send_as_grants where login = $1 and address = $2",
    values: [login, address],
  });
  return rows[0] ? { login, address, ends_at: rows[0].ends_at.toISOString() } : null;
}
