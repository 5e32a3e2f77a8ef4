/** A worker process: one node, told by its parent what to use and when to stop. It leaves when the parent is gone. */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { createMetrics } from "./log/metrics.ts";
import type { WorkerBoot } from "./main.ts";
import { type RunningNode, startNode } from "./node.ts";
import { processLog } from "./process-log.ts";
import type { FromWorker, PlainError, ToWorker } from "./workers.ts";

/** Without a parent nobody restarts us and the embedded database may go at any moment: end what is under way, quickly. */
const ORPHAN_MS = 10_000;
/** After an exception nobody caught the state is unknown: leave. What was accepted is in the database. */
const CRASH_EXIT = 1;

/** Waits for the parent's word and does as it says. Ends the process; never resolves. */
export function runWorker(): Promise<never> {
  // A terminal's Ctrl-C and a service manager's stop reach all processes: the parent says when, in its order.
  process.on("SIGINT", () => undefined);
  process.on("SIGTERM", () => undefined);
  let work: Work | null = null;
  process.on("message", (message: ToWorker) => {
    if (message.kind === "start") work = begin(message.boot as WorkerBoot);
    else if (message.kind === "metrics") work?.tellMetrics(message.question);
    else if (work) work.stop();
    else process.exit(0);
  });
  process.on("disconnect", () => (work ? work.orphaned() : process.exit(CRASH_EXIT)));
  say({ kind: "listening" });
  return new Promise(() => undefined);
}

type Work = { stop(): void; orphaned(): void; tellMetrics(question: number): void };

/** Starts the node in the background. It may be told to stop before it is ready: then what it holds goes with the process. */
function begin({ settings, connection, embedded }: WorkerBoot): Work {
  const { log, flush } = processLog(settings.log, process.stdout.isTTY);
  const crash = (error: unknown): void => {
    log.error("an error that nobody expected ends this worker", {
      error: error instanceof Error ? (error.stack ?? String(error)) : String(error),
    });
    flush();
    process.exit(CRASH_EXIT);
  };
  process.on("uncaughtException", crash);
  process.on("unhandledRejection", crash);

  const metrics = createMetrics();
  const delay = monitorEventLoopDelay();
  delay.enable();
  let node: RunningNode | null = null;
  startNode(settings, connection, embedded, log, metrics).then(
    (started) => {
      node = started;
      say({ kind: "ready", addresses: started.addresses });
    },
    (error: unknown) => {
      flush();
      say({ kind: "failed", error: plain(error) }, () => process.exit(CRASH_EXIT)); // the parent says why, once for all workers
    },
  );
  let stopping = false;
  const leave = async (): Promise<void> => {
    await node?.stop();
    flush();
    process.exit(0);
  };
  const stop = (): void => {
    if (!stopping) leave().catch(crash);
    stopping = true;
  };
  return {
    stop,
    orphaned() {
      log.error("the parent process is gone: this worker ends");
      setTimeout(() => process.exit(CRASH_EXIT), ORPHAN_MS).unref();
      stop();
    },
    tellMetrics(question) {
      metrics.eventLoopDelay.set(delay.percentile(99) / 1e9);
      delay.reset();
      void metrics.registry.getMetricsAsJSON().then((all) => say({ kind: "metrics", question, metrics: all }));
    },
  };
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
