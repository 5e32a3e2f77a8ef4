import { spawn } from "node:child_process";

/** How one command ended: its exit code; 1 when a signal ended it or it could not be started. `output` is both streams as they came. */
export type Ended = { readonly code: number; readonly output: string; readonly stdout: string };

/** Runs a command with our own stdin, stdout and stderr. SIGINT and SIGTERM go on to it, and we wait for its end. */
export async function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<number> {
  return (await start(command, args, env, "inherit")).code;
}

/** Runs a command, in `cwd` if given, and keeps what it printed on either stream. */
export function capture(command: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env, cwd = "."): Promise<Ended> {
  return start(command, args, env, "pipe", cwd);
}

function start(command: string, args: readonly string[], env: NodeJS.ProcessEnv, output: "inherit" | "pipe", cwd = "."): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { env, cwd, stdio: [output === "pipe" ? "ignore" : "inherit", output, output] });
    const both: Buffer[] = [];
    const stdout: Buffer[] = [];
    const text = (pieces: readonly Buffer[]) => Buffer.concat(pieces).toString("utf8");
    const pass = (signal: NodeJS.Signals) => child.kill(signal);
    const end = (code: number) => {
      process.off("SIGINT", pass).off("SIGTERM", pass);
      resolve({ code, output: text(both), stdout: text(stdout) });
    };
    process.on("SIGINT", pass).on("SIGTERM", pass);
    child.stdout?.on("data", (piece: Buffer) => both.push(piece) && stdout.push(piece));
    child.stderr?.on("data", (piece: Buffer) => both.push(piece));
    child.on("error", (error) => {
      both.push(Buffer.from(`${command}: ${error.message}\n`));
      if (output === "inherit") console.error(`${command}: ${error.message}`);
      end(1);
    });
    child.on("close", (code) => end(code ?? 1));
  });
}
