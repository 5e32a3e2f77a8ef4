/** The people and groups of all LDAP sources, in their order: the first that knows an address says what it means. */
import { LRUCache } from "lru-cache";
import type { Db, Queryable } from "../../db/client.ts";
import type { Mailbox } from "../../mail/mailbox.ts";
import type { Directory, Entry, Life, People } from "../directory.ts";
import { filterAddress, filterOf, noSource } from "../filter-address.ts";
import type { KnownEntry, Source } from "./source.ts";
import { type Answer, SourceAnswers, type SourceAnswersOptions } from "./source-answers.ts";
import { sync } from "./sync.ts";
import { Writer } from "./writer.ts";

export type PeopleOptions = Pick<SourceAnswersOptions, "freshMs" | "staleMs" | "log" | "now">;

export type OpenPeople = {
  readonly people: NonNullable<Directory["people"]>;
  /** Compares every source as a whole with what is known of it, unless that was done less than `restMs` ago. Never rejects. */
  syncAll(restMs: number): Promise<void>;
  close(): Promise<void>;
};

/** After a doubt the source is compared at once; not again before this. Milliseconds. */
const REST_AFTER_DOUBT = 15_000;

/** A change that a person made must be seen at once: `mailroom ldap accept` says so. */
export const LDAP_CHANGED_CHANNEL = "ldap_changed";

/** `sources` in the order in which they count. Their owner closes them. */
export async function openPeople(db: Db, sources: readonly Source[], options: PeopleOptions): Promise<OpenPeople> {
  const { log } = options;
  const opened = sources.map((source) => open(db, source, options));
  const forget = (): void => {
    for (const { answers } of opened) answers.forget();
  };
  const changed = await db.listen(LDAP_CHANGED_CHANNEL, forget, forget);
  const reported = new LRUCache<string, true>({ max: 10_000 });
  return {
    async people(addresses) {
      const byAddress = await Promise.all(opened.map(({ answers }) => answers.ask(addresses.filter((one) => mayKnow(answers.name, one)))));
      const people = inOrder(
        addresses,
        opened.map(({ answers }, i) => ({ source: answers.name, answers: byAddress[i] ?? new Map() })),
      );
      for (const { address, ldap } of people.byKey.values()) {
        if (ldap === undefined || ldap.shadowed.length === 0 || reported.has(address.key)) continue;
        reported.set(address.key, true);
        log.warn("an address is known to several LDAP sources; the first counts", {
          address: address.key,
          source: ldap.source,
          ignored: ldap.shadowed.join(", "),
        });
      }
      return people;
    },
    async syncAll(restMs) {
      for (const { compare } of opened) await compare(restMs);
    },
    async close() {
      await changed.stop();
      await Promise.all(opened.map(({ settled }) => settled()));
      await Promise.all(opened.map(({ writer }) => writer.flush()));
    },
  };
}

/** A list's filter is of one source. */
const mayKnow = (source: string, address: Mailbox): boolean => (filterOf(address)?.source ?? source) === source;

type Opened = {
  readonly answers: SourceAnswers;
  readonly writer: Writer;
  /** Never rejects. */
  readonly compare: (restMs: number) => Promise<void>;
  /** No comparison is under way that a doubt began. */
  readonly settled: () => Promise<void>;
};

function open(db: Db, source: Source, options: PeopleOptions): Opened {
  const { log } = options;
  const writer = new Writer(db, source.name, log);
  const answers = new SourceAnswers(db, source, writer, { ...options, doubt: () => doubt() });
  const compare = async (restMs: number): Promise<void> => {
    try {
      await writer.flush();
      const comparison = await sync(db, source, log, restMs);
      if (comparison !== null) await answers.ask(await filtersAt(db, source.name));
      if (comparison !== null) log.debug("an LDAP source was compared", { source: source.name, entries: comparison.listed.length });
    } catch (error) {
      log.warn("an LDAP source could not be compared as a whole", { source: source.name, error: String(error) });
    }
  };
  let comparing: Promise<void> | null = null;
  const doubt = (): void => {
    comparing ??= compare(REST_AFTER_DOUBT).finally(() => {
      comparing = null;
    });
  };
  return {
    answers,
    writer,
    compare,
    settled: async () => comparing ?? undefined,
  };
}

/** What lists ask of the source: who fulfils them is known in an outage, though nobody has written to the list. */
async function filtersAt(db: Queryable, source: string): Promise<Mailbox[]> {
  const { rows } = await db.query<{ filter: string }>({
    text: "select distinct filter from list_filters where source = $1",
    values: [source],
  });
  return rows.map(({ filter }) => filterAddress(source, filter));
}

type Said = { readonly source: string; readonly answers: ReadonlyMap<string, Answer> };

/** A source that cannot answer might know the address: then those behind it do not count. */
function inOrder(addresses: readonly Mailbox[], said: readonly Said[]): People {
  const byKey = new Map<string, Entry>();
  const unavailable = new Map<string, Error>();
  let freshUntil = Number.POSITIVE_INFINITY;
  for (const address of addresses) {
    const { key } = address;
    const filter = filterOf(address);
    if (filter !== null && !said.some(({ source }) => source === filter.source)) unavailable.set(key, noSource(filter.source));
    for (const { source, answers } of said) {
      const answer = answers.get(key);
      if (answer === undefined) continue;
      freshUntil = Math.min(freshUntil, answer.freshUntil);
      if (answer.kind === "absent") continue;
      if (answer.kind === "unavailable") unavailable.set(key, answer.cause);
      else byKey.set(key, entryOf(source, answer.known, answer.stale, othersKnowing(key, source, said)));
      break;
    }
  }
  return { byKey, unavailable, freshUntil };
}

const othersKnowing = (key: string, source: string, said: readonly Said[]): string[] =>
  said.filter((one) => one.source !== source && one.answers.get(key)?.kind === "found").map((one) => one.source);

/** A directory knows nothing of dates and answers; who forwards off campus is decided for its people as for ours. */
const NO_LIFE: Life = { startsAt: null, disabled: null, moved: null, affiliation: null, offCampusUntil: null, targetDates: new Map() };

function entryOf(
  source: string,
  { entry, answeredAt }: KnownEntry,
  stale: Extract<Answer, { kind: "found" }>["stale"],
  shadowed: readonly string[],
): Entry {
  const { address, kind, dn, targets, badTargets, affiliation, oversized } = entry;
  const ldap = { source, dn, answeredAt, stale, shadowed, affiliation };
  const known = { address, kind, owner: null, expiresAt: null, posting: null, list: null, targets, badTargets, oversized, ldap };
  return affiliation === null ? known : { ...known, life: { ...NO_LIFE, affiliation } };
}
