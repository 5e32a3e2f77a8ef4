import { spawn, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const ENTRY = fileURLToPath(new URL("../../dist/cli/mailroom.js", import.meta.url));

// What people run is what is tested. `npm test` has built it already; vitest alone has not.
const built = spawnSync(process.execPath, ["--import", "tsx", "scripts/build.ts", "--if-stale"], { cwd: ROOT, encoding: "utf8" });
if (built.status !== 0) throw new Error(`npm run build failed:\n${built.stdout}${built.stderr}`);

export type Ended = { readonly code: number | null; readonly signal: NodeJS.Signals | null; readonly out: string; readonly err: string };
export type RunOptions = { readonly cwd: string; readonly env?: Readonly<Record<string, string>>; readonly stdin?: string };

/** The environment a command gets: nothing of ours but what finds programs. */
const bare = () => ({ PATH: process.env["PATH"] ?? "", HOME: process.env["HOME"] ?? "/", TMPDIR: process.env["TMPDIR"] ?? "/tmp" });

/** The command line that runs `mailroom`. */
export const commandLine = (args: readonly string[]): string[] => [process.execPath, ENTRY, ...args];

/** Runs `mailroom ARGS` as a process of its own, without a terminal. */
export function mailroom(args: readonly string[], options: RunOptions): Promise<Ended> {
  return run(commandLine(args), options);
}

/** The same on a pseudo-terminal of script(1), `typed` by the one who sits there; stdout and stderr arrive as one. */
export function onTerminal(args: readonly string[], typed: string, options: RunOptions): Promise<Ended> {
  const line = commandLine(args)
    .map((word) => `'${word.replaceAll("'", "'\\''")}'`)
    .join(" ");
  return run(["script", "-qec", line, "/dev/null"], { ...options, stdin: typed });
}

function run([program = "", ...args]: readonly string[], { cwd, env = {}, stdin = "" }: RunOptions): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env: { ...bare(), ...env } });
    const texts = { out: "", err: "" };
    child.stdout.setEncoding("utf8").on("data", (piece: string) => {
      texts.out += piece;
    });
    child.stderr.setEncoding("utf8").on("data", (piece: string) => {
      texts.err += piece;
    });
    child.stdin.on("error", () => {}); // it may end without reading
    child.stdin.end(stdin);
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code, signal, ...texts }));
  });
}
