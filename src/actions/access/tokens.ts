/** Tokens of programs: made, listed and revoked. The token itself is shown once; the database has its hash. */
import { randomBytes } from "node:crypto";
import type { Db, Queryable } from "../../db/client.ts";
import { parseNetworks } from "../../sending/networks.ts";
import { iso } from "../accounts.ts";
import { domainOf, expiryOf, quoted } from "../address.ts";
import { type Author, type Changed, changing, recordChange } from "../change.ts";
import { Refusal } from "../refusal.ts";
import { secretHash } from "./secret-hash.ts";
import { principalOf } from "./users.ts";

/** A token without the token. `domain` null: wherever its owner may. `networks` empty: from anywhere. */
export type TokenView = {
  readonly id: number;
  readonly name: string;
  readonly principal: string;
  readonly scopes: readonly string[];
  readonly domain: string | null;
  readonly networks: readonly string[];
  readonly made_at: string;
  readonly last_used_at: string | null;
  readonly ends_at: string;
  readonly revoked_at: string | null;
};

/** What a token is made with. `owner`: whom it acts for. `ends`: a date or moment within a year. */
export type TokenInput = {
  readonly name: string;
  readonly owner: string;
  readonly scopes: readonly string[];
  readonly domain?: string | null | undefined;
  readonly networks?: readonly string[] | undefined;
  readonly ends: string;
};

const LONGEST_DAYS = 366;
const TOKENS_EACH = 100;
const DAY_MS = 24 * 3_600_000;

/** Makes a token. `token`, `mrt_` and 256 bits of chance, is in this answer alone; secret scanners know tokens by the prefix. */
export const createToken = (db: Db, author: Author, input: TokenInput): Promise<Changed<TokenView> & { readonly token: string }> =>
  changing(db, async (tx) => {
    const principal = principalOf(input.owner);
    const domain = await domainOfToken(tx, input.domain);
    const token = `mrt_${randomBytes(32).toString("base64url")}`;
    await refuseTooMany(tx, principal);
    const { rows } = await tx.query<TokenView>({
      text: `insert into panel_tokens (token_hash, name, principal, scopes, domain, networks, ends_at) values ($1, $2, $3, $4, $5, $6, $7) returning ${TOKEN}`,
      values: [
        secretHash(token),
        nameOf(input.name),
        principal,
        [...new Set(input.scopes)].sort(),
        domain,
        networksOf(input.networks ?? []),
        endOf(input.ends, new Date()),
      ],
    });
    const [after] = rows;
    if (after === undefined) throw new Error("an insert without a row");
    await recordChange(tx, author, { action: "token create", object: principal, before: null, after });
    return { changed: true, before: null, after, warnings: [], token };
  });

/** Tokens, those in use first; of one owner alone, or all with null. */
export async function listTokens(db: Queryable, owner: string | null): Promise<readonly TokenView[]> {
  const { rows } = await db.query<TokenView>({
    text: `select ${TOKEN} from panel_tokens where $1::text is null or principal = $1
            order by (revoked_at is null and ends_at > now()) desc, token_no desc limit 1000`,
    values: [owner],
  });
  return rows;
}

/** Ends a token, from the next request on; `owner` null: whoever has it. */
export const revokeToken = (db: Db, author: Author, id: number, owner: string | null): Promise<Changed<TokenView>> =>
  changing(db, async (tx) => {
    const before = await readToken(tx, id);
    if (before === null || (owner !== null && before.principal !== owner))
      throw new Refusal("notFound", `there is no token ${id} that you may see`, "To see them: mailroom token list");
    if (before.revoked_at !== null) return { changed: false, before, after: before, warnings: [] };
    await tx.query({ text: "update panel_tokens set revoked_at = now() where token_no = $1", values: [id] });
    const after = await readToken(tx, id);
    await recordChange(tx, author, { action: "token revoke", object: before.principal, before, after });
    return { changed: true, before, after, warnings: [] };
  });

const TOKEN = `token_no::integer as id, name, principal, scopes, domain, networks, ${iso("made_at")}, ${iso("last_used_at")}, ${iso("ends_at")}, ${iso("revoked_at")}`;

const readToken = async (tx: Queryable, id: number): Promise<TokenView | null> =>
  (await tx.query<TokenView>({ text: `select ${TOKEN} from panel_tokens where token_no = $1`, values: [id] })).rows[0] ?? null;

function nameOf(text: string): string {
  const name = text.trim();
  if (/^[^\p{C}\p{Zl}\p{Zp}]{1,100}$/u.test(name)) return name;
  throw new Refusal("badData", `${quoted(text)} cannot name a token`, "Write what it is for in one line, as in nightly export.");
}

function endOf(text: string, now: Date): Date {
  const end = expiryOf(text, now);
  if (end.getTime() - now.getTime() <= LONGEST_DAYS * DAY_MS) return end;
  throw new Refusal("badData", `${quoted(text)} is more than a year away`, "A token ends within a year; make a new one then.");
}

function networksOf(texts: readonly string[]): readonly string[] {
  for (const text of texts)
    try {
      parseNetworks([text]);
    } catch {
      throw new Refusal("badData", `${quoted(text)} is no network`, "Write 192.0.2.0/24, 2001:db8::/32 or a single address.");
    }
  return [...new Set(texts)];
}

async function domainOfToken(tx: Queryable, text: string | null | undefined): Promise<string | null> {
  if (text == null) return null;
  const domain = domainOf(text);
  const { rows } = await tx.query({ text: "select from domains where domain = $1", values: [domain] });
  if (rows.length > 0) return domain;
  throw new Refusal("notFound", `there is no domain ${domain} in which you may do anything`, "Choose one of yours.");
}

async function refuseTooMany(tx: Queryable, principal: string): Promise<void> {
  const { rows } = await tx.query<{ n: number }>({
    text: "select count(*)::int as n from panel_tokens where principal = $1 and revoked_at is null and ends_at > now()",
    values: [principal],
  });
  if ((rows[0]?.n ?? 0) >= TOKENS_EACH)
    throw new Refusal("refused", `${principal} has ${TOKENS_EACH} tokens in use`, "Revoke those that nobody uses.");
}
