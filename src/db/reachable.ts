import { setTimeout as sleep } from "node:timers/promises";
import type { Log } from "../log/log.ts";
import type { Db } from "./client.ts";

export type Reachable = { now(): boolean; stop(): void };

const EVERY_MS = 1000;

/** Asks the database every second whether it answers. Without it nothing can be promised, so nothing is accepted. */
export function watchReachable(db: Db, log: Log): Reachable {
  let reachable = true;
  let stopped = false;
  const set = (answered: boolean): void => {
    if (answered === reachable || stopped) return;
    reachable = answered;
    if (answered) log.info("the database answers again");
    else log.error("the database does not answer: no mail is taken until it does");
  };
  const watch = async (): Promise<void> => {
    while (!stopped) {
      await db.query({ text: "select 1" }).then(
        () => set(true),
        () => set(false),
      );
      await sleep(EVERY_MS, undefined, { ref: false });
    }
  };
  void watch();
  return {
    now: () => reachable,
    stop: () => {
      stopped = true;
    },
  };
}
