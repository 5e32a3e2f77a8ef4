/** The built server on fixed ports of this run, so that it comes back where it was. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

export type RigServer = {
  readonly smtpPort: number;
  readonly dataDir: string;
  pid(): number;
  cli(...args: string[]): string;
  killAndRestart(): Promise<void>;
  /** SIGTERM; gives the exit code and removes the data directory. */
  stop(): Promise<number | null>;
};

const CLI = new URL("../../dist/cli/mailroom.js", import.meta.url).pathname;

export async function startRigServer(ports: { smtpPort: number; httpPort: number; sinkPort: number }): Promise<RigServer> {
  const dataDir = mkdtempSync(join(tmpdir(), "mailroom-chaos-"));
  const errorLog = join(tmpdir(), `mailroom-chaos-${process.pid}.log`);
  const errors = openSync(errorLog, "a");
  const env = {
    ...process.env,
    MAILROOM_DATA_DIR: dataDir,
    MAILROOM_HOSTNAME: "mx.campus.test",
    MAILROOM_SMTP_LISTEN: `127.0.0.1:${ports.smtpPort}`,
    MAILROOM_HTTP_LISTEN: `127.0.0.1:${ports.httpPort}`,
    MAILROOM_LOG_FORMAT: "json",
    MAILROOM_QUEUE_RETRY: "1s,2s,5s",
    MAILROOM_QUEUE_LEASE: "20s",
  };
  let child: ChildProcess;
  const start = async (): Promise<void> => {
    child = spawn(process.execPath, [CLI, "serve"], { env, cwd: dataDir, stdio: ["ignore", "pipe", errors] });
    await ready(child);
  };
  await start();
  return {
    smtpPort: ports.smtpPort,
    dataDir,
    pid: () => child.pid ?? 0,
    cli: (...args) =>
      execFileSync(process.execPath, [CLI, ...args], { env, cwd: dataDir, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }),
    async killAndRestart() {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGKILL");
      await ended;
      await start();
    },
    async stop() {
      const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
      child.kill("SIGTERM");
      const code = await ended;
      rmSync(dataDir, { recursive: true, force: true });
      if (code === 0) rmSync(errorLog);
      else console.error(`its last words are in ${errorLog}`);
      return code;
    },
  };
}

function ready(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`mailroom serve ended with ${code} before it was ready`)));
    if (!child.stdout) throw new Error("no stdout");
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (line.includes('"msg":"ready"')) resolve();
    });
  });
}
