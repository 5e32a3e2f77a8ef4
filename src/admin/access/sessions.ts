/** Sessions of the panel: rows in Postgres, dead at once when they are deleted. The cookie is chance alone; the database has its hash. */
import { randomBytes } from "node:crypto";
import { secretHash } from "../../actions/access/secret-hash.ts";
import type { Queryable } from "../../db/client.ts";
import type { Person } from "../../mail/person.ts";
import type { Grant, Principal } from "./policy.ts";

/** A session ends after so long without a request, and after so long in any case. */
const IDLE = "interval '12 hours'";
const LONGEST = "interval '7 days'";

/** Opens a session with a new token: 256 bits, so that it cannot be guessed, and none that was there before sign-in goes on. */
export async function openSession(db: Queryable, { login, addresses }: Person, clientAddress: string): Promise<string> {
  const token = randomBytes(32).toString("base64url");
  await db.query({
    text: `insert into panel_sessions (token_hash, principal, addresses, client_address, ends_at) values ($1, $2, $3, $4, now() + ${LONGEST})`,
    values: [secretHash(token), login, addresses.map(({ key }) => key), clientAddress],
  });
  return token;
}

export const closeSession = (db: Queryable, token: string): Promise<unknown> =>
  db.query({ text: "delete from panel_sessions where token_hash = $1", values: [secretHash(token)] });

/** The grants of `principal` (an SQL expression) that count now. */
export const GRANTS_OF = (principal: string): string =>
  `(select coalesce(json_agg(json_build_object('role', role, 'domain', domain)), '[]') from panel_grants g
     where g.principal = ${principal} and (ends_at is null or ends_at > now())) as grants`;

/**
 * Who has this cookie, with what they may now: a role taken back counts from the next request on. Null: nobody. `isUse`: it is a request of
 * theirs, which the session lives on by.
 */
export async function sessionPrincipal(db: Queryable, token: string, isUse = true): Promise<Principal | null> {
  const { rows } = await db.query<{ principal: string; addresses: string[]; grants: Grant[]; is_old: boolean }>({
    name: "panel_session",
    text: `select principal, addresses, ${GRANTS_OF("s.principal")}, seen_at < now() - interval '1 minute' as is_old
             from panel_sessions s where token_hash = $1 and ends_at > now() and seen_at > now() - ${IDLE}`,
    values: [secretHash(token)],
  });
  const [row] = rows;
  if (row === undefined) return null;
  // Once a minute is often enough: a page asks several questions at once, and they need not wait for each other's row.
  if (row.is_old && isUse)
    await db.query({ text: "update panel_sessions set seen_at = now() where token_hash = $1", values: [secretHash(token)] });
  return { id: row.principal, addresses: row.addresses, grants: row.grants, token: null };
}

/** Removes sessions that nobody can use any more, sign-ins nobody came back from, and answers kept for repeated requests. */
export async function forgetSessions(db: Queryable): Promise<void> {
  await db.query({ text: `delete from panel_sessions where ends_at < now() or seen_at < now() - ${IDLE}` });
  await db.query({ text: "delete from panel_sign_ins where ends_at < now()" });
  await db.query({ text: "delete from panel_requests where made_at < now() - interval '1 day'" });
}
