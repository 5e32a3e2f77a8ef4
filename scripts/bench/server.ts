/** The built server as a child process, on free ports, with a data directory of its own that goes with it. */
import { type ChildProcess, execFile, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

export type BenchServer = {
  readonly smtpPort: number;
  readonly pid: number;
  readonly dataDir: string;
  /** Runs one command line against it. */
  cli(...args: string[]): string;
  /** The same for a caller who is busy meanwhile, as a proxy in this process is. */
  cliMeanwhile(...args: string[]): Promise<string>;
  /** Sum of a counter over its labels that match. */
  metric(name: string, labels?: string): Promise<number>;
  stop(): Promise<void>;
};

const CLI = new URL("../../dist/cli/mailroom.js", import.meta.url).pathname;

/** Starts `mailroom serve`, under `node` with these options, and waits until it takes mail. */
export async function startServer(
  environment: Readonly<Record<string, string>> = {},
  nodeOptions: readonly string[] = [],
): Promise<BenchServer> {
  const dataDir = mkdtempSync(join(tmpdir(), "mailroom-bench-"));
  const env = {
    ...process.env,
    MAILROOM_DATA_DIR: dataDir,
    MAILROOM_HOSTNAME: "mx.campus.test",
    MAILROOM_SMTP_LISTEN: "127.0.0.1:0",
    MAILROOM_HTTP_LISTEN: "127.0.0.1:0",
    MAILROOM_LOG_FORMAT: "json",
    ...environment,
  };
  const child = spawn(process.execPath, [...nodeOptions, CLI, "serve"], { env, cwd: dataDir, stdio: ["ignore", "pipe", "inherit"] });
  const { smtp, http } = await ready(child);
  const httpPort = Number(http.split(":").at(-1));
  return {
    smtpPort: Number(smtp.split(":").at(-1)),
    pid: child.pid ?? 0,
    dataDir,
    cli: (...args) => execFileSync(process.execPath, [CLI, ...args], { env, cwd: dataDir, encoding: "utf8", maxBuffer: 1 << 28 }),
    cliMeanwhile: async (...args) => (await promisify(execFile)(process.execPath, [CLI, ...args], { env, cwd: dataDir })).stdout,
    metric: async (name, labels = "") => sumOf(await get(httpPort, "/metrics"), name, labels),
    async stop() {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGTERM");
      await ended;
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

function ready(child: ChildProcess): Promise<{ smtp: string; http: string }> {
  return new Promise((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`mailroom serve ended with ${code}`)));
    if (!child.stdout) throw new Error("no stdout");
    createInterface({ input: child.stdout }).on("line", (line) => {
      const { msg, smtp, http } = JSON.parse(line) as { msg: string; smtp: string; http: string };
      if (msg === "ready") resolve({ smtp, http });
    });
  });
}

function get(port: number, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    request({ host: "127.0.0.1", port, path }, (response) => {
      let text = "";
      response.on("data", (part) => {
        text += String(part);
      });
      response.on("end", () => resolve(text));
    })
      .on("error", reject)
      .end();
  });
}

const sumOf = (text: string, name: string, labels: string): number =>
  text
    .split("\n")
    .filter((line) => line.startsWith(`mailroom_${name}`) && line.includes(labels))
    .reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
