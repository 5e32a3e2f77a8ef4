/** What a change would do to mail, before it is made: who gets it and who no longer does, what leaves campus, what leads nowhere. */
import type { Db, Queryable } from "../db/client.ts";
import type { Directory, Entry, People } from "../directory/directory.ts";
import { readDomains, readEntries } from "../directory/tables.ts";
import { found } from "../mail/lookup.ts";
import { type Mailbox, mailboxText } from "../mail/mailbox.ts";
import type { WalkDirectory } from "../resolve/walk.ts";
import { type DeadEndView, type Picture, pictureOf } from "./preview/picture.ts";
import { Refusal } from "./refusal.ts";
import { rehearse } from "./rehearse.ts";
import { mailboxesOf } from "./rules.ts";

/** Final recipients: the first 50 in order of address, and how many there are. */
export type Named = { readonly count: number; readonly first: readonly string[] };

export type Preview = {
  /** Who gets mail of one of the addresses afterwards and did not before, and the other way round. Somebody may be in both. */
  readonly gain: Named;
  readonly lose: Named;
  /** People who receive through the addresses afterwards. */
  readonly reach: number;
  /** Of those who gain: at domains that are neither ours nor have a route of their own. */
  readonly outside: Named;
  /** Ways that lead nowhere afterwards and did not before, and those that do no longer; 50 at most of each. */
  readonly breaks: readonly DeadEndView[];
  readonly mended: readonly DeadEndView[];
  /** The loop for which the change would be refused. */
  readonly loop: string | null;
  /** The rule that forbids the change. Then it does nothing, and so says all the rest. */
  readonly refusal: { readonly message: string; readonly hint: string | null } | null;
  readonly warnings: readonly string[];
  /** Not null: only some of the addresses were looked at, and counts are of these. */
  readonly sampled: { readonly looked: number; readonly of: number } | null;
};

/** More addresses than this are looked at by samples. */
const MOST = 2_000;
const FIRST = 50;

/**
 * Rehearses the change and compares where mail for the addresses goes, before and after. `addresses` undefined: those the change makes
 * records of. `people`: what LDAP says; it is never asked while the directory is locked, but between rehearsals. `outcome`: what the change
 * gave; null when it was refused, which is an answer and no error.
 */
export async function previewChange<T extends object>(
  db: Db,
  work: (db: Db) => Promise<T>,
  options: { readonly addresses?: readonly Mailbox[] | undefined; readonly people?: Directory["people"] | undefined } = {},
): Promise<{ readonly preview: Preview; readonly outcome: T | null }> {
  const known = new KnownPeople(options.people);
  for (let round = 0; ; round++) {
    const seen = await rehearse(db, (inside) => look(inside, work, options.addresses, known));
    if (round < ROUNDS && (await known.learn())) continue;
    return { preview: previewOf(seen), outcome: seen.outcome };
  }
}

/** Groups in groups: each round of questions may name people to ask about in the next. */
const ROUNDS = 10;

/** What LDAP said so far, and what it has to be asked. Nobody known: the sources say nothing here, as in a change's own checks. */
class KnownPeople {
  readonly #people: Directory["people"] | undefined;
  readonly #byKey = new Map<string, Entry>();
  /** Addresses of which nobody can tell now. */
  readonly failed = new Set<string>();
  readonly #asked = new Set<string>();
  readonly #open = new Map<string, Mailbox>();

  constructor(people: Directory["people"] | undefined) {
    this.#people = people;
  }

  answer(addresses: readonly Mailbox[]): People {
    for (const address of addresses) if (!this.#asked.has(address.key)) this.#open.set(address.key, address);
    return { byKey: this.#byKey, unavailable: NOBODY_FAILED, freshUntil: Number.POSITIVE_INFINITY };
  }

  /** Asks what is open. False: nothing is, or there is nobody to ask. */
  async learn(): Promise<boolean> {
    const open = [...this.#open.values()];
    this.#open.clear();
    if (this.#people === undefined || open.length === 0) return false;
    const { byKey, unavailable } = await this.#people(open);
    for (const [key, entry] of byKey) this.#byKey.set(key, entry);
    for (const key of unavailable.keys()) this.failed.add(key);
    for (const { key } of open) this.#asked.add(key);
    return true;
  }
}

/** The walk would stop at them. */
const NOBODY_FAILED: ReadonlyMap<string, Error> = new Map();

type Seen<T> = {
  readonly before: Picture;
  readonly after: Picture;
  readonly outcome: T | null;
  readonly refusal: Refusal | null;
  readonly sampled: Preview["sampled"];
};

/** Inside of the rehearsal: the change is made, looked at, and taken back to look at what was before. */
async function look<T extends object>(
  db: Db,
  work: (db: Db) => Promise<T>,
  addresses: readonly Mailbox[] | undefined,
  known: KnownPeople,
): Promise<Seen<T>> {
  await db.query({ text: "savepoint before_the_change" });
  let outcome: T | null = null;
  let refusal: Refusal | null = null;
  try {
    outcome = await work(db);
  } catch (error) {
    if (!(error instanceof Refusal) || error.kind !== "refused") throw error; // an address that is none has nothing to be previewed
    refusal = error;
    await db.query({ text: "rollback to savepoint before_the_change" });
  }
  const touched = addresses ?? (refusal === null ? await recordedAddresses(db) : []);
  const looked =
    touched.length <= MOST ? touched : Array.from({ length: MOST }, (_, i) => touched[Math.floor((i * touched.length) / MOST)] as Mailbox);
  const after = await pictureOf(asItStands(db, known), looked, known.failed);
  await db.query({ text: "rollback to savepoint before_the_change" });
  const before = await pictureOf(asItStands(db, known), looked, known.failed);
  const complete = Math.min(before.looked, after.looked);
  const sampled = complete < touched.length ? { looked: complete, of: touched.length } : null;
  return { before, after, outcome, refusal, sampled };
}

/** The directory as the transaction sees it now, dates and switches included. */
const asItStands = (tx: Queryable, known: KnownPeople): WalkDirectory => ({
  domains: async () => found((await readDomains(tx)).byName),
  forwarding: async () => found((await readDomains(tx)).forwarding),
  entries: async (addresses) =>
    found(
      await readEntries(
        tx,
        addresses.map(({ key }) => key),
      ),
    ),
  people: async (addresses) => known.answer(addresses),
});

async function recordedAddresses(tx: Queryable): Promise<readonly Mailbox[]> {
  const { rows } = await tx.query<{ key: string }>({
    text: `select distinct object as key from change_records
            where txid = (pg_current_xact_id()::text)::bigint and changed_at = now() and object like '%_@_%' order by 1`,
  });
  return mailboxesOf(rows.map(({ key }) => key));
}

function previewOf({ before, after, outcome, refusal, sampled }: Seen<object>): Preview {
  const gained = newIn(after.receives, before.receives);
  const outside = gained.filter((key) => after.outside.has(key));
  const news = (one: Picture, other: Picture) =>
    [...one.deadEnds]
      .filter(([key]) => !other.deadEnds.has(key))
      .map(([, end]) => end)
      .slice(0, FIRST);
  const warnings = outcome !== null && "warnings" in outcome && Array.isArray(outcome.warnings) ? outcome.warnings.map(String) : [];
  return {
    gain: named(gained, after),
    lose: named(newIn(before.receives, after.receives), before),
    reach: after.reach,
    outside: named(outside, after),
    breaks: news(after, before),
    mended: news(before, after),
    loop: refusal?.loop ?? null,
    refusal: refusal === null ? null : { message: refusal.message, hint: refusal.hint },
    warnings,
    sampled,
  };
}

/** Final recipients that get mail of some address on the one side and not on the other. */
function newIn(one: Picture["receives"], other: Picture["receives"]): readonly string[] {
  const found = new Set<string>();
  for (const [address, recipients] of one) {
    const had = other.get(address);
    for (const key of recipients) if (had === undefined || !had.has(key)) found.add(key);
  }
  return [...found].toSorted();
}

const named = (keys: readonly string[], { mailboxes }: Picture): Named => ({
  count: keys.length,
  first: keys.slice(0, FIRST).map((key) => {
    const mailbox = mailboxes.get(key);
    return mailbox === undefined ? key : mailboxText(mailbox);
  }),
});
