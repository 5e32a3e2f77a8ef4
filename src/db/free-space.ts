import { statfs } from "node:fs/promises";
import type { Log } from "../log/log.ts";

export type FreeSpace = { low(): boolean; stop(): void };

const EVERY_MS = 2000;

/**
 * Watches the volume of the database. `low` is true while less than `octets` and less than `share` of it is free: then no new mail is
 * taken (452 4.3.1), so that what is queued can still be delivered and settled, which needs a little space as well. With no folder (the
 * database is elsewhere) it is never low here: that machine's own monitoring has to see it.
 */
export async function watchFreeSpace(folder: string | null, least: { octets: number; share: number }, log: Log): Promise<FreeSpace> {
  if (folder === null) return { low: () => false, stop: () => undefined };
  let low = false;
  const look = async (): Promise<void> => {
    const { bavail, blocks, bsize } = await statfs(folder);
    const free = bavail * bsize;
    const isLow = free < Math.min(least.octets, blocks * bsize * least.share);
    if (isLow !== low)
      log.warn(isLow ? "the database's volume is almost full: no new mail is taken" : "the database's volume has space again", {
        folder,
        free,
      });
    low = isLow;
  };
  await look();
  const timer = setInterval(
    () => void look().catch((error: unknown) => log.warn("free space is unknown", { folder, error: String(error) })),
    EVERY_MS,
  );
  timer.unref();
  return { low: () => low, stop: () => clearInterval(timer) };
}
