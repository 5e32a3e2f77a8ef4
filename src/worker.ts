/** A worker process: one node, told by its parent what to use and when to stop. It leaves when the parent is gone. */
import { writeSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Settings } from "./config/settings-tree.ts";
import { createMetrics } from "./log/metrics.ts";
import type { WorkerBoot } from "./main.ts";
import { startNode } from "./node.ts";
import { processLog } from "./process-log.ts";
import type { FromWorker, ToWorker } from "./workers.ts";

/** Without a parent nobody restarts us and the embedded database may go at any moment: end what is under way, quickly. */
const ORPHAN_MS = 10_000;
/** After an exception nobody caught the state is unknown: leave. What was accepted is in the database. */
const CRASH_EXIT = 1;

export async function runWorker(settings: Settings): Promise<void> {
  const { log, flush } = processLog(settings.log, process.stdout.isTTY, (text) => writeSync(1, text));
  const crash = (error: unknown): void => {
    log.error("an error that nobody expected ends this worker", {
      error: error instanceof Error ? (error.stack ?? String(error)) : String(error),
    });
    flush();
    process.exit(CRASH_EXIT);
  };
  process.on("uncaughtException", crash);
  process.on("unhandledRejection", crash);
  // A terminal's Ctrl-C and a service manager's stop reach all processes: the parent says when, in its order.
  process.on("SIGINT", () => undefined);
  process.on("SIGTERM", () => undefined);

  const metrics = createMetrics();
  const delay = monitorEventLoopDelay();
  delay.enable();
  const boot = await bootMessage();
  const node = await startNode(settings, boot.connection, boot.embedded, log, metrics);
  const stop = async (): Promise<void> => {
    await node.stop();
    flush();
    process.exit(0);
  };
  let stopping: Promise<void> | null = null;
  process.on("message", (message: ToWorker) => {
    if (message.kind === "stop") stopping ??= stop().catch(crash);
    if (message.kind === "metrics") {
      metrics.eventLoopDelay.set(delay.percentile(99) / 1e9);
      delay.reset();
      void metrics.registry.getMetricsAsJSON().then((all) => say({ kind: "metrics", question: message.question, metrics: all }));
    }
  });
  process.on("disconnect", () => {
    log.error("the parent process is gone: this worker ends");
    setTimeout(() => process.exit(CRASH_EXIT), ORPHAN_MS).unref();
    stopping ??= stop().catch(crash);
  });
  say({ kind: "ready", addresses: node.addresses });
  await new Promise<never>(() => undefined); // until stop() or crash() ends the process
}

function bootMessage(): Promise<WorkerBoot> {
  return new Promise((resolve) => {
    process.once("message", (message: ToWorker) => {
      if (message.kind === "start") resolve(message.boot as WorkerBoot);
    });
    say({ kind: "listening" });
  });
}

function say(message: FromWorker): void {
  if (process.connected) process.send?.(message, () => undefined);
}
