/** What can happen to a server. Each strike returns when it has happened; the rig brings back what nobody else does. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { RigServer } from "./rig-server.ts";

export type Nemesis = "server" | "worker" | "postgres";

export const nemeses: Readonly<Record<Nemesis, { readonly what: string; strike(server: RigServer): Promise<void> }>> = {
  server: {
    what: "kill -9 of the parent process",
    async strike(server) {
      await server.killAndRestart();
    },
  },
  worker: {
    what: "kill -9 of a worker",
    strike(server) {
      const workers = childrenOf(server.pid()).filter((pid) => commandLine(pid).includes("worker"));
      const victim = workers[Math.floor(Math.random() * workers.length)];
      if (victim !== undefined) process.kill(victim, "SIGKILL");
      return Promise.resolve();
    },
  },
  postgres: {
    what: "immediate stop of Postgres",
    strike(server) {
      const file = join(server.dataDir, "postgres", "cluster", "postmaster.pid");
      if (existsSync(file)) process.kill(Number(readFileSync(file, "utf8").split("\n")[0]), "SIGQUIT");
      return Promise.resolve();
    },
  },
};

const childrenOf = (pid: number): number[] => {
  try {
    return execFileSync("ps", ["-o", "pid=", "--ppid", String(pid)], { encoding: "utf8" })
      .split("\n")
      .filter(Boolean)
      .map(Number);
  } catch {
    return [];
  }
};

const commandLine = (pid: number): string => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    return "";
  }
};
