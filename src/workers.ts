/** The worker processes of one server: started, restarted when they die, asked for their metrics, drained. Knows nothing of mail. */
import cluster, { type Worker } from "node:cluster";
import type { Log } from "./log/log.ts";

/** Parent to worker. */
export type ToWorker =
  | { readonly kind: "start"; readonly boot: unknown }
  | { readonly kind: "stop" }
  | { readonly kind: "metrics"; readonly question: number };
/** Worker to parent. */
export type FromWorker =
  | { readonly kind: "listening" }
  | { readonly kind: "ready"; readonly addresses: readonly string[] }
  | { readonly kind: "failed"; readonly error: PlainError } // it could not start, and ends
  | { readonly kind: "metrics"; readonly question: number; readonly metrics: object[] };

/** An error without its class. The name tells what it was. */
export type PlainError = {
  readonly name: string;
  readonly message: string;
} & Readonly<Partial<Record<"hint" | "code" | "path" | "syscall" | "address" | "port", unknown>>>;

export type Workers = {
  /** Addresses the workers listen on; resolves when all are ready for the first time. */
  readonly ready: Promise<readonly string[]>;
  readyCount(): number;
  metrics(): Promise<object[][]>;
  /** Drains all workers; kills what has not ended after `withinMs`. */
  stop(withinMs: number): Promise<void>;
};

export type WorkersOptions = {
  readonly count: number;
  /** The program each worker runs and its arguments. */
  readonly exec: string;
  readonly args: readonly string[];
  /** Sent to each worker at its start. */
  readonly boot: unknown;
  readonly log: Log;
  /** A worker died without being asked to. */
  readonly onDeath: () => void;
};

/** A worker that dies at once is started again after 1, 2, 4 … 30 s; one that lived a minute starts from 1 again. */
const RESTART_MS = { first: 1000, longest: 30_000, forgivenAfter: 60_000 };
const METRICS_WITHIN_MS = 1000;

export function startWorkers(options: WorkersOptions): Workers {
  const { log } = options;
  cluster.setupPrimary({ exec: options.exec, args: [...options.args] });
  const states = new Map<Worker, { ready: boolean }>();
  const questions = new Map<number, (metrics: object[]) => void>();
  let stopping = false;
  let asked = 0;
  let firstReady: (addresses: readonly string[]) => void = () => undefined;
  let failed: (error: Error) => void = () => undefined;
  const ready = new Promise<readonly string[]>((resolve, reject) => {
    firstReady = resolve;
    failed = reject;
  });
  let hasBeenReady = false;

  const fork = (wait: number): void => {
    const worker = cluster.fork();
    const started = Date.now();
    states.set(worker, { ready: false });
    worker.on("message", (message: FromWorker) => heard(worker, message));
    worker.on("error", (error) => log.warn("a worker's channel failed", { pid: worker.process.pid, error: String(error) }));
    worker.on("exit", (code, signal) => {
      states.delete(worker);
      if (stopping) return;
      if (!hasBeenReady) failed(new Error(`a worker ended before it was ready (${signal ?? code})`));
      options.onDeath();
      const next = Date.now() - started > RESTART_MS.forgivenAfter ? RESTART_MS.first : wait;
      log.error("a worker process died; another takes its place", { pid: worker.process.pid, ended: String(signal ?? code), inMs: next });
      setTimeout(() => {
        if (!stopping) fork(Math.min(next * 2, RESTART_MS.longest));
      }, next).unref();
    });
  };

  const heard = (worker: Worker, message: FromWorker): void => {
    // A worker says when it listens: what is sent before is lost.
    if (message.kind === "listening") send(worker, stopping ? { kind: "stop" } : { kind: "start", boot: options.boot });
    else if (message.kind === "ready") becameReady(worker, message.addresses);
    else if (message.kind === "metrics") questions.get(message.question)?.(message.metrics);
    else if (hasBeenReady) log.error("a worker could not start", { error: message.error.message });
    else failed(Object.assign(new Error(message.error.message), message.error));
  };

  const becameReady = (worker: Worker, addresses: readonly string[]): void => {
    const state = states.get(worker);
    if (state) state.ready = true;
    if (!hasBeenReady && [...states.values()].every((each) => each.ready)) {
      hasBeenReady = true;
      firstReady(addresses);
    }
  };

  const askMetrics = (worker: Worker): Promise<object[]> =>
    new Promise((resolve) => {
      const question = asked++;
      const answer = (metrics: object[]): void => {
        questions.delete(question);
        clearTimeout(timer);
        resolve(metrics);
      };
      const timer = setTimeout(() => answer([]), METRICS_WITHIN_MS);
      questions.set(question, answer);
      send(worker, { kind: "metrics", question });
    });

  for (let i = 0; i < options.count; i++) fork(RESTART_MS.first);
  return {
    ready,
    readyCount: () => [...states.values()].filter((state) => state.ready).length,
    metrics: () => Promise.all([...states].filter(([, state]) => state.ready).map(([worker]) => askMetrics(worker))),
    async stop(withinMs) {
      stopping = true;
      const all = [...states.keys()];
      const ended = all.map((worker) => new Promise<void>((resolve) => worker.once("exit", () => resolve())));
      for (const worker of all) send(worker, { kind: "stop" });
      const timer = setTimeout(() => {
        log.error("workers did not end in time and are killed", { withinMs });
        for (const worker of states.keys()) worker.process.kill("SIGKILL");
      }, withinMs);
      await Promise.all(ended);
      clearTimeout(timer);
    },
  };
}

/** A worker that is dying cannot be told anything; its exit is what counts. */
function send(worker: Worker, message: ToWorker): void {
  if (worker.isConnected()) worker.send(message, () => undefined);
}
