/** The LDAP sources of a process, put together from the settings, and the people and groups they know. */
import type { Settings } from "./config/settings-tree.ts";
import type { Db } from "./db/client.ts";
import type { Directory } from "./directory/directory.ts";
import { type LdapSource, openLdapSource } from "./directory/ldap/open-source.ts";
import { openPeople } from "./directory/people/open-people.ts";
import type { Log } from "./log/log.ts";

/** How often the sources are compared as a whole with what is known of them, by one node. Milliseconds. */
const COMPARE_EVERY = 15 * 60_000;
/** How often each node looks whether that is due. Milliseconds. */
const LOOK_EVERY = 60_000;

export type Ldap = {
  readonly sources: readonly LdapSource[];
  /** The directory, with LDAP behind it. The same when there are no sources. */
  readonly directory: Directory;
  close(): Promise<void>;
};

/** In the order of the settings. Throws when a filter of theirs is none. */
function openSources(settings: Settings, directory: Pick<Directory, "domains">): LdapSource[] {
  const names = async (): Promise<readonly string[]> => {
    const domains = await directory.domains();
    if (domains.kind !== "found") throw domains.kind === "unavailable" ? domains.cause : new Error("our domains are not known");
    return [...domains.value.keys()];
  };
  return settings.ldap.map((source) => openLdapSource(source, names));
}

/** `compares`: this process also keeps what is known of the sources up to date. */
export async function openLdap(db: Db, directory: Directory, settings: Settings, log: Log, compares: boolean): Promise<Ldap> {
  const sources = openSources(settings, directory);
  if (sources.length === 0) return { sources, directory, close: async () => undefined };
  const opened = await openPeople(db, sources, {
    freshMs: settings.ldapCache.fresh,
    staleMs: settings.ldapCache.stale,
    log,
    now: Date.now,
  });
  const look = (): void => void opened.syncAll(COMPARE_EVERY);
  const timer = compares ? setInterval(look, LOOK_EVERY).unref() : undefined;
  if (compares) look();
  return {
    sources,
    directory: { ...directory, people: opened.people },
    async close() {
      clearInterval(timer);
      for (const source of sources) source.close();
      await opened.close();
    },
  };
}
