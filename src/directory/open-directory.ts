import type { Db, Queryable } from "../db/client.ts";
import type { Log } from "../log/log.ts";
import { absent, found, type Lookup, unavailable } from "../mail/lookup.ts";
import { batched } from "./batches.ts";
import { DirectoryCache } from "./cache.ts";
import type { Directory, Entry } from "./directory.ts";
import { hearChanges } from "./hear-changes.ts";
import { MX_ROUTE } from "./route-url.ts";
import { type Domains, readDomains, readEntries } from "./tables.ts";

/** A dialogue waits no longer for an answer; then it is "unavailable". Milliseconds. */
const PATIENCE = 3000;

/** Entries and targets kept by one process: 66 MiB when it is full of aliases with one target. */
const CACHE_WEIGHT = 200_000;

/** More than LIMITS.hops of resolve/ lets one expansion have: such a question is refused in the end, and a larger one waits (451). */
const MOST_IN_LISTS = 300_000;

export type DirectoryOptions = { readonly log: Log; readonly cacheWeight?: number };

/**
 * The directory in Postgres. Any error, and any answer that takes longer than 3 s, is "unavailable". Answers are kept in memory and are
 * exact all the same: a committed change, by whatever hand, is heard of by NOTIFY. While notifications may be getting lost every question
 * goes to the database.
 */
export function openDirectory(db: Db, { log, cacheWeight = CACHE_WEIGHT }: DirectoryOptions): Directory {
  const cache = new DirectoryCache(cacheWeight);
  const changes = hearChanges(db, cache, log);
  return directoryOver(
    db,
    cache,
    () => changes.heard(),
    () => changes.stop(),
  );
}

/** The directory as one transaction, or one command, sees it: nothing is kept. */
export function readDirectory(db: Queryable): Directory {
  return directoryOver(
    db,
    new DirectoryCache(1),
    () => false,
    async () => undefined,
  );
}

/** Domains and routes are asked for whole, as if they were one key. */
const ALL = ["*"];
const NO_DOMAINS: Domains = { byName: new Map(), routes: new Map(), forwarding: { forbidden: new Set(), routed: new Set() } };

/** `usable`: whether the cache may be used now. */
function directoryOver(db: Queryable, cache: DirectoryCache, usable: () => boolean, close: () => Promise<void>): Directory {
  const readingDomains = batched(async () => {
    const read = cache.begin();
    try {
      const domains = await readDomains(db);
      if (usable()) cache.keepDomains(read, domains);
      return domains;
    } finally {
      cache.giveUp(read);
    }
  });
  const askEntries = batched(async (keys) => {
    const read = cache.begin();
    try {
      const entries = await readEntries(db, keys, MOST_IN_LISTS);
      if (usable()) cache.keepEntries(read, keys, entries);
      return entries;
    } finally {
      cache.giveUp(read);
    }
  });
  const askDomains = async (): Promise<Domains> => (await readingDomains(ALL))[0] ?? NO_DOMAINS;
  const withDomains = async <T>(answer: (domains: Domains) => Lookup<T>): Promise<Lookup<T>> => {
    if (cache.domains !== null && usable()) return answer(cache.domains);
    return inTime(async () => answer(await askDomains()));
  };

  return {
    domain: (name) =>
      withDomains(({ byName }) => {
        const domain = byName.get(name);
        return domain === undefined ? absent : found(domain);
      }),
    domains: () => withDomains(({ byName }) => found(byName)),
    forwarding: () => withDomains(({ forwarding }) => found(forwarding)),
    route: (domain) =>
      withDomains(({ routes }) => {
        const route = routes.get(domain) ?? routes.get("*") ?? MX_ROUTE;
        return route instanceof Error ? unavailable(route) : found(route);
      }),
    entries: async (addresses) => {
      const entries = new Map<string, Entry>();
      const unknown: string[] = [];
      const mayUse = usable();
      for (const { key } of addresses) {
        const known = mayUse ? cache.entry(key) : undefined;
        if (known === undefined) unknown.push(key);
        else if (known !== null) entries.set(key, known);
      }
      if (unknown.length === 0) return found(entries);
      return inTime(async () => {
        const answers = await askEntries(unknown);
        for (const key of unknown) {
          const entry = answers.map((answer) => answer.get(key)).find((one) => one !== undefined);
          if (entry !== undefined) entries.set(key, entry);
        }
        return found(entries);
      });
    },
    generation: () => (usable() ? cache.generation : null),
    close,
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
