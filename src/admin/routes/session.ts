/** Signing in and out. */
import { deleteCookie, setCookie } from "hono/cookie";
import { z } from "zod";
import { type Principal, reachOf } from "../access/policy.ts";
import { closeSession, sessionPrincipal } from "../access/sessions.ts";
import { sessionFor, whoTyped } from "../access/sign-in.ts";
import { type AdminDeps, panel, principalOf } from "../context.ts";
import { cookieName, cookieOptions, everybody, may } from "../guard.ts";
import { input } from "../input.ts";

const credentials = z.strictObject({
  login: z.string().min(1).max(255),
  password: z.string().min(1).max(1000),
  /** Six digits, of accounts with a second factor. */
  code: z.string().max(20).optional(),
});

export function sessionRoutes(deps: AdminDeps) {
  return panel
    .createApp()
    .get("/", may("session.own"), (c) => c.json(describe(principalOf(c), deps), 200))
    .post("/", everybody, input("json", credentials), async (c) => {
      c.set("holdsSecret", true);
      const { login, password, code } = c.req.valid("json");
      const clientAddress = c.get("clientAddress");
      const person = await whoTyped(deps, { login, password, code, clientAddress });
      const token = await sessionFor(deps, person, clientAddress);
      const principal = await sessionPrincipal(deps.db, token);
      if (principal === null) throw new Error("a session that just began is not there");
      setCookie(c, cookieName(deps), token, cookieOptions(deps));
      return c.json(describe(principal, deps), 200);
    })
    .delete("/", everybody, async (c) => {
      c.set("holdsSecret", true); // a kept answer would have no cookie with it
      const cookie = deleteCookie(c, cookieName(deps), cookieOptions(deps));
      if (cookie !== undefined) await closeSession(deps.db, cookie);
      return c.body(null, 204);
    });
}

/** What the panel shows of who signed in. `may`: how far each action goes; what is missing is not for them. */
const describe = (principal: Principal, { isDemo, version }: AdminDeps) => ({
  principal: principal.id,
  name: nameOf(principal),
  addresses: principal.addresses,
  grants: principal.grants,
  may: reachOf(principal),
  demo: isDemo,
  version,
});

/** A subject of a provider is often a number: their address says more. */
const nameOf = ({ id, addresses }: Principal): string => (id.startsWith("oidc:") ? addresses[0] : undefined) ?? id.replace(/^[a-z]+:/, "");
