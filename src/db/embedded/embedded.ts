/**
 * The embedded Postgres: a real server of our own in the data directory, reached through its socket only. One process
 * supervises it; others that use the same data directory attach. What a killed supervisor leaves behind is stopped, and a
 * server that dies is started again. Trusts its own account's files; starts no program but Postgres'.
 */
import type { Log } from "../../log/log.ts";
import type { Connection } from "../connection.ts";
import { faultFields } from "../faults.ts";
import { acquire, attach, type Hold, ownerFileOf } from "./acquire.ts";
import { asFault } from "./fault.ts";
import { removeSocketDirectory } from "./home.ts";
import { connectionAt } from "./launch.ts";
import { forgetOwner, isAlive, readOwner } from "./owner.ts";
import { pause, stopServer } from "./process.ts";

export type Embedded = {
  readonly connection: Connection;
  /** True when another process supervised the server as we came: stop() leaves it running, unless we had to take it over since. */
  readonly attached: boolean;
  /** Close all pools first. Fast shutdown, no recovery at the next start. May be called twice. */
  stop(): Promise<void>;
};

/** Throws EmbeddedFault (exit code 78) with a hint when it cannot be started. */
export async function startEmbedded({ dataDir, log }: { dataDir: string; log: Log }): Promise<Embedded> {
  const first = await hold(dataDir, log);
  const supervisor = new Supervisor(dataDir, log, first);
  return { connection: connectionAt(first.socketDirectory), attached: first.child === null, stop: () => supervisor.stop() };
}

async function hold(dataDir: string, log: Log): Promise<Hold> {
  try {
    return (await attach(dataDir)) ?? (await acquire(dataDir, log));
  } catch (error) {
    throw asFault(error, dataDir);
  }
}

/** How often an attached process looks whether the owner and its server are still there. */
const WATCH_MS = 1000;
const RESTART_FIRST_MS = 100;
const RESTART_LAST_MS = 10_000;

/** Keeps a server running until stop(): pools notice a restart as a short outage, the socket stays where it is. */
class Supervisor {
  readonly #dataDir: string;
  readonly #log: Log;
  #held: Hold;
  #restarting: Promise<void> | null = null;
  #watch: NodeJS.Timeout | undefined;
  #isStopping = false;
  #stopped: Promise<void> | null = null;

  constructor(dataDir: string, log: Log, first: Hold) {
    this.#dataDir = dataDir;
    this.#log = log;
    this.#held = first;
    this.#supervise();
  }

  stop(): Promise<void> {
    this.#isStopping = true;
    clearTimeout(this.#watch);
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    await this.#restarting;
    process.off("exit", this.#onExit);
    if (this.#held.child === null) return;
    await stopServer(this.#held.serverPid);
    await forgetOwner(ownerFileOf(this.#dataDir), this.#held.serverPid);
    await removeSocketDirectory(this.#held.socketDirectory);
  }

  #supervise(): void {
    const { child } = this.#held;
    process.off("exit", this.#onExit);
    if (!child) {
      this.#watchLater();
      return;
    }
    process.on("exit", this.#onExit);
    if (child.exitCode !== null || child.signalCode !== null) this.#ended(child.exitCode, child.signalCode);
    else child.once("exit", (code, signal) => this.#ended(code, signal));
  }

  /** A process that ends without stop() takes its server along; only kill -9 leaves it behind. */
  readonly #onExit = (): void => {
    try {
      process.kill(this.#held.serverPid, "SIGINT");
    } catch {
      // it is gone already
    }
  };

  #ended(code: number | null, signal: NodeJS.Signals | null): void {
    if (this.#isStopping) return;
    this.#log.error("postgres ended unexpectedly", { code, signal });
    this.#restarting = this.#restart();
  }

  #watchLater(): void {
    this.#watch = setTimeout(() => void this.#look(), WATCH_MS);
    this.#watch.unref();
  }

  async #look(): Promise<void> {
    const owner = await readOwner(ownerFileOf(this.#dataDir));
    if (this.#isStopping) return;
    if (owner?.serverPid === this.#held.serverPid && (await isAlive(owner))) {
      this.#watchLater();
      return;
    }
    this.#log.warn("the process that ran postgres is gone, taking over");
    this.#restarting = this.#restart();
  }

  async #restart(): Promise<void> {
    for (let delay = RESTART_FIRST_MS; !this.#isStopping; delay = Math.min(delay * 2, RESTART_LAST_MS)) {
      try {
        this.#held = await hold(this.#dataDir, this.#log);
        this.#log.info("postgres is back", { attached: this.#held.child === null });
        if (!this.#isStopping) this.#supervise();
        return;
      } catch (error) {
        this.#log.error("postgres cannot be started again", faultFields(error));
        await pause(delay);
      }
    }
  }
}
