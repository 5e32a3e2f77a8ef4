import type { Db } from "../db/client.ts";
import type { Log } from "../log/log.ts";
import type { DirectoryCache } from "./cache.ts";

export type Changes = {
  /** True while every change is heard of. A connection that died without a word is noticed after 4 s at the latest. */
  heard(): boolean;
  stop(): Promise<void>;
};

/** Makes the cache forget what has changed. The triggers of the directory tables say what that is, when the change is committed. */
export function hearChanges(db: Db, cache: DirectoryCache, log: Log): Changes {
  let isHealthy = (): boolean => false;
  const listening = db
    .listen(
      "directory_changed",
      (payload) => forget(cache, payload),
      () => cache.forgetEverything(), // there may have been changes while nobody listened
    )
    .then(
      (subscription) => {
        isHealthy = () => subscription.healthy();
        return subscription;
      },
      (error: unknown) => {
        log.warn("directory changes are not heard; every lookup asks the database", { error: String(error) });
        return null;
      },
    );
  return {
    heard: () => isHealthy(),
    stop: async () => {
      const subscription = await listening;
      isHealthy = () => false;
      await subscription?.stop();
    },
  };
}

/** What cannot be read may mean anything. */
function forget(cache: DirectoryCache, payload: string): void {
  const addresses = addressesIn(payload);
  if (payload === "domains") cache.forgetDomains();
  else if (addresses === null) cache.forgetEverything();
  else cache.forgetEntries(addresses);
}

function addressesIn(payload: string): string[] | null {
  if (!payload.startsWith("[")) return null;
  try {
    const value: unknown = JSON.parse(payload);
    return Array.isArray(value) && value.every((one) => typeof one === "string") ? value : null;
  } catch {
    return null;
  }
}
