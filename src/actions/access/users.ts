/** People of the panel: local accounts, and roles that are given. */
import type { Db, Queryable } from "../../db/client.ts";
import { hashOf } from "../../sending/argon2.ts";
import { domainOf, expiryOf, quoted } from "../address.ts";
import { type Author, type Changed, changing, recordChange } from "../change.ts";
import { Refusal } from "../refusal.ts";
import type { GivenRole } from "./roles.ts";

/** A role somebody has. `domain` null: everywhere. */
export type GrantView = {
  readonly principal: string;
  readonly role: GivenRole;
  readonly domain: string | null;
  readonly ends_at: string | null;
  readonly granted_by: string;
};

/** A local account of the panel. */
export type UserView = { readonly login: string; readonly has_totp: boolean };

const LOGIN = /^[a-z0-9][a-z0-9._-]{0,62}$/;
/** What else a subject of an OpenID provider may hold is percent-encoded (admin/access/oidc.ts). */
const PRINCIPAL = /^(local|ldap|oidc):[\p{L}\p{N}._@:/#+|=~%-]{1,590}$/u;
/** Length is what counts, as NIST SP 800-63B says. */
const SHORTEST = 12;

/** A login of a local account in its one form. */
export function localLogin(text: string): string {
  const login = text.toLowerCase();
  if (LOGIN.test(login)) return login;
  throw new Refusal("badData", `${quoted(text)} is no login of a local account`, "Use letters, digits and . _ - only, as in admin.");
}

/** Who somebody is: `local:ann`, `ldap:ann`, `oidc:SUBJECT@ISSUER`; a name alone is a local account. */
export function principalOf(text: string): string {
  if (!text.includes(":")) return `local:${localLogin(text)}`;
  const colon = text.indexOf(":");
  const [source, name] = [text.slice(0, colon), text.slice(colon + 1)];
  const principal = source === "oidc" ? text : `${source}:${name.toLowerCase()}`;
  if (PRINCIPAL.test(principal)) return principal;
  throw new Refusal("badData", `${quoted(text)} names nobody`, "Write local:NAME, ldap:LOGIN or oidc:SUBJECT@ISSUER.");
}

/** Makes a local account. Refuses when there is one of this name. */
export const createUser = (db: Db, author: Author, name: string, password: string): Promise<Changed<UserView>> =>
  setUser(db, author, name, password, "only who is new");

/** Makes a local account, or gives the one that exists this password: its sessions end. */
export async function setUser(
  db: Db,
  author: Author,
  name: string,
  password: string,
  whom: "anybody" | "only who is new" | "only who is there" = "anybody",
): Promise<Changed<UserView>> {
  const login = localLogin(name);
  if (password.length < SHORTEST)
    throw new Refusal(
      "badData",
      `the password has less than ${SHORTEST} characters`,
      "Take a longer one: several words are easy to remember.",
    );
  const hash = await hashOf(password); // before the lock: it takes its time
  return changing(db, async (tx) => {
    const before = await readUser(tx, login);
    if (before !== null && whom === "only who is new")
      throw new Refusal("refused", `there is a local account ${login} already`, "Choose another name, or give that one a new password.");
    if (before === null && whom === "only who is there") throw noAccount(login);
    await tx.query({
      text: `insert into panel_users (login, hash) values ($1, $2) on conflict (login) do update set hash = excluded.hash, changed_at = now()`,
      values: [login, hash],
    });
    await endSessions(tx, `local:${login}`);
    const after = await readUser(tx, login);
    await recordChange(tx, author, { action: before ? "user password" : "user create", object: `local:${login}`, before, after });
    return { changed: true, before, after, warnings: [] };
  });
}

/** Removes a local account with its roles, sessions and tokens. Refuses when nobody would be left who may everything. */
export const removeUser = (db: Db, author: Author, name: string): Promise<UserView> =>
  changing(db, async (tx) => {
    const login = localLogin(name);
    const before = await readUser(tx, login);
    if (before === null) throw noAccount(login);
    const principal = `local:${login}`;
    await tx.query({ text: "delete from panel_grants where principal = $1", values: [principal] });
    await tx.query({ text: "delete from panel_users where login = $1", values: [login] });
    await tx.query({ text: "update panel_tokens set revoked_at = now() where principal = $1 and revoked_at is null", values: [principal] });
    await endSessions(tx, principal);
    await refuseNobodyLeft(tx);
    await recordChange(tx, author, { action: "user remove", object: principal, before, after: null });
    return before;
  });

/** There is no such local account. */
export const noAccount = (login: string): Refusal =>
  new Refusal("notFound", `there is no local account ${login}`, "To see who there is: mailroom user list");

/** What a role is given with: its domain, where it has one, and when it ends. */
export type GrantInput = {
  readonly role: GivenRole;
  readonly domain?: string | null | undefined;
  readonly ends?: string | null | undefined;
};

/** Gives somebody a role. Their sessions end: the next one has it. */
export const grantRole = (db: Db, author: Author, who: string, input: GrantInput): Promise<Changed<GrantView>> =>
  changing(db, async (tx) => {
    const principal = principalOf(who);
    const domain = await domainOfGrant(tx, input);
    const ends = typeof input.ends === "string" ? expiryOf(input.ends, new Date()) : null;
    const before = await readGrant(tx, principal, input.role, domain);
    if (before !== null && before.ends_at === (ends?.toISOString() ?? null)) return { changed: false, before, after: before, warnings: [] };
    await tx.query({
      text: `insert into panel_grants (principal, role, domain, ends_at, granted_by) values ($1, $2, $3, $4, $5)
             on conflict (principal, role, domain) do update set ends_at = excluded.ends_at, granted_by = excluded.granted_by, granted_at = now()`,
      values: [principal, input.role, domain, ends, author.actor],
    });
    await endSessions(tx, principal);
    const after = await readGrant(tx, principal, input.role, domain);
    await refuseNobodyLeft(tx);
    await recordChange(tx, author, { action: "role grant", object: principal, before, after });
    return { changed: true, before, after, warnings: await warningsAbout(tx, principal) };
  });

/** Takes a role back, at once. Refuses when nobody would be left who may everything. */
export const revokeRole = (db: Db, author: Author, who: string, role: GivenRole, domain: string | null): Promise<GrantView> =>
  changing(db, async (tx) => {
    const principal = principalOf(who);
    const before = await readGrant(tx, principal, role, domain === null ? null : domainOf(domain));
    if (before === null) throw new Refusal("notFound", `${principal} has no role ${role}${domain === null ? "" : ` in ${domain}`}`, null);
    await tx.query({
      text: "delete from panel_grants where principal = $1 and role = $2 and domain is not distinct from $3",
      values: [principal, role, before.domain],
    });
    await endSessions(tx, principal);
    await refuseNobodyLeft(tx);
    await recordChange(tx, author, { action: "role revoke", object: principal, before, after: null });
    return before;
  });

/** Everybody with a local account. */
export async function listUsers(db: Queryable): Promise<readonly UserView[]> {
  const { rows } = await db.query<UserView>({ text: `${USER} order by login` });
  return rows;
}

/** Roles given, by whom; of these domains alone, or all with null. */
export async function listGrants(db: Queryable, domains: readonly string[] | null = null): Promise<readonly GrantView[]> {
  const { rows } = await db.query<GrantView>({
    text: `${GRANT} where $1::text[] is null or domain = any($1) order by principal, role, domain`,
    values: [domains],
  });
  return rows;
}

const USER = "select login, totp_secret is not null as has_totp from panel_users";
const GRANT = `select principal, role, domain, to_char(ends_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as ends_at, granted_by from panel_grants`;

const readUser = async (tx: Queryable, login: string): Promise<UserView | null> =>
  (await tx.query<UserView>({ text: `${USER} where login = $1`, values: [login] })).rows[0] ?? null;

async function readGrant(tx: Queryable, principal: string, role: string, domain: string | null): Promise<GrantView | null> {
  const { rows } = await tx.query<GrantView>({
    text: `${GRANT} where principal = $1 and role = $2 and domain is not distinct from $3`,
    values: [principal, role, domain],
  });
  return rows[0] ?? null;
}

async function domainOfGrant(tx: Queryable, { role, domain }: GrantInput): Promise<string | null> {
  const everywhere = role === "superadmin" || role === "auditor";
  if (everywhere && domain != null) throw new Refusal("badData", `a ${role} is one everywhere`, "Leave the domain out.");
  if (everywhere) return null;
  if (domain == null) throw new Refusal("badData", `a ${role} needs a domain`, "Name it: --domain cs.campus.example");
  const name = domainOf(domain);
  const { rows } = await tx.query({ text: "select from domains where domain = $1", values: [name] });
  if (rows.length === 0)
    throw new Refusal("refused", `${name} is not one of our domains`, `Make it ours first: mailroom domain add ${name}`);
  return name;
}

const endSessions = (tx: Queryable, principal: string): Promise<unknown> =>
  tx.query({ text: "delete from panel_sessions where principal = $1", values: [principal] });

/** Once somebody may everything, somebody always may: a superadmin without an end who can sign in though every directory is down. */
async function refuseNobodyLeft(tx: Queryable): Promise<void> {
  const { rows } = await tx.query<{ left: boolean; ever: boolean }>({
    text: `select exists (select from panel_grants g where role = 'superadmin' and ends_at is null
                            and (principal not like 'local:%' or exists (select from panel_users u where 'local:' || u.login = g.principal))) as left,
                  exists (select from panel_grants) as ever`,
  });
  const [row] = rows;
  if (row?.left || !row?.ever) return;
  throw new Refusal("refused", "nobody would be left who may everything", "Make somebody else a superadmin first, without an end date.");
}

async function warningsAbout(tx: Queryable, principal: string): Promise<readonly string[]> {
  if (!principal.startsWith("local:")) return [];
  const { rows } = await tx.query({ text: "select from panel_users where login = $1", values: [principal.slice("local:".length)] });
  return rows.length > 0
    ? []
    : [`${principal} has no password yet: mailroom user add ${principal.slice(6)} --role ROLE --password-file FILE`];
}
