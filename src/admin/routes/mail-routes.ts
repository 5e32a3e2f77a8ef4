/** Where mail for a domain goes, and whether the next hop would take it; and the test that we are no open relay. */
import { z } from "zod";
import { listDomains } from "../../actions/domains.ts";
import { listRoutes, removeRoute, setRoute } from "../../actions/routes.ts";
import { domainInScope, type Scope } from "../../actions/scope.ts";
import type { Route } from "../../directory/directory.ts";
import { parseRouteUrl } from "../../directory/route-url.ts";
import { parseDomain } from "../../mail/domain.ts";
import { type Mailbox, parseMailbox } from "../../mail/mailbox.ts";
import { type AdminDeps, carryOut, isDryRun, panel } from "../context.ts";
import { may } from "../guard.ts";
import { addressText, dryRun, input } from "../input.ts";
import { Problem } from "../problem.ts";

/** `*`: all domains without a route of their own. */
const name = z.string().min(1).max(255);
const param = z.strictObject({ domain: name });
const url = z.string().min(1).max(1000);
const question = z.strictObject({ domain: name, url: url.optional(), recipient: addressText.optional() });

export function mailRoutes(deps: AdminDeps) {
  const { db, ourselves } = deps;
  return panel
    .createApp()
    .get("/", may("domains.see"), async (c) => {
      const scope = c.get("scope");
      const items = (await listRoutes(db)).filter(({ domain }) => domainInScope(scope, domain));
      return c.json({ items, total: items.length }, 200);
    })
    .post("/test", may("domains.edit"), input("json", question), async (c) => {
      const asked = c.req.valid("json");
      const domain = routeInScope(c.get("scope"), asked.domain);
      const { route, configured } = await routeToTest(deps, domain, asked.url);
      const recipient = asked.recipient === undefined ? null : mailboxOf(asked.recipient);
      const answer = { domain, url: route.url, kind: route.kind, configured };
      if (route.kind === "maildir" || route.kind === "discard") return c.json({ ...answer, stages: [] }, 200);
      if (deps.isDemo)
        throw new Problem("rule-broken", "This is the demo: nothing leaves this machine, not even a question to another server.", {
          hint: "Start the server with `mailroom serve` to test next hops.",
        });
      if (domain === "*" && route.kind === "mx")
        throw new Problem("validation", "/domain: MX hosts belong to one domain", { hint: "Name a domain." });
      return c.json({ ...answer, stages: await deps.probes.tryHop(route, { domain, recipient, configured }) }, 200);
    })
    .put(
      "/:domain",
      may("domains.edit"),
      input("param", param),
      input("query", dryRun),
      input("json", z.strictObject({ url })),
      async (c) => {
        const domain = routeInScope(c.get("scope"), c.req.valid("param").domain);
        const { result, change_no } = await carryOut(c, db, (on, author) =>
          setRoute(on, author, domain, c.req.valid("json").url, ourselves),
        );
        return c.json({ ...result, change_no, dry_run: isDryRun(c) }, result.before === null && !isDryRun(c) ? 201 : 200);
      },
    )
    .delete("/:domain", may("domains.edit"), input("param", param), input("query", dryRun), async (c) => {
      const domain = routeInScope(c.get("scope"), c.req.valid("param").domain);
      const { result, change_no } = await carryOut(c, db, (on, author) => removeRoute(on, author, domain));
      return c.json({ changed: true, before: result, after: null, warnings: [] as string[], change_no, dry_run: isDryRun(c) }, 200);
    });
}

/** Sends the forms of open relays to our own listener; no message is sent. */
export function relayTestRoutes({ db, probes }: AdminDeps) {
  let isRunning = false;
  return panel.createApp().post("/", may("domains.edit"), async (c) => {
    if (probes.relayTest === null)
      throw new Problem("rule-broken", "smtp.listen is off: nothing takes mail from strangers here.", {
        hint: "Test the server that does.",
      });
    const scope = c.get("scope");
    const own = (await listDomains(db)).find(({ domain, alias_of }) => alias_of === null && domainInScope(scope, domain));
    if (own === undefined) throw new Problem("rule-broken", "No domain is ours yet.", { hint: "Add one first." });
    if (isRunning) throw new Problem("busy", "The test is running already.", { headers: { "retry-after": "10" } });
    isRunning = true;
    try {
      const { at, is_trusted, results } = await probes.relayTest(own.domain);
      const failed = results.filter(({ passed }) => !passed).length;
      return c.json({ at, domain: own.domain, is_trusted, failed, total: results.length, results }, 200);
    } catch (error) {
      throw new Problem("rule-broken", `The listener could not be asked: ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      isRunning = false;
    }
  });
}

function routeInScope(scope: Scope, text: string): string {
  const parsed = text === "*" ? { ok: true as const, domain: "*" } : parseDomain(text);
  if (!parsed.ok && scope.everything)
    throw new Problem("validation", `/domain: ${parsed.fault.detail}`, { hint: "Write it as in campus.example." });
  if (parsed.ok && domainInScope(scope, parsed.domain)) return parsed.domain;
  throw new Problem("not-found", "There is no such domain that you may see.", { hint: "Look for it under Domains." });
}

/** Without a URL the one by which mail goes now. One that no admin has set yet is only tried where everybody may go. */
async function routeToTest(
  { db, directory }: AdminDeps,
  domain: string,
  text: string | undefined,
): Promise<{ route: Route; configured: boolean }> {
  const routes = await listRoutes(db);
  const stored = routes.find((each) => each.domain === domain)?.url;
  if (text !== undefined || (domain === "*" && stored !== undefined)) {
    const parsed = parseRouteUrl(text ?? stored ?? "");
    if (!parsed.ok) throw new Problem("validation", `/url: ${parsed.fault.slice(0, 300)}`, { hint: "As in smtp://mx.campus.example:25" });
    const configured = routes.some((each) => each.url === parsed.route.url);
    if (parsed.route.kind === "lmtpSocket" && !configured)
      throw new Problem("rule-broken", "A socket of this machine is only connected to when it is a configured route.", {
        hint: "Save the route, then test it.",
      });
    return { route: parsed.route, configured };
  }
  const found = await directory.route(domain);
  if (found.kind === "found") return { route: found.value, configured: found.value.kind !== "mx" };
  throw new Problem("rule-broken", "The route of this domain cannot be used: its mail waits.", { hint: "Set it anew." });
}

function mailboxOf(text: string): Mailbox {
  const parsed = parseMailbox(text.trim(), { smtputf8: true });
  if (parsed.ok) return parsed.mailbox;
  throw new Problem("validation", `/recipient: ${parsed.fault.detail}`, { hint: "Write it as name@domain." });
}
