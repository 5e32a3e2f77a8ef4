/** What one source means: fresh answers from memory, then the source itself, then what was good before. Its "absent" alone refuses nobody. */
import { LRUCache } from "lru-cache";
import type { Queryable } from "../../db/client.ts";
import type { Log } from "../../log/log.ts";
import type { Mailbox } from "../../mail/mailbox.ts";
import type { LdapOrigin } from "../directory.ts";
import { lossOfGroup } from "./guard.ts";
import { freeze, type LastGood, readLastGood, unfreeze, WHOLE_SOURCE } from "./last-good.ts";
import type { KnownEntry, Said, Source, SourceEntry } from "./source.ts";
import { twinsText } from "./twins.ts";
import type { Writer } from "./writer.ts";

/** `stale` not null: the last good answer. `freshUntil`: milliseconds since 1970. */
export type Answer = { readonly freshUntil: number } & (
  | { readonly kind: "found"; readonly known: KnownEntry; readonly stale: LdapOrigin["stale"] }
  | { readonly kind: "absent" }
  | { readonly kind: "unavailable"; readonly cause: Error }
);

export type SourceAnswersOptions = {
  /** How long an answer counts without asking again, found and absent alike. Milliseconds. */
  readonly freshMs: number;
  /** How long the last good answer serves when the source fails. Milliseconds. */
  readonly staleMs: number;
  readonly log: Log;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** The source no longer names an address that it knew: it should be compared as a whole, soon. */
  readonly doubt: () => void;
};

/** Entries and targets kept in memory, of each source. */
const WEIGHT = 200_000;
/** What was answered for want of the source is asked again after this. Milliseconds. */
const ASK_AGAIN = 2000;

export class SourceAnswers {
  readonly #db: Queryable;
  readonly #source: Source;
  readonly #writer: Writer;
  readonly #options: SourceAnswersOptions;
  readonly #kept = new LRUCache<string, Answer>({ maxSize: WEIGHT });

  constructor(db: Queryable, source: Source, writer: Writer, options: SourceAnswersOptions) {
    this.#db = db;
    this.#source = source;
    this.#writer = writer;
    this.#options = options;
  }

  get name(): string {
    return this.#source.name;
  }

  forget(): void {
    this.#kept.clear();
  }

  /** An answer for every one of the addresses. Never rejects. */
  async ask(addresses: readonly Mailbox[]): Promise<ReadonlyMap<string, Answer>> {
    const answers = new Map<string, Answer>();
    const now = this.#options.now();
    const open = addresses.filter(({ key }) => {
      const kept = this.#kept.get(key);
      if (kept === undefined || kept.freshUntil <= now) return true;
      answers.set(key, kept);
      return false;
    });
    if (open.length === 0) return answers;
    const live = await this.#source.lookup(open);
    const fresh =
      live.kind === "found"
        ? await this.#fromSource(open, live.value)
        : await this.#fromMemory(open, live.kind === "unavailable" ? live.cause : new Error(`${this.name} gave no answer`));
    for (const [key, answer] of fresh) {
      answers.set(key, answer);
      const entry = answer.kind === "found" ? answer.known.entry : null;
      this.#kept.set(key, answer, { size: entry === null ? 1 : 1 + entry.targets.length + entry.badTargets.length });
    }
    return answers;
  }

  async #fromSource(asked: readonly Mailbox[], { entries, twins }: Said): Promise<Map<string, Answer>> {
    const now = this.#options.now();
    const freshUntil = now + this.#options.freshMs;
    const answers = new Map<string, Answer>();
    const doubtful = [...entries.values()].filter(({ kind }) => kind === "group").map(({ address }) => address.key);
    const gone = asked.filter(({ key }) => !entries.has(key) && !twins.has(key)).map(({ key }) => key);
    const before = await this.#before([...doubtful, ...gone]);
    for (const [key, entry] of entries) {
      const known = { entry, answeredAt: new Date(now) };
      const frozen = entry.kind === "group" ? await this.#frozenGroup(entry, before) : null;
      if (frozen === null) this.#writer.learn(known);
      answers.set(key, { kind: "found", known: frozen ?? known, stale: frozen === null ? null : "group frozen", freshUntil });
    }
    // What it last said was of one of them, and mail that goes to the wrong person cannot be called back: it waits.
    for (const [key, dns] of twins)
      answers.set(key, { kind: "unavailable", cause: new Error(`${this.name}: ${twinsText(key, dns)}`), freshUntil: now });
    for (const key of gone) answers.set(key, this.#gone(key, before, now));
    return answers;
  }

  /** Not null: the group lost too much, and this is what it was. */
  async #frozenGroup(entry: SourceEntry, before: LastGood | Error): Promise<KnownEntry | null> {
    if (before instanceof Error) return null; // nobody knows what it was: what the source says counts, and is not learned without Postgres
    const { key } = entry.address;
    const known = before.entries.get(key);
    const loss = known?.entry.kind === "group" ? lossOfGroup(known.entry, entry) : null;
    if (loss === null || known === undefined) {
      if (before.frozen.has(key) && (await unfreeze(this.#db, this.name, key).catch(() => false)))
        this.#options.log.info("an LDAP group is no longer frozen", { source: this.name, group: key });
      return null;
    }
    if (await freeze(this.#db, this.name, key, loss).catch(() => false))
      this.#options.log.error("an LDAP group lost too much and is frozen; see mailroom ldap show", {
        source: this.name,
        group: key,
        lost: loss.lost.length,
        known: loss.known,
      });
    return known;
  }

  /** The source does not name it. That counts once nothing is known of it: a source that loses people by mistake must not bounce their mail. */
  #gone(key: string, before: LastGood | Error, now: number): Answer {
    const soon = now + ASK_AGAIN;
    if (before instanceof Error) return { kind: "unavailable", cause: before, freshUntil: now };
    const known = before.entries.get(key);
    if (known === undefined) return { kind: "absent", freshUntil: now + this.#options.freshMs };
    if (before.frozen.has(WHOLE_SOURCE)) return { kind: "found", known, stale: "source frozen", freshUntil: soon };
    this.#options.doubt();
    return {
      kind: "unavailable",
      cause: new Error(`${this.name} no longer names ${key}, which it knew: it is being compared as a whole`),
      freshUntil: now,
    };
  }

  /** The source is away: what was good before serves for a time, and nobody is absent. */
  async #fromMemory(asked: readonly Mailbox[], cause: Error): Promise<Map<string, Answer>> {
    const now = this.#options.now();
    const answers = new Map<string, Answer>();
    const before = await this.#before(asked.map(({ key }) => key));
    for (const { key } of asked) {
      const kept = this.#kept.peek(key);
      const known = (before instanceof Error ? undefined : before.entries.get(key)) ?? (kept?.kind === "found" ? kept.known : undefined);
      const serves = known !== undefined && known.answeredAt.getTime() + this.#options.staleMs > now;
      answers.set(
        key,
        serves
          ? { kind: "found", known, stale: "source away", freshUntil: now + ASK_AGAIN }
          : { kind: "unavailable", cause, freshUntil: now },
      );
    }
    return answers;
  }

  async #before(keys: readonly string[]): Promise<LastGood | Error> {
    try {
      return await readLastGood(this.#db, this.name, keys);
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }
}
