import { LRUCache } from "lru-cache";
import type { Queryable } from "../../db/client.ts";
import type { Log } from "../../log/log.ts";
import { writeLastGood } from "./last-good.ts";
import type { KnownEntry } from "./source.ts";

/** Answers are gathered for so long before they are written. Milliseconds. */
const GATHER = 500;
/** An unchanged answer is written again once what is written is so old, since its age decides how long it may serve. Milliseconds. */
const WRITE_AGAIN = 10 * 60_000;
const BATCH = 500;

/** Writes the last good answers of one source behind the back of those who wait for them: a lost one is learned again at the next question. */
export class Writer {
  readonly #db: Queryable;
  readonly #source: string;
  readonly #log: Log;
  /** By address: what is written, in short, and when it was said. */
  readonly #written = new LRUCache<string, { readonly text: string; readonly at: number }>({ max: 200_000 });
  readonly #waiting = new Map<string, KnownEntry>();
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(db: Queryable, source: string, log: Log) {
    this.#db = db;
    this.#source = source;
    this.#log = log;
  }

  learn(known: KnownEntry): void {
    const { key } = known.entry.address;
    const written = this.#written.get(key);
    const at = known.answeredAt.getTime();
    if (written !== undefined && at - written.at < WRITE_AGAIN && written.text === inShort(known)) return;
    this.#written.set(key, { text: inShort(known), at });
    this.#waiting.set(key, known);
    this.#timer ??= setTimeout(() => void this.flush(), GATHER).unref();
  }

  /** Writes what waits, and waits until it is written. Never rejects. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const known = [...this.#waiting.values()];
    this.#waiting.clear();
    this.#writing = this.#writing.then(() => this.#write(known));
    return this.#writing;
  }

  async #write(known: readonly KnownEntry[]): Promise<void> {
    try {
      for (let from = 0; from < known.length; from += BATCH) await writeLastGood(this.#db, this.#source, known.slice(from, from + BATCH));
    } catch (error) {
      for (const { entry } of known) this.#written.delete(entry.address.key);
      this.#log.warn("answers of an LDAP source could not be kept", { source: this.#source, count: known.length, error: String(error) });
    }
  }
}

const inShort = ({ entry }: KnownEntry): string =>
  JSON.stringify([entry.kind, entry.dn, entry.affiliation, entry.targets.map(({ key }) => key), entry.badTargets, entry.oversized]);
