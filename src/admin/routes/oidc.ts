/** Signing in through the OpenID provider: away to it, and back. Whatever fails ends on the sign-in page, which says what to do. */
import { randomBytes } from "node:crypto";
import type { Context } from "hono";
import { deleteCookie, setCookie } from "hono/cookie";
import { z } from "zod";
import { addressesVouchedFor } from "../../actions/access/vouched.ts";
import type { Person } from "../../mail/person.ts";
import { countedAs } from "../../sending/networks.ts";
import { NotProved, type OidcProvider, ProviderAway } from "../access/oidc.ts";
import { keepRoundTrip, takeRoundTrip } from "../access/round-trips.ts";
import { sessionFor } from "../access/sign-in.ts";
import { type AdminDeps, type PanelEnv, panel } from "../context.ts";
import { cookieName, cookieOptions, everybody } from "../guard.ts";
import { input } from "../input.ts";
import { ownPath } from "../own-path.ts";
import { Problem } from "../problem.ts";

const asked = z.strictObject({
  return_to: z
    .string()
    .max(2000)
    .refine((text) => ownPath(text) !== null, "it is no path of this panel")
    .optional(),
});
const MINUTES = 10;

/** What the sign-in page offers besides a name and a password. */
export function signInRoutes({ oidc }: AdminDeps) {
  return panel.createApp().get("/", everybody, (c) => c.json({ oidc: oidc === null ? null : { name: oidc.name } }, 200));
}

export function oidcRoutes(deps: AdminDeps) {
  const roundTrip = `${cookieName(deps)}-oidc`;
  const forTheTrip = { ...cookieOptions(deps), maxAge: MINUTES * 60 };
  return panel
    .createApp()
    .get("/", everybody, input("query", asked), async (c) => {
      const provider = providerOf(deps);
      const returnTo = ownPath(c.req.valid("query").return_to ?? "/") ?? "/";
      try {
        const { url, ...checks } = await provider.start(redirectUri(c, deps));
        const browser = randomBytes(32).toString("base64url");
        const source = countedAs(c.get("clientAddress"));
        if (!(await keepRoundTrip(deps.db, { ...checks, browser, returnTo, source }))) return back(c, "busy");
        setCookie(c, roundTrip, browser, forTheTrip);
        return c.redirect(url.href, 303);
      } catch (error) {
        return notSignedIn(c, deps, error);
      }
    })
    .get("/callback", everybody, async (c) => {
      const provider = providerOf(deps);
      const browser = deleteCookie(c, roundTrip, cookieOptions(deps)) ?? "";
      try {
        const kept = await takeRoundTrip(deps.db, c.req.query("state") ?? "", browser);
        if (kept === null) throw new NotProved("no sign-in of this browser is under way with this state");
        const { search } = new URL(c.req.url);
        const { principal, address } = await provider.finish(new URL(`${redirectUri(c, deps)}${search}`), kept);
        const person: Person = { login: principal, addresses: await addressesVouchedFor(deps.db, address), affiliation: null };
        setCookie(c, cookieName(deps), await sessionFor(deps, person, c.get("clientAddress")), cookieOptions(deps));
        return c.redirect(kept.returnTo, 303);
      } catch (error) {
        return notSignedIn(c, deps, error);
      }
    });
}

function providerOf({ oidc }: AdminDeps): OidcProvider {
  if (oidc !== null) return oidc;
  throw new Problem("not-found", "People sign in here with a name and a password.", { hint: "oidc.issuer names a provider." });
}

/** Back to the sign-in page, which says it in the reader's language. */
const back = (c: Context<PanelEnv>, problem: "again" | "away" | "busy"): Response => c.redirect(`/signin?problem=${problem}`, 303);

/** Nothing of what the provider or the browser said goes on the page; the log says what was wrong, without codes and tokens. */
function notSignedIn(c: Context<PanelEnv>, { log }: AdminDeps, error: unknown): Response {
  if (!(error instanceof NotProved || error instanceof ProviderAway)) throw error;
  const reason = error instanceof NotProved ? "refused" : "unavailable";
  log.line("web", `authentication failure; rhost=${c.get("clientAddress")} user=<oidc> reason=${reason}`, {
    event: "web sign-in failed",
    rhost: c.get("clientAddress"),
    user: "oidc",
    reason: `${reason}: ${error.message}`,
  });
  if (error instanceof ProviderAway) log.warn("the OpenID provider cannot be used", { why: error.message });
  return back(c, error instanceof NotProved ? "again" : "away");
}

/** Where the provider sends people back to. Without a public address the panel is on this machine, by whatever name of loopback. */
function redirectUri(c: Context<PanelEnv>, { publicUrl }: AdminDeps): string {
  const path = "/api/v1/session/oidc/callback";
  if (publicUrl !== null) return `${new URL(publicUrl).origin}${path}`;
  const host = c.req.header("host") ?? "";
  if (/^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/.test(host)) return `http://${host}${path}`;
  throw new Problem("not-found", "Sign-in through a provider needs http.public_url.");
}
