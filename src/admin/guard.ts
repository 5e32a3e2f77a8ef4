/** Who asks, from where, and whether they may: what every request passes before its route. */
import type { Context, MiddlewareHandler } from "hono";
import { getCookie } from "hono/cookie";
import { type Action, type Principal, scopeOf } from "./access/policy.ts";
import { sessionPrincipal } from "./access/sessions.ts";
import { tokenPrincipal } from "./access/tokens.ts";
import { type AdminDeps, type PanelEnv, panel } from "./context.ts";
import { Problem } from "./problem.ts";

/** On a handler: the action it stands for, or "everybody". Every route of the API has one; a test walks through all of them. */
const POLICY = Symbol("policy");
type Policy = Action | "everybody";

const tagged = (handler: MiddlewareHandler<PanelEnv>, policy: Policy) => Object.assign(handler, { [POLICY]: policy });

/** The policy a handler states; undefined: none. */
export const policyOf = (handler: unknown): Policy | undefined => (handler as { [POLICY]?: Policy })[POLICY];

/** Lets those pass who may do this, and tells the route how far. 401: nobody is signed in; 403: it is nothing for them. */
export const may = (action: Action) =>
  tagged(
    panel.createMiddleware(async (c, next) => {
      const principal = c.get("principal");
      if (principal === null) throw new Problem("not-signed-in", "Sign in first.", { headers: { "www-authenticate": "Bearer" } });
      const scope = scopeOf(principal, action);
      if (scope === null)
        throw new Problem("not-allowed", "Your roles do not let you do this.", {
          hint: "Somebody who runs this server can give you a role.",
        });
      c.set("scope", scope);
      await next();
    }),
    action,
  );

/** Behind may(): what only people do who signed in themselves. A token that leaked must not make itself a longer life, nor a password. */
export const noTokens = panel.createMiddleware(async (c, next) => {
  if (c.get("principal")?.token != null)
    throw new Problem("not-allowed", "A token cannot do this.", { hint: "Sign in to the panel, or use the command line on the server." });
  await next();
});

/** For routes that are open to the world. */
export const everybody = tagged(
  panel.createMiddleware((_, next) => next()),
  "everybody",
);

/**
 * The cookie's name. The prefix makes browsers keep it to this host, over TLS, for all paths (RFC 6265bis §4.1.3.2). On loopback without TLS
 * there is none: Safari refuses Secure there.
 */
export const cookieName = ({ publicUrl }: Pick<AdminDeps, "publicUrl">): string =>
  publicUrl?.startsWith("https:") ? "__Host-mailroom" : "mailroom";

/** Of every cookie of ours: no script reads it, and other sites send it only when somebody follows a link. */
export const cookieOptions = ({ publicUrl }: Pick<AdminDeps, "publicUrl">) =>
  ({ path: "/", httpOnly: true, sameSite: "Lax", secure: publicUrl?.startsWith("https:") === true }) as const;

/** Finds out who asks: by a token of theirs, else by the cookie of a session. */
export function identify(deps: AdminDeps) {
  return panel.createMiddleware(async (c, next) => {
    c.set("principal", await identified(c, deps));
    await next();
  });
}

/** True: who asked may still do this, as far as then. A stream asks now and then; it keeps no session alive by that. */
export async function stillThere(c: Context<PanelEnv>, deps: AdminDeps, action: Action): Promise<boolean> {
  const now = await identified(c, deps, false);
  return now !== null && JSON.stringify(scopeOf(now, action)) === JSON.stringify(c.get("scope"));
}

async function identified(c: Context<PanelEnv>, deps: AdminDeps, isUse = true): Promise<Principal | null> {
  const bearer = /^Bearer (mrt_[\w-]{43})$/.exec(c.req.header("authorization") ?? "")?.[1];
  if (bearer !== undefined) return tokenPrincipal(deps.db, bearer, c.get("clientAddress"));
  if (c.req.header("authorization") !== undefined) return null;
  const cookie = getCookie(c, cookieName(deps));
  return cookie === undefined || cookie.length > 100 ? null : sessionPrincipal(deps.db, cookie, isUse);
}

const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * Writes come from our own pages or from a program with a token: Origin is ours, and a body is JSON, which no form of another site can send
 * without asking first (the Fetch standard, CORS). A token is no cookie: no other site can send it.
 */
export function ownPagesOnly({ publicUrl }: Pick<AdminDeps, "publicUrl">) {
  return panel.createMiddleware(async (c, next) => {
    if (!SAFE.has(c.req.method)) {
      if (c.req.header("authorization") === undefined && !isOurs(c, publicUrl))
        throw new Problem("bad-origin", "Changes are taken from the panel's own pages alone.", {
          hint: publicUrl === null ? "Open the panel by its own address." : `Open the panel at ${publicUrl}.`,
        });
      const type = c.req.header("content-type")?.split(";")[0]?.trim().toLowerCase();
      const hasBody = bringsBody(c);
      if (hasBody && type !== "application/json") throw new Problem("not-json", "Send the body as application/json.");
    }
    await next();
  });
}

/** RFC 9112 §6: a length or a transfer coding announces it; a browser's DELETE has neither. A type without them is taken for one. */
function bringsBody(c: Context<PanelEnv>): boolean {
  const length = c.req.header("content-length");
  if (length !== undefined) return length !== "0";
  return c.req.header("transfer-encoding") !== undefined || c.req.header("content-type") !== undefined;
}

/** Without a public address the panel is reached on this machine, by a name of loopback: another name that leads here is a trick (DNS rebinding). */
function isOurs(c: Context<PanelEnv>, publicUrl: string | null): boolean {
  const origin = c.req.header("origin");
  if (origin === undefined) return false;
  if (publicUrl !== null && origin === new URL(publicUrl).origin) return true;
  const host = c.req.header("host") ?? "";
  return origin === `http://${host}` && /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/.test(host) && publicUrl === null;
}
