import { readdirSync, readFileSync, readlinkSync } from "node:fs";

export type LeftProcess = { readonly pid: number; readonly command: string };

/**
 * Processes that still have to do with `folder`: by their program, working directory, command line or environment. All data of a test
 * run lie in such a folder of its own, so this finds even a server that was started detached with an empty environment. Linux only.
 */
export function processesOf(folder: string): LeftProcess[] {
  const left: LeftProcess[] = [];
  for (const name of listProcesses()) {
    const pid = Number(name);
    if (pid === process.pid || !mentions(pid, folder)) continue;
    left.push({ pid, command: read(pid, "cmdline").replaceAll("\0", " ").trim() });
  }
  return left;
}

function listProcesses(): string[] {
  try {
    return readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  } catch {
    return []; // no /proc: another system, nothing can be said
  }
}

const mentions = (pid: number, folder: string) =>
  read(pid, "cmdline").includes(folder) ||
  read(pid, "environ").includes(folder) ||
  link(pid, "exe").startsWith(folder) ||
  link(pid, "cwd").startsWith(folder);

/** A file of the process; empty when it has ended meanwhile or belongs to somebody else. */
function read(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "latin1");
  } catch {
    return "";
  }
}

function link(pid: number, file: string): string {
  try {
    return readlinkSync(`/proc/${pid}/${file}`);
  } catch {
    return "";
  }
}
