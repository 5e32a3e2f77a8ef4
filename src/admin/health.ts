/**
 * admin: HTTP. For now health, metrics, the set-up of mail programs, and the page by which members leave lists. Trusts nobody; changes only
 * through actions/. /livez says that the process runs, /readyz that mail can be taken
 * and delivered now, /metrics is Prometheus' text form.
 */
import { Hono } from "hono";

/** Each part says what is wrong, or null. */
type Parts = Readonly<Record<string, string | null>>;

/** `needed`: without one of these no mail is taken. `leanedOn`: without these it is, and somebody should know. */
export type Readiness = { readonly needed: Parts; readonly leanedOn: Parts };

export type HealthSource = {
  readonly version: string;
  readonly ready: () => Promise<Readiness>;
  readonly metrics: () => Promise<string>;
};

/** The routes of health; `mayRead` decides by the client's address who sees metrics. */
export function healthRoutes(source: HealthSource) {
  return new Hono()
    .get("/livez", (c) => c.json({ status: "ok" as const }, 200))
    .get("/readyz", async (c) => {
      const { needed, leanedOn } = await source.ready();
      const failed = isFaulty(needed);
      const status = failed ? ("unready" as const) : isFaulty(leanedOn) ? ("degraded" as const) : ("ready" as const);
      const parts = Object.fromEntries(Object.entries({ ...needed, ...leanedOn }).map(([part, fault]) => [part, fault ?? "ok"]));
      return c.json({ status, parts }, failed ? 503 : 200);
    })
    .get("/version", (c) => c.json({ version: source.version }, 200))
    .get("/metrics", async (c) => c.text(await source.metrics(), 200, { "content-type": "text/plain; version=0.0.4; charset=utf-8" }));
}

const isFaulty = (parts: Parts): boolean => Object.values(parts).some((fault) => fault !== null);
