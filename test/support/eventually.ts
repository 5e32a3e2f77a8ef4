import { vi } from "vitest";

/** Waits until the check passes: long enough for a loaded machine, and over as soon as it does. */
export const eventually = <T>(check: () => T | Promise<T>): Promise<T> => vi.waitFor(check, { timeout: 15_000, interval: 20 });
