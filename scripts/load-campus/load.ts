/** Fills an empty database with a campus: addresses, people, the trace of a month, and mail that waits. */
import type { Db, Queryable } from "../../src/db/client.ts";
import { ensurePartitions } from "../../src/db/partitions.ts";
import type { Log } from "../../src/log/log.ts";
import { arrayLiteral } from "../../src/queue/array-literal.ts";
import { type Campus, CampusMaker, chainLink, LONGEST_CHAIN, POPULAR_TARGET, WIDE_LIST } from "./directory.ts";
import { ENTRY_COLUMNS, type Entry, TARGET_COLUMNS, targetsOf } from "./entries.ts";
import { loadPeople } from "./people.ts";
import type { Samples } from "./samples.ts";
import { loadTrace, TRACE_DAYS } from "./trace.ts";
import { loadWaiting } from "./waiting.ts";
import { ALIAS_DOMAIN, DOMAINS, LDAP_DOMAIN } from "./words.ts";
import { inBatches, insertRows } from "./write.ts";

export type Wanted = {
  readonly addresses: number;
  readonly people: number;
  readonly trace: number;
  readonly queued: number;
  readonly seed: string;
  /** Load beside what is there. */
  readonly force: boolean;
};

/** How the loader tells what it does. */
export type Tell = { readonly log: Log; step(sentence: string): void; progress(done: number, of: number, what: string): void };

/** There are entries already. */
export class NotEmpty extends Error {
  override readonly name = "NotEmpty";
}

/** Mail of this campus must never leave the machine: nobody listens there, so all of it waits. */
const NOWHERE = "smtp://127.0.0.1:9";
/** Nothing is dropped here. */
const KEEP_ALL = 36_500;
/** Entries in one transaction. One insert for each table, or their history would be looked up for conflicts: twice the time. */
const BATCH = 10_000;

/**
 * Everything or an error; what was committed before the error stays. `now`: the moment the campus is seen at. Throws NotEmpty.
 * Entries and targets go in through their triggers: history is there, and nodes that run are told.
 */
export async function loadCampus(db: Db, wanted: Wanted, now: Date, tell: Tell): Promise<Samples> {
  if (!wanted.force) await refuseUsed(db);
  const { seed } = wanted;
  const maker = new CampusMaker(seed, now);
  await loadDomains(db);
  await loadEntries(db, maker.entries(wanted.addresses), (done) => tell.progress(done, wanted.addresses, "addresses"));
  tell.step(`${wanted.addresses} addresses`);
  const ldap = await loadPeople(db, wanted.people, seed, now);
  tell.step(`${wanted.people} people and ${ldap.groups} groups of a pretended LDAP source`);
  await ensurePartitions(db, { daysBack: TRACE_DAYS, daysAhead: 3, retentionDays: KEEP_ALL, log: tell.log });
  const waiting = await loadWaiting(db, maker.campus, wanted.queued, seed, now);
  tell.step(`${waiting.recipients} waiting recipients, tried ${waiting.attempts} times`);
  const rest = Math.max(0, wanted.trace - waiting.attempts);
  const trace = await loadTrace(db, maker.campus, rest, seed, now, (done) => tell.progress(done, rest, "attempts"));
  tell.step(`${trace.deliveries} more attempts for ${trace.messages} messages`);
  await recordLoad(db, wanted);
  for (const table of LOADED) await db.query({ text: `analyze ${table}` });
  tell.step("analyzed");
  return samplesOf(maker.campus, ldap, trace, waiting.message);
}

const LOADED = "domains entries targets directory_history ldap_answers messages deliveries queued_recipients content_chunks".split(" ");

async function refuseUsed(db: Queryable): Promise<void> {
  const { rowCount } = await db.query({ text: "select from entries limit 1" });
  if (rowCount > 0) throw new NotEmpty("this database has addresses already");
}

async function loadDomains(db: Db): Promise<void> {
  await db.transaction(async (tx) => {
    await nameLoader(tx);
    await tx.query({
      text: "insert into domains (domain) select unnest($1::text[]) on conflict do nothing",
      values: [[...DOMAINS, LDAP_DOMAIN]],
    });
    const alias = "insert into domains (domain, alias_of) values ($1, $2) on conflict do nothing";
    await tx.query({ text: alias, values: [ALIAS_DOMAIN, DOMAINS[0]] });
    await tx.query({ text: "insert into routes (domain, url) values ('*', $1) on conflict do nothing", values: [NOWHERE] });
  });
}

async function loadEntries(db: Db, entries: Iterable<Entry>, progress: (done: number) => void): Promise<void> {
  let done = 0;
  for (const batch of inBatches(entries, BATCH)) {
    await db.transaction(async (tx) => {
      await nameLoader(tx);
      const taken = await takenOf(tx, batch);
      const fresh = taken.size === 0 ? batch : batch.filter(({ address }) => !taken.has(address));
      await insertRows(tx, "entries", ENTRY_COLUMNS, fresh);
      await insertRows(tx, "targets", TARGET_COLUMNS, fresh.flatMap(targetsOf));
    });
    done += batch.length;
    progress(done);
  }
}

/** What is there already stays as it is. */
async function takenOf(tx: Queryable, batch: readonly Entry[]): Promise<ReadonlySet<string>> {
  const text = "select address from entries where address = any($1::text[])";
  const { rows } = await tx.query<{ address: string }>({ text, values: [arrayLiteral(batch.map(({ address }) => address))] });
  return new Set(rows.map(({ address }) => address));
}

/** Who made it, in the history. */
const nameLoader = (tx: Queryable) => tx.query({ text: "select set_config('mailroom.actor', 'load-campus', true)" });

async function recordLoad(db: Queryable, { addresses }: Wanted): Promise<void> {
  await db.query({
    text: `insert into change_records (actor, action, object, why, after) values ('load-campus', 'import', 'load-campus', 'synthetic campus', $1)`,
    values: [JSON.stringify({ addresses })],
  });
}

function samplesOf(
  { people, lists, nestedList, firsts }: Campus,
  ldap: { readonly person: string; readonly group: string },
  trace: { readonly sent: string; readonly bounced: string },
  waitingMessage: string,
): Samples {
  return {
    domains: DOMAINS,
    person: people.at(-1)?.address ?? "",
    busyPerson: people[0]?.address ?? "",
    popularTarget: POPULAR_TARGET,
    list: lists[0]?.address ?? "",
    nestedList: nestedList ?? "",
    wideList: WIDE_LIST,
    chain: chainLink(1),
    longestChain: LONGEST_CHAIN,
    deadEnd: firsts.deadEnd ?? "",
    expired: firsts.expired ?? "",
    off: firsts.off ?? "",
    moved: firsts.moved ?? "",
    ldapPerson: ldap.person,
    ldapGroup: ldap.group,
    sentMessage: trace.sent,
    bouncedMessage: trace.bounced,
    waitingMessage,
  };
}
