/** The LDAP sources of a process, put together from the settings, and the people and groups they know. */
import type { Settings } from "./config/settings-tree.ts";
import type { Db } from "./db/client.ts";
import type { Directory } from "./directory/directory.ts";
import { type LdapSource, openLdapSource } from "./directory/ldap/open-source.ts";
import type { Observe } from "./directory/ldap/pool.ts";
import { openPeople } from "./directory/people/open-people.ts";
import type { Log } from "./log/log.ts";
import type { Metrics } from "./log/metrics.ts";

/** How often the sources are compared as a whole with what is known of them, by one node. Milliseconds. */
const COMPARE_EVERY = 15 * 60_000;
/** How often each node looks whether that is due. Milliseconds. */
const LOOK_EVERY = 60_000;
/** How often each node looks whether the sources are there, so that /readyz and the metrics say so when no mail comes. Milliseconds. */
const PING_EVERY = 5000;

export type Ldap = {
  readonly sources: readonly LdapSource[];
  /** The directory, with LDAP behind it. The same when there are no sources. */
  readonly directory: Directory;
  close(): Promise<void>;
};

/** In the order of the settings. Throws when a filter of theirs is none. */
function openSources(settings: Settings, directory: Pick<Directory, "domains">, metrics: Metrics | null): LdapSource[] {
  const names = async (): Promise<readonly string[]> => {
    const domains = await directory.domains();
    if (domains.kind !== "found") throw domains.kind === "unavailable" ? domains.cause : new Error("our domains are not known");
    return [...domains.value.keys()];
  };
  return settings.ldap.map((source) => openLdapSource(source, names, observing(source.name, metrics)));
}

function observing(source: string, metrics: Metrics | null): Observe | undefined {
  if (metrics === null) return undefined;
  return (result, seconds) => {
    metrics.ldapRequests.inc({ source, result });
    if (result === "leftAlone") return;
    metrics.ldapSeconds.observe({ source }, seconds);
    metrics.ldapUp.set({ source }, result === "lost" ? 0 : 1);
    if (result === "answered") metrics.ldapLastSuccess.set({ source }, Date.now() / 1000);
  };
}

/** `node`: the metrics of a node, which also keeps what is known of the sources up to date; null: a command, or one question. */
export async function openLdap(db: Db, directory: Directory, settings: Settings, log: Log, node: Metrics | null): Promise<Ldap> {
  const sources = openSources(settings, directory, node);
  if (sources.length === 0) return { sources, directory, close: async () => undefined };
  const opened = await openPeople(db, sources, {
    freshMs: settings.ldapCache.fresh,
    staleMs: settings.ldapCache.stale,
    log,
    now: Date.now,
  });
  const look = (): void => void opened.syncAll(COMPARE_EVERY);
  const ping = (): void => {
    for (const source of sources) source.ping().catch(() => undefined); // who counts the questions has heard of it
  };
  const timers = node === null ? [] : [setInterval(look, LOOK_EVERY).unref(), setInterval(ping, PING_EVERY).unref()];
  if (node !== null) look();
  return {
    sources,
    directory: { ...directory, people: opened.people },
    async close() {
      for (const timer of timers) clearInterval(timer);
      for (const source of sources) source.close();
      await opened.close();
    },
  };
}
