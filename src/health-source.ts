/** Where /readyz and /metrics get their answers: the database, the workers, the queue. */
import { AggregatorRegistry, type MetricObjectWithValues, type MetricValue } from "prom-client";
import type { HealthSource } from "./admin/health.ts";
import type { Settings } from "./config/settings-tree.ts";
import type { Db } from "./db/client.ts";
import { frozenCounts } from "./directory/people/state.ts";
import { ldapReadiness } from "./ldap-readiness.ts";
import { createMetrics } from "./log/metrics.ts";
import { countQueue } from "./queue/inspect.ts";
import type { Workers } from "./workers.ts";

export function healthSource(
  db: Db,
  workers: Workers,
  options: { readonly version: string; readonly settings: Pick<Settings, "workers" | "ldap"> },
): HealthSource {
  const own = createMetrics();
  return {
    version: options.version,
    async ready() {
      const database = await db.query({ text: "select 1" }).then(
        () => null,
        () => "does not answer",
      );
      const ready = workers.readyCount();
      const sources = options.settings.ldap.map(({ name }) => name);
      return {
        needed: { database, workers: ready === 0 ? "none is ready" : null },
        leanedOn:
          sources.length === 0 || database !== null
            ? {}
            : ldapReadiness(sources, await workers.metrics(), await frozenCounts(db).catch(() => [])),
      };
    },
    async metrics() {
      own.up.set(workers.readyCount());
      await countQueue(db).then(
        ({ states, oldestSeconds }) => {
          own.queued.reset();
          for (const { state, recipients } of states) own.queued.set({ queue: state }, recipients);
          own.oldest.set(oldestSeconds);
        },
        () => undefined, // the database is away: the gauges keep their last values, /readyz says so
      );
      await frozenCounts(db).then(
        (frozen) => {
          for (const { name } of options.settings.ldap)
            own.directoryFrozen.set({ source: name }, frozen.find(({ source }) => source === name)?.count ?? 0);
        },
        () => undefined,
      );
      const all = [await own.registry.getMetricsAsJSON(), ...(await workers.metrics())] as MetricObjectWithValues<MetricValue<string>>[][];
      return AggregatorRegistry.aggregate(all).metrics();
    },
  };
}
