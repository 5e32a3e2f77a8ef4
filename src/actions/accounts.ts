import type { Db, Queryable } from "../db/client.ts";
import { quoted, sendersAddress } from "./address.ts";
import { type Author, type Changed, changing, recordChange } from "./change.ts";
import { Refusal } from "./refusal.ts";

/** A person who signs in with app passwords. */
export type AccountView = {
  readonly login: string;
  readonly affiliation: string | null;
  readonly addresses: readonly string[];
  readonly stopped_at: string | null;
};

/** `affiliation`, undefined: as it is. */
export type AccountInput = { readonly login: string; readonly addresses: readonly string[]; readonly affiliation?: string | null };

const LOGIN = /^[a-z0-9][a-z0-9._@+-]{0,254}$/;
const WORD = /^[a-z][a-z0-9_-]{0,63}$/;

/** A login in its one form. */
export function loginOf(text: string): string {
  const login = text.toLowerCase();
  if (LOGIN.test(login)) return login;
  throw new Refusal("badData", `${quoted(text)} is no login`, "Use letters, digits and . _ @ + - only, as in ann or ann@campus.example.");
}

/** Makes an account, or gives the one that exists these addresses and affiliation. An address belongs to one person. */
export const setAccount = (db: Db, author: Author, input: AccountInput): Promise<Changed<AccountView>> =>
  changing(db, async (tx) => {
    const login = loginOf(input.login);
    const before = await readAccount(tx, login);
    const affiliation = input.affiliation === undefined ? (before?.affiliation ?? null) : affiliationOf(input.affiliation);
    const addresses = await ownAddresses(tx, login, input.addresses);
    const after = { login, affiliation, addresses, stopped_at: before?.stopped_at ?? null };
    if (JSON.stringify(before) === JSON.stringify(after)) return { changed: false, before, after, warnings: [] };
    await tx.query({
      text: `insert into accounts (login, affiliation) values ($1, $2) on conflict (login) do update set affiliation = excluded.affiliation`,
      values: [login, affiliation],
    });
    await tx.query({ text: "delete from account_addresses where login = $1 and address <> all($2)", values: [login, addresses] });
    await tx.query({
      text: "insert into account_addresses (address, login) select address, $1 from unnest($2::text[]) as t(address) on conflict do nothing",
      values: [login, addresses],
    });
    await recordChange(tx, author, { action: `account ${before ? "change" : "create"}`, object: login, before, after });
    return { changed: true, before, after, warnings: [] };
  });

/** Removes an account with its app passwords: nobody signs in with them any more. Grants go too, so that the next of that name has none. */
export const removeAccount = (db: Db, author: Author, name: string): Promise<AccountView> =>
  changing(db, async (tx) => {
    const login = loginOf(name);
    const before = await accountOf(tx, login);
    await tx.query({ text: "delete from send_as_grants where login = $1", values: [login] });
    await tx.query({ text: "delete from app_passwords where login = $1", values: [login] });
    await tx.query({ text: "delete from accounts where login = $1", values: [login] });
    await recordChange(tx, author, { action: "account remove", object: login, before, after: null });
    return before;
  });

/** All accounts by login, and whoever of a directory is stopped. */
export async function listAccounts(db: Queryable): Promise<readonly AccountView[]> {
  const { rows } = await db.query<AccountView>({ text: `${ACCOUNT} order by 1` });
  return rows;
}

/** Ends a stop: the person may send again. Their held mail stays held until it is released from the queue. Works for a directory's people too. */
export const resumeSender = (db: Db, author: Author, name: string): Promise<string> =>
  changing(db, async (tx) => {
    const login = name.toLowerCase();
    const { rows } = await tx.query<{ reason: string; stopped_at: Date }>({
      text: "delete from sending_stops where login = $1 returning reason, stopped_at",
      values: [login],
    });
    const [before] = rows;
    if (before === undefined) throw new Refusal("notFound", `${quoted(name)} is not stopped`, "Who is: mailroom account list");
    await tx.query({ text: "delete from sending_counts where login = $1", values: [login] }); // else the next recipient would stop them again
    await recordChange(tx, author, { action: "account resume", object: login, before, after: null });
    return login;
  });

/** A moment as ISO 8601 in UTC, under the column's own name. */
export const iso = (column: string): string =>
  `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as ${column.replace(/^.*\./, "")}`;
const ACCOUNT = `
  select coalesce(a.login, s.login) as login, a.affiliation, array(select address from account_addresses o where o.login = a.login order by address) as addresses,
         ${iso("s.stopped_at")}
    from accounts a full join sending_stops s on s.login = a.login`;

/** Null: there is none. */
export async function readAccount(tx: Queryable, login: string): Promise<AccountView | null> {
  const { rows } = await tx.query<AccountView>({ text: `${ACCOUNT} where a.login = $1`, values: [login] });
  return rows[0] ?? null;
}

/** Rejects with Refusal "notFound". */
export async function accountOf(tx: Queryable, login: string): Promise<AccountView> {
  const account = await readAccount(tx, login);
  if (account) return account;
  throw new Refusal(
    "notFound",
    `there is no account ${login}`,
    `Make one: mailroom account set ${login} --address ${login}@campus.example`,
  );
}

function affiliationOf(text: string | null): string | null {
  const word = text?.toLowerCase() ?? null;
  if (word === null || WORD.test(word)) return word;
  throw new Refusal("badData", `${quoted(text ?? "")} is no affiliation`, "One word, as in student or staff.");
}

async function ownAddresses(tx: Queryable, login: string, texts: readonly string[]): Promise<readonly string[]> {
  const addresses = [...new Set(texts.map((text) => sendersAddress(text).key))].sort();
  const { rows } = await tx.query<{ address: string; login: string }>({
    text: "select address, login from account_addresses where address = any($1) and login <> $2",
    values: [addresses, login],
  });
  const [taken] = rows;
  if (taken === undefined) return addresses;
  throw new Refusal(
    "refused",
    `${taken.address} belongs to ${taken.login}`,
    `To let both send from it: mailroom send-as grant ${login} ${taken.address} --until DATE`,
  );
}
