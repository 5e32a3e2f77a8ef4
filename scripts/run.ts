import { spawn } from "node:child_process";

/** How one command ended: its exit code; 1 when a signal ended it or it could not be started. */
export type Ended = { readonly code: number; readonly output: string };

/** Runs a command with our own stdin, stdout and stderr. SIGINT and SIGTERM go on to it, and we wait for its end. */
export async function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<number> {
  return (await start(command, args, env, "inherit")).code;
}

/** Runs a command and keeps what it printed on either stream. */
export async function capture(command: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<Ended> {
  return await start(command, args, env, "pipe");
}

function start(command: string, args: readonly string[], env: NodeJS.ProcessEnv, output: "inherit" | "pipe"): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { env, stdio: ["inherit", output, output] });
    const pieces: Buffer[] = [];
    const pass = (signal: NodeJS.Signals) => child.kill(signal);
    const end = (code: number) => {
      process.off("SIGINT", pass).off("SIGTERM", pass);
      resolve({ code, output: Buffer.concat(pieces).toString("utf8") });
    };
    process.on("SIGINT", pass).on("SIGTERM", pass);
    child.stdout?.on("data", (piece: Buffer) => pieces.push(piece));
    child.stderr?.on("data", (piece: Buffer) => pieces.push(piece));
    child.on("error", (error) => {
      pieces.push(Buffer.from(`${command}: ${error.message}\n`));
      if (output === "inherit") console.error(`${command}: ${error.message}`);
      end(1);
    });
    child.on("close", (code) => end(code ?? 1));
  });
}
