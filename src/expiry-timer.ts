/** Looks for addresses that are about to expire, now and then. Every node does; what one has told, the others do not tell again. */
import { type ExpiryDeps, sendExpiryNotices } from "./report/expiry-notices.ts";

const EVERY_MS = 10 * 60_000;

export type ExpiryTimer = { stop(): Promise<void> };

export function startExpiryTimer(deps: ExpiryDeps): ExpiryTimer {
  let running: Promise<void> = Promise.resolve();
  const run = (): void => {
    running = running.then(async () => {
      try {
        await sendExpiryNotices(deps, new Date());
      } catch (error) {
        deps.log.warn("owners are told later that their addresses expire", { error: String(error) });
      }
    });
  };
  run();
  const timer = setInterval(run, EVERY_MS).unref();
  return {
    async stop() {
      clearInterval(timer);
      await running;
    },
  };
}
