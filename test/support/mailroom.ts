/** The real program, built into dist/, as a process of its own: started, asked, stopped and killed as an operator would. */
import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { freePort } from "../../scripts/free-port.ts";
import { capture, type Ended } from "../../scripts/run.ts";

export const COMMAND = resolve("dist/cli/mailroom.js");
const START_MS = 60_000; // making a database cluster takes a second or two; several suites may share two cores
const STOP_MS = 40_000;

export type Mailroom = {
  /** `127.0.0.1:PORT` of smtp.listen. */
  readonly smtp: string;
  readonly smtpPort: number;
  /** `http://127.0.0.1:PORT` */
  readonly http: string;
  /** data_dir; everything this server writes is in it. */
  readonly dataDir: string;
  readonly pid: number;
  /** One verb of the command line, with the server's settings. */
  cli(...args: readonly string[]): Promise<Ended>;
  /** All it has printed so far, both streams. */
  output(): string;
  /** Sends the signal and waits for the end: the exit code, or the signal that ended it. */
  stop(signal?: NodeJS.Signals): Promise<number | NodeJS.Signals>;
  /** The same again on the same data, after a stop or a kill. */
  restart(): Promise<void>;
  /** Stops it if need be and removes its data. */
  remove(): Promise<void>;
};

export type StartOptions = {
  readonly verb?: "serve" | "demo";
  /** Settings by their names in the environment, as in `{ MAILROOM_WORKERS: "1" }`. */
  readonly env?: Readonly<Record<string, string>>;
};

/** Starts the server on free ports with its own embedded database in a new folder, and waits until it says it is ready. */
export async function startMailroom({ verb = "serve", env = {} }: StartOptions = {}): Promise<Mailroom> {
  await builtFromTheseSources();
  const folder = mkdtempSync(join(tmpdir(), "mr-"));
  chmodSync(folder, 0o755); // root's embedded Postgres runs under another account, which must get to its files
  const [smtpPort, httpPort] = [await freePort(), await freePort()];
  const settings = {
    PATH: process.env["PATH"] ?? "",
    TMPDIR: tmpdir(),
    MAILROOM_HOSTNAME: "mail.campus.example",
    MAILROOM_DATA_DIR: join(folder, "data"),
    MAILROOM_SMTP_LISTEN: `127.0.0.1:${smtpPort}`,
    MAILROOM_HTTP_LISTEN: `127.0.0.1:${httpPort}`,
    MAILROOM_WORKERS: "2",
    ...env,
  };
  const http = `http://127.0.0.1:${httpPort}`;
  let running = await startProcess(verb, folder, settings, http);
  return {
    smtp: `127.0.0.1:${smtpPort}`,
    smtpPort,
    http,
    dataDir: settings.MAILROOM_DATA_DIR,
    get pid() {
      return running.child.pid ?? -1;
    },
    cli: (...args) => capture(process.execPath, [COMMAND, ...args], settings, folder),
    output: () => running.output(),
    stop: (signal = "SIGTERM") => stopProcess(running, signal),
    async restart() {
      running = await startProcess(verb, folder, settings, http);
    },
    async remove() {
      await stopProcess(running, "SIGTERM");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** npm test has built already; a test run on its own must not meet an old program. */
export async function builtFromTheseSources(): Promise<void> {
  const { code, output } = await capture(process.execPath, ["--import", "tsx", "scripts/build.ts", "--if-stale"]);
  if (code !== 0) throw new Error(output);
}

type Running = { readonly child: ChildProcess; readonly ended: Promise<number | NodeJS.Signals>; output(): string };

async function startProcess(verb: string, folder: string, env: NodeJS.ProcessEnv, http: string): Promise<Running> {
  const child = spawn(process.execPath, [COMMAND, verb], { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
  const pieces: Buffer[] = [];
  child.stdout.on("data", (piece: Buffer) => pieces.push(piece));
  child.stderr.on("data", (piece: Buffer) => pieces.push(piece));
  const ended = new Promise<number | NodeJS.Signals>((end) => {
    child.on("close", (code, signal) => end(code ?? signal ?? 1));
    child.on("error", () => end(1));
  });
  const running = { child, ended, output: () => Buffer.concat(pieces).toString("utf8") };
  const deadline = Date.now() + START_MS;
  while (!(await answers(`${http}/readyz`))) {
    if (child.exitCode !== null || Date.now() > deadline) {
      await stopProcess(running, "SIGTERM");
      throw new Error(`mailroom ${verb} did not become ready:\n${running.output()}`);
    }
    await new Promise((wake) => setTimeout(wake, 50));
  }
  return running;
}

async function stopProcess({ child, ended }: Running, signal: NodeJS.Signals): Promise<number | NodeJS.Signals> {
  if (child.exitCode === null && child.signalCode === null) child.kill(signal);
  const tooLate = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
  const how = await ended;
  clearTimeout(tooLate);
  return how;
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(1000) })).ok;
  } catch {
    return false;
  }
}
