/**
 * admin: HTTP. The panel and its API, beside health, metrics, the set-up of mail programs and the page by which members leave lists. Trusts
 * nobody: a request passes its origin, who asks, and the policy of its route, in this order. Changes only through actions/.
 */
import { randomUUID } from "node:crypto";
import { bodyLimit } from "hono/body-limit";
import type { RouterRoute } from "hono/types";
import { keepGroups } from "../queue/kept-groups.ts";
import { type Assets, panelPages } from "./assets.ts";
import { clientAddressOf } from "./client-address.ts";
import { type AdminDeps, panel } from "./context.ts";
import { everybody, identify, ownPagesOnly } from "./guard.ts";
import { answerOnce } from "./idempotency.ts";
import { answerProblem, Problem } from "./problem.ts";
import { problemPage } from "./problem-page.ts";
import { addressRoutes } from "./routes/addresses.ts";
import { aliasRoutes } from "./routes/aliases.ts";
import { bulkRoutes } from "./routes/bulk.ts";
import { capturedRoutes } from "./routes/captured.ts";
import { changeRoutes } from "./routes/changes.ts";
import { directoryRoutes } from "./routes/directories.ts";
import { domainRoutes } from "./routes/domains.ts";
import { eventRoutes } from "./routes/events.ts";
import { explainRoutes } from "./routes/explain.ts";
import { attentionRoutes, destinationRoutes, flowRoutes } from "./routes/flow.ts";
import { heldRoutes } from "./routes/held.ts";
import { importRoutes, operationRoutes, UPLOAD_LIMIT } from "./routes/imports.ts";
import { listMemberRoutes } from "./routes/list-members.ts";
import { listRoutes } from "./routes/lists.ts";
import { mailRoutes, relayTestRoutes } from "./routes/mail-routes.ts";
import { meRoutes } from "./routes/me.ts";
import { messageRoutes } from "./routes/messages.ts";
import { oidcRoutes, signInRoutes } from "./routes/oidc.ts";
import { openApiRoutes } from "./routes/openapi.ts";
import { policyRoutes } from "./routes/policies.ts";
import { queueRoutes } from "./routes/queue.ts";
import { reachRoutes } from "./routes/reach.ts";
import { secondFactorRoutes } from "./routes/second-factor.ts";
import { sessionRoutes } from "./routes/session.ts";
import { settingsRoutes } from "./routes/settings.ts";
import { tokenRoutes } from "./routes/tokens.ts";
import { userRoutes } from "./routes/users.ts";

/** Octets of a body, but for imports. */
const BODY_LIMIT = 1024 * 1024;

/** The API. Routes are chained, so that its type tells the panel everything about them. */
function apiRoutes(deps: AdminDeps, routes: () => readonly RouterRoute[]) {
  const groups = keepGroups(deps.db);
  return panel
    .createApp()
    .use(async (c, next) => {
      c.set("clientAddress", clientAddressOf(c));
      c.set("requestId", randomUUID());
      c.header("x-request-id", c.get("requestId"));
      c.header("cache-control", "no-store");
      await next();
    })
    .use((c, next) => bodyLimit({ maxSize: c.req.path.endsWith("/imports") ? UPLOAD_LIMIT : BODY_LIMIT })(c, next))
    .use(ownPagesOnly(deps))
    .use(identify(deps))
    .use(answerOnce(deps))
    .route("/openapi.json", openApiRoutes(deps, routes))
    .route("/session", sessionRoutes(deps))
    .route("/session/oidc", oidcRoutes(deps))
    .route("/sign-in", signInRoutes(deps))
    .route("/addresses", addressRoutes(deps))
    .route("/aliases", bulkRoutes(deps)) // its fixed words before the addresses
    .route("/aliases", aliasRoutes(deps))
    .route("/changes", changeRoutes(deps))
    .route("/imports", importRoutes(deps))
    .route("/operations", operationRoutes(deps))
    .route("/addresses", reachRoutes(deps))
    .route("/lists", listMemberRoutes(deps))
    .route("/lists", heldRoutes(deps))
    .route("/lists", listRoutes(deps))
    .route("/explain", explainRoutes(deps))
    .route("/domains", domainRoutes(deps))
    .route("/routes", mailRoutes(deps))
    .route("/relay-test", relayTestRoutes(deps))
    .route("/policies", policyRoutes(deps))
    .route("/directories", directoryRoutes(deps))
    .route("/settings", settingsRoutes(deps))
    .route("/captured", capturedRoutes(deps))
    .route("/me", meRoutes(deps))
    .route("/messages", messageRoutes(deps))
    .route("/queue", queueRoutes(deps, groups))
    .route("/flow", flowRoutes(deps, groups))
    .route("/destinations", destinationRoutes(deps, groups))
    .route("/attention", attentionRoutes(deps))
    .route("/events", eventRoutes(deps, groups))
    .route("/users", userRoutes(deps))
    .route("/me/totp", secondFactorRoutes(deps))
    .route("/tokens", tokenRoutes(deps))
    .all("/*", everybody, () => {
      throw new Problem("not-found", "The API has no such path.", { hint: "GET /api/v1/openapi.json lists them." });
    });
}

/** The API under /api/v1, the page of its problems, and the panel's pages. */
export function createApp(deps: AdminDeps, assets: Assets | null) {
  let routes: readonly RouterRoute[] = [];
  const api = apiRoutes(deps, () => routes);
  const app = panel
    .createApp()
    .route("/api/v1", api)
    .route("/", problemPage())
    .route("/", panelPages(assets))
    .onError(answerProblem(deps.log));
  routes = app.routes;
  return app;
}

/** All that the panel, which is built apart, knows of the server: `hc<AppType>`. @internal */
export type AppType = ReturnType<typeof createApp>;
