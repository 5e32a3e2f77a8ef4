import type { Queryable } from "../db/client.ts";
import { absent, found, type Lookup, unavailable } from "../mail/lookup.ts";
import { batched } from "./batches.ts";
import type { Directory, Entry } from "./directory.ts";
import { MX_ROUTE } from "./route-url.ts";
import { readDomains, readEntries } from "./tables.ts";

/** A dialogue waits no longer for an answer; then it is "unavailable". Milliseconds. */
const PATIENCE = 3000;

/** The directory in Postgres. Any error, and any answer that takes longer than 3 s, is "unavailable". */
export function openDirectory(db: Queryable): Directory {
  const askDomains = batched(async () => readDomains(db));
  const askEntries = batched((keys) => readEntries(db, keys));
  const domains = async () => (await askDomains([""]))[0] ?? { byName: new Map(), routes: new Map() };
  return {
    domain: (name) =>
      inTime(async () => {
        const domain = (await domains()).byName.get(name);
        return domain === undefined ? absent : found(domain);
      }),
    domains: () => inTime(async () => found((await domains()).byName)),
    entries: (addresses) =>
      inTime(async () => {
        const answers = await askEntries(addresses.map(({ key }) => key));
        const entries = new Map<string, Entry>();
        for (const { key } of addresses) {
          const entry = answers.map((answer) => answer.get(key)).find((one) => one !== undefined);
          if (entry !== undefined) entries.set(key, entry);
        }
        return found(entries);
      }),
    route: (domain) =>
      inTime(async () => {
        const { routes } = await domains();
        const route = routes.get(domain) ?? routes.get("*") ?? MX_ROUTE;
        return route instanceof Error ? unavailable(route) : found(route);
      }),
    close: async () => undefined,
  };
}

/** The answer, or "unavailable" for an error or after PATIENCE. */
async function inTime<T>(ask: () => Promise<Lookup<T>>): Promise<Lookup<T>> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Lookup<T>>((resolve) => {
    timer = setTimeout(() => resolve(unavailable(new Error(`the directory took longer than ${PATIENCE} ms`))), PATIENCE);
  });
  try {
    return await Promise.race([ask(), late]);
  } catch (error) {
    return unavailable(error);
  } finally {
    clearTimeout(timer);
  }
}
