import { performance } from "node:perf_hooks";
import type { Db } from "../db/client.ts";
import type { Log } from "../log/log.ts";
import { beat } from "./heartbeat.ts";

/** The database's clock, as this node knows it: its last reading plus our monotonic time since. A jump of the node's own clock changes nothing. */
export type DatabaseClock = { now(): Date; stop(): void };

/** Beats four times in a lease, which also keeps the clock near the database's. */
export async function createDatabaseClock(db: Db, nodeNo: number, leaseSeconds: number, log: Log): Promise<DatabaseClock> {
  let reading = { at: performance.now(), time: (await beat(db, nodeNo, leaseSeconds)).getTime() };
  const timer = setInterval(
    () => {
      beat(db, nodeNo, leaseSeconds).then(
        (time) => {
          reading = { at: performance.now(), time: time.getTime() };
        },
        (error: unknown) => log.warn("the node's heartbeat failed", { error: String(error) }),
      );
    },
    (leaseSeconds * 1000) / 4,
  );
  timer.unref();
  return { now: () => new Date(reading.time + (performance.now() - reading.at)), stop: () => clearInterval(timer) };
}
