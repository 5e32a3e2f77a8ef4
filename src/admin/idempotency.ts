/**
 * `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): a write that is sent twice because its answer got lost is made once, on
 * whatever node, and answered twice. Kept for a day.
 */
import { createHash } from "node:crypto";
import type { Context } from "hono";
import { secretHash } from "../actions/access/secret-hash.ts";
import type { Db } from "../db/client.ts";
import { type AdminDeps, type PanelEnv, panel } from "./context.ts";
import { Problem } from "./problem.ts";

const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);
/** Of an answer, what a program needs besides its body. */
const KEPT_HEADERS = ["content-type", "etag", "location"] as const;
/** A larger answer is not kept. */
const LONGEST_BODY = 1024 * 1024;
/** Nothing was begun, or it may be otherwise in a moment: the next try is a new one. */
const NOT_KEPT = new Set([401, 403, 429]);
/** A request under way for so long has lost its node: what it did is not known, and its next try is made. No statement takes as long. */
const LOST = "interval '5 minutes'";

type Key = { readonly principal: string; readonly key: string; readonly hash: Buffer };
type Row = {
  readonly is_same: boolean;
  readonly status: number | null;
  readonly headers: Record<string, string> | null;
  readonly body: string | null;
};

/** Behind identify(): keys are those of one person, or of one token. Nothing is kept for who is not signed in, so not for signing in either. */
export function answerOnce({ db }: Pick<AdminDeps, "db">) {
  return panel.createMiddleware(async (c, next) => {
    const key = SAFE.has(c.req.method) ? null : await keyOf(c);
    if (key === null) return next();
    if (!(await begin(db, key))) return repeated(await kept(db, key));
    try {
      await next();
      await keep(db, key, c);
    } catch (error) {
      await forget(db, key);
      throw error;
    }
    return undefined;
  });
}

async function keyOf(c: Context<PanelEnv>): Promise<Key | null> {
  const [key, principal] = [c.req.header("idempotency-key"), c.get("principal")];
  if (key === undefined || principal === null) return null;
  if (!/^[\x21-\x7e]{1,200}$/.test(key))
    throw new Problem("validation", "Idempotency-Key takes 1 to 200 characters of ASCII without blanks.");
  const token = principal.token === null ? "" : ` ${secretHash(c.req.header("authorization") ?? "").toString("base64url")}`;
  const { pathname, search } = new URL(c.req.url);
  const version = c.req.header("if-match") ?? "";
  const hash = createHash("sha256")
    .update(JSON.stringify([c.req.method, pathname, search, version, await c.req.text()]))
    .digest();
  return { principal: `${principal.id}${token}`, key, hash };
}

/** True: this request is the one that runs; of several at once, one. */
async function begin(db: Db, { principal, key, hash }: Key): Promise<boolean> {
  const { rowCount } = await db.query({
    text: `insert into panel_requests as r (principal, request_key, request_hash) values ($1, $2, $3)
           on conflict (principal, request_key) do update set made_at = now()
            where r.status is null and r.request_hash = excluded.request_hash and r.made_at < now() - ${LOST}`,
    values: [principal, key, hash],
  });
  return rowCount === 1;
}

async function kept(db: Db, { principal, key, hash }: Key): Promise<Row | undefined> {
  const { rows } = await db.query<Row>({
    text: "select request_hash = $3 as is_same, status, headers, body from panel_requests where principal = $1 and request_key = $2",
    values: [principal, key, hash],
  });
  return rows[0];
}

function repeated(row: Row | undefined): Response {
  if (row?.is_same === false)
    throw new Problem("key-reused", "This Idempotency-Key was used for another request.", { hint: "Take a new key for each request." });
  if (row === undefined || row.status === null)
    throw new Problem("in-progress", "The same request is being answered now.", { headers: { "retry-after": "1" } });
  const bodiless = row.status === 204 || row.status === 304;
  return new Response(bodiless ? null : row.body, { status: row.status, headers: { ...row.headers, "idempotency-replayed": "true" } });
}

/** The answer for the next time. Not of our own faults, which the next try may not meet, and none with a secret in it. */
async function keep(db: Db, key: Key, c: Context<PanelEnv>): Promise<void> {
  const { status } = c.res;
  const body = status >= 500 || NOT_KEPT.has(status) || c.get("holdsSecret") === true ? null : await c.res.clone().text();
  if (body === null || body.length > LONGEST_BODY) return forget(db, key);
  const headers = Object.fromEntries(
    KEPT_HEADERS.flatMap((name) => [[name, c.res.headers.get(name)]]).filter(([, value]) => value !== null),
  );
  await db.query({
    text: "update panel_requests set status = $3, headers = $4, body = $5 where principal = $1 and request_key = $2",
    values: [key.principal, key.key, status, JSON.stringify(headers), body],
  });
}

const forget = async (db: Db, { principal, key }: Key): Promise<void> => {
  await db.query({ text: "delete from panel_requests where principal = $1 and request_key = $2", values: [principal, key] });
};
