/** Facts about processes, and the programs of Postgres as child processes. */
import { execFile, spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import type { Account } from "./account.ts";

const ps = promisify(execFile);

/** When a process started, in a form to compare; with its pid it names the process for good. Null: there is none. */
export async function startTimeOf(pid: number): Promise<string | null> {
  if (process.platform !== "linux") return psField(pid, "lstart");
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" "); // the name in parentheses may hold blanks and parentheses
    if (fields[0] === "Z" || fields[0] === "X") return null; // dead, only not yet waited for
    const boot = (await readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim();
    return `${boot}/${fields[19]}`;
  } catch {
    return null;
  }
}

/** True when the pid is a Postgres server of this cluster, and not whatever got its number after a restart of the machine. */
export async function isServerOf(pid: number, cluster: string): Promise<boolean> {
  if ((await startTimeOf(pid)) === null) return false;
  const command =
    process.platform === "linux" ? await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "") : await psField(pid, "command");
  return command?.replaceAll("\0", " ").includes(` -D ${cluster} `) ?? false;
}

async function psField(pid: number, field: string): Promise<string | null> {
  try {
    return (await ps("ps", ["-o", `${field}=`, "-p", String(pid)])).stdout.trim() || null;
  } catch {
    return null;
  }
}

/** Empty but for what keeps messages in English: no PG* variable, no LD_PRELOAD or locale of ours reaches Postgres. */
const ENVIRONMENT = { LC_ALL: "C", PATH: "/usr/bin:/bin" };

/** Options of every child: its account, a working directory it can enter. */
export const asAccount = ({ switchTo }: Account) => ({ cwd: "/", env: ENVIRONMENT, ...switchTo });

/** Runs a program of Postgres to its end. `code` is null when it could not even start; `output` is both of its streams. */
export async function runProgram(
  program: string,
  args: readonly string[],
  account: Account,
): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { ...asAccount(account), stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    const take = (octets: Buffer) => {
      if (output.length < 64 * 1024) output += octets.toString();
    };
    child.stdout.on("data", take);
    child.stderr.on("data", take);
    child.on("error", (error) => resolve({ code: null, output: error.message }));
    child.on("close", (code) => resolve({ code: code ?? -1, output: output.trim() }));
  });
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Sends SIGINT (fast shutdown: open transactions are rolled back), after `patienceMs` SIGQUIT (crash recovery at the next start). */
export async function stopServer(pid: number, patienceMs = 30_000): Promise<void> {
  if (await endsAfter(pid, "SIGINT", patienceMs)) return;
  if (await endsAfter(pid, "SIGQUIT", 10_000)) return;
  await endsAfter(pid, "SIGKILL", 5_000);
}

async function endsAfter(pid: number, signal: NodeJS.Signals, patienceMs: number): Promise<boolean> {
  const started = await startTimeOf(pid);
  if (started === null) return true;
  try {
    process.kill(pid, signal);
  } catch {
    // it went in this very moment, or we may not: the loop will tell
  }
  for (let waited = 0; waited < patienceMs; waited += 10) {
    if ((await startTimeOf(pid)) !== started) return true;
    await pause(10);
  }
  return false;
}
