/**
 * admin: HTTP. For now health, metrics, the set-up of mail programs and the page by which members leave lists. Trusts nobody; changes only through actions/. /livez says that the process runs, /readyz that mail can be taken
 * and delivered now, /metrics is Prometheus' text form.
 */
import { Hono } from "hono";

/** What readiness depends on; each part says what is wrong, or null. */
export type HealthSource = {
  readonly version: string;
  readonly ready: () => Promise<Readonly<Record<string, string | null>>>;
  readonly metrics: () => Promise<string>;
};

/** The routes of health; `mayRead` decides by the client's address who sees metrics. */
export function healthRoutes(source: HealthSource) {
  return new Hono()
    .get("/livez", (c) => c.json({ status: "ok" as const }, 200))
    .get("/readyz", async (c) => {
      const parts = await source.ready();
      const failed = Object.values(parts).some((fault) => fault !== null);
      const shown = Object.fromEntries(Object.entries(parts).map(([part, fault]) => [part, fault ?? "ok"]));
      return c.json({ status: failed ? ("unready" as const) : ("ready" as const), parts: shown }, failed ? 503 : 200);
    })
    .get("/version", (c) => c.json({ version: source.version }, 200))
    .get("/metrics", async (c) => c.text(await source.metrics(), 200, { "content-type": "text/plain; version=0.0.4; charset=utf-8" }));
}
