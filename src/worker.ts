/** A worker process: one node, told by its parent what to use and when to stop. It leaves when the parent is gone. */
import { writeSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Settings } from "./config/settings-tree.ts";
import { createMetrics } from "./log/metrics.ts";
import type { WorkerBoot } from "./main.ts";
import { type RunningNode, startNode } from "./node.ts";
import { processLog } from "./process-log.ts";
import type { FromWorker, PlainError, ToWorker } from "./workers.ts";

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
  let node: RunningNode | null = null;
  let stopping = false;
  const leave = async (): Promise<void> => {
    await node?.stop(); // told before it was ready: what it holds goes with the process
    flush();
    process.exit(0);
  };
  const stop = (): void => {
    if (!stopping) leave().catch(crash);
    stopping = true;
  };
  const boot = await new Promise<WorkerBoot>((start) => {
    process.on("message", (message: ToWorker) => {
      if (message.kind === "start") start(message.boot as WorkerBoot);
      if (message.kind === "stop") stop();
      if (message.kind === "metrics") {
        metrics.eventLoopDelay.set(delay.percentile(99) / 1e9);
        delay.reset();
        void metrics.registry.getMetricsAsJSON().then((all) => say({ kind: "metrics", question: message.question, metrics: all }));
      }
    });
    say({ kind: "listening" });
  });
  process.on("disconnect", () => {
    log.error("the parent process is gone: this worker ends");
    setTimeout(() => process.exit(CRASH_EXIT), ORPHAN_MS).unref();
    stop();
  });
  try {
    node = await startNode(settings, boot.connection, boot.embedded, log, metrics);
  } catch (error) {
    flush();
    say({ kind: "failed", error: plain(error) }, () => process.exit(CRASH_EXIT)); // the parent says why, once for all workers
    return;
  }
  say({ kind: "ready", addresses: node.addresses });
  await new Promise<never>(() => undefined); // until stop() or crash() ends the process
}

/** An error as a message can carry it: what the command line needs to say what is wrong. */
function plain(error: unknown): PlainError {
  if (!(error instanceof Error)) return { name: "Error", message: String(error) };
  const { name, message, hint, code, path, syscall, address, port } = error as Error & PlainError;
  return { name, message, hint, code, path, syscall, address, port };
}

function say(message: FromWorker, said: () => void = () => undefined): void {
  if (process.connected) process.send?.(message, said);
  else said();
}
