/** Compares a source as a whole with what is known of it: what it says is learned, what it lost is forgotten, unless it lost too much. */
import type { Db, Queryable } from "../../db/client.ts";
import type { Log } from "../../log/log.ts";
import { filterSuffix } from "../filter-address.ts";
import { type Loss, lossOfSource } from "./guard.ts";
import { forgetLastGood, freeze, unfreeze, WHOLE_SOURCE, writeLastGood } from "./last-good.ts";
import type { KnownEntry, Source } from "./source.ts";
import { Twins } from "./twins.ts";

/** Rows in one statement. */
const BATCH = 500;
/** A comparison that was begun longer ago has lost its node. Milliseconds. */
const GIVEN_UP = 10 * 60_000;

export type Comparison = {
  /** All that the source names now, without twins. */
  readonly listed: readonly KnownEntry[];
  /** Addresses that several entries have, with their DNs: mail for these waits. They are not learned, and not lost. */
  readonly twins: ReadonlyMap<string, readonly string[]>;
  /** Addresses that were not known, and those that are known and not named any more. */
  readonly added: readonly string[];
  readonly lost: readonly string[];
  /** Not null: too much is gone, so nothing is forgotten. */
  readonly loss: Loss | null;
};

/** What a comparison would find; changes nothing. Throws when the source cannot be listed whole. */
export async function compare(db: Queryable, source: Source): Promise<Comparison> {
  const all = new Twins();
  const answeredAt = new Date(); // before anything is asked: what is learned meanwhile is newer
  for await (const entry of source.all()) all.take(entry);
  const { entries, twins } = all;
  const listed = [...entries.values()].map((entry): KnownEntry => ({ entry, answeredAt }));
  const named = new Set([...entries.keys(), ...twins.keys()]);
  const { rows } = await db.query<{ address: string }>({
    text: "select address from ldap_answers where source = $1 and address not like '%' || $2",
    values: [source.name, filterSuffix(source.name)], // filters of lists are asked for one by one
  });
  const known = new Set(rows.map(({ address }) => address));
  const lost = [...known].filter((key) => !named.has(key));
  const added = [...named].filter((key) => !known.has(key));
  return { listed, twins, added, lost, loss: lossOfSource(lost, known.size) };
}

/**
 * Compares and learns; what is gone is forgotten, or the source is frozen. Null: another node is at it, or was less than `restMs` ago.
 * Throws when the source cannot be listed whole.
 */
export async function sync(db: Db, source: Source, log: Log, restMs: number): Promise<Comparison | null> {
  if (!(await begin(db, source.name, restMs))) return null;
  try {
    const comparison = await compare(db, source);
    const { lost, loss, twins } = comparison;
    if (twins.size > 0)
      log.warn("LDAP entries share an address, and its mail waits; see mailroom ldap test", {
        source: source.name,
        addresses: twins.size,
        one: [...twins.keys()][0],
      });
    await learn(db, source.name, await unguarded(db, source.name, comparison.listed));
    if (loss === null) {
      await forgetLastGood(db, source.name, lost);
      if (await unfreeze(db, source.name, WHOLE_SOURCE)) log.info("an LDAP source is no longer frozen", { source: source.name });
    } else if (await freeze(db, source.name, WHOLE_SOURCE, loss))
      log.error("an LDAP source lost too much and is frozen; see mailroom ldap test", {
        source: source.name,
        lost: lost.length,
        known: loss.known,
      });
    await end(db, source.name, comparison.listed.length, null);
    return comparison;
  } catch (error) {
    await end(db, source.name, null, error instanceof Error ? error.message : String(error));
    throw error;
  }
}

/** A person says that what is gone may be gone: all of it becomes the last good answers, and nothing stays frozen. */
export async function accept(tx: Queryable, source: string, { listed, lost }: Comparison): Promise<void> {
  await learn(tx, source, listed);
  await forgetLastGood(tx, source, lost);
  await tx.query({ text: "delete from ldap_frozen where source = $1", values: [source] });
}

/** Without the groups of which something is known: the guard looks at each of them when somebody asks for it. */
async function unguarded(db: Queryable, source: string, listed: readonly KnownEntry[]): Promise<readonly KnownEntry[]> {
  const { rows } = await db.query<{ address: string }>({
    text: "select address from ldap_answers where source = $1 and kind = 'group'",
    values: [source],
  });
  const guarded = new Set(rows.map(({ address }) => address));
  return listed.filter(({ entry }) => entry.kind === "person" || !guarded.has(entry.address.key));
}

async function learn(db: Queryable, source: string, listed: readonly KnownEntry[]): Promise<void> {
  for (let from = 0; from < listed.length; from += BATCH) await writeLastGood(db, source, listed.slice(from, from + BATCH));
}

/** False: it is not due, or somebody else is at it. */
async function begin(db: Queryable, source: string, restMs: number): Promise<boolean> {
  const { rowCount } = await db.query({
    text: `insert into ldap_syncs as s (source, started_at) values ($1, now())
           on conflict (source) do update set started_at = now(), ended_at = null, entries = null, fault = null
            where (s.ended_at is null and s.started_at < now() - $2 * interval '1 ms')
               or s.ended_at < now() - $3 * interval '1 ms'`,
    values: [source, GIVEN_UP, restMs],
  });
  return rowCount > 0;
}

async function end(db: Queryable, source: string, entries: number | null, fault: string | null): Promise<void> {
  await db.query({
    text: "update ldap_syncs set ended_at = now(), entries = $2, fault = $3 where source = $1",
    values: [source, entries, fault],
  });
}
