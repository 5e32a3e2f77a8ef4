const PATIENCE_MS = 15_000;
const PAUSE_MS = 20;

/** Waits until the check passes: long enough for a loaded machine, and over as soon as it does. Throws what the last check threw. */
export async function eventually<T>(check: () => T | Promise<T>): Promise<T> {
  for (const since = performance.now(); ; await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() - since > PATIENCE_MS) throw error;
    }
  }
}
