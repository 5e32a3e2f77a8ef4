/** A few connections to one source, shared by all questions. Its servers are tried in order; a source that keeps failing is left alone for a while. */
import { readFile } from "node:fs/promises";
import { ResultCodeError } from "ldapts";
import { Connection, ConnectionLost, TooSlow } from "./connection.ts";
import type { LdapSourceSettings } from "./settings.ts";

/** Questions on one connection at once: slapd drops those of nobody at 100. */
const MOST_IN_FLIGHT = 50;
/** With so many on each a further connection is opened. */
const BUSY = 8;
/** Failures in a row after which nobody asks for a while. */
const FAILURES = 3;
/** How long nobody asks: from the first to the last, doubled each time. Milliseconds. */
const FIRST_PAUSE = 500;
const LAST_PAUSE = 3000;

/** No server of the source can be reached, or none lets us in. */
class CannotConnect extends Error {
  override readonly name = "CannotConnect";
}

/** Nobody asks the source now: it failed again and again. */
class SourceAway extends Error {
  override readonly name = "SourceAway";
}

/** How a question ended. `refused`: the server is there and says no. `lost`: no answer. `leftAlone`: it was not asked. */
export type Asked = "answered" | "refused" | "lost" | "leftAlone";
export type Observe = (result: Asked, seconds: number) => void;

export class Pool {
  readonly #settings: LdapSourceSettings;
  readonly #observe: Observe;
  readonly #now: () => number;
  readonly #open: Connection[] = [];
  #opening: Promise<Connection> | null = null;
  #waiting: (() => void)[] = [];
  #failures = 0;
  #pausedUntil = 0;
  #lastFault = "";
  #closed = false;

  constructor(settings: LdapSourceSettings, observe: Observe, now: () => number = () => performance.now()) {
    this.#settings = settings;
    this.#observe = observe;
    this.#now = now;
  }

  /**
   * Runs one question. When its connection is lost through no fault of its own it is asked once more on another. Throws SourceAway without
   * asking while the source is being left alone.
   */
  async run<T>(ask: (connection: Connection) => Promise<T>): Promise<T> {
    if (this.#closed) throw new SourceAway(`${this.#settings.name} is closed`);
    const begun = this.#now();
    if (begun < this.#pausedUntil) {
      this.#observe("leftAlone", 0);
      throw new SourceAway(`${this.#settings.name} is left alone for a while after: ${this.#lastFault}`);
    }
    try {
      const answer = await this.#ask(ask).catch((error: unknown) => {
        if (error instanceof ConnectionLost) return this.#ask(ask);
        throw error;
      });
      this.#failures = 0;
      this.#observe("answered", (this.#now() - begun) / 1000);
      return answer;
    } catch (error) {
      this.#observe(error instanceof ResultCodeError ? "refused" : "lost", (this.#now() - begun) / 1000);
      this.#failed(error);
      throw error;
    }
  }

  close(): void {
    this.#closed = true;
    for (const connection of this.#open.splice(0)) connection.close();
  }

  async #ask<T>(ask: (connection: Connection) => Promise<T>): Promise<T> {
    const connection = await this.#take();
    try {
      return await ask(connection);
    } finally {
      connection.inFlight--;
      this.#waiting.shift()?.();
    }
  }

  /** The least busy connection, its question counted; another one is opened when all are busy. One is opened at a time, and is asked nothing before it is bound. */
  async #take(): Promise<Connection> {
    for (;;) {
      for (let i = this.#open.length - 1; i >= 0; i--) if (this.#open[i]?.isUsable === false) this.#open.splice(i, 1);
      const [least] = [...this.#open].sort((a, b) => a.inFlight - b.inFlight);
      if (least !== undefined && (least.inFlight < BUSY || this.#open.length >= this.#settings.connections)) {
        if (least.inFlight < MOST_IN_FLIGHT) {
          least.inFlight++; // at once: others take one in the same turn
          return least;
        }
        await new Promise<void>((free) => this.#waiting.push(free));
        continue;
      }
      this.#opening ??= this.#connect().finally(() => {
        this.#opening = null;
      });
      await this.#opening;
    }
  }

  async #connect(): Promise<Connection> {
    const { urls, bind } = this.#settings;
    let fault: unknown = new CannotConnect("no server is named");
    for (const url of urls) {
      try {
        const credentials = bind === null ? null : { dn: bind.dn, password: await passwordIn(bind.passwordFile) };
        const connection = await Connection.open(url, this.#settings, credentials);
        if (this.#closed) connection.close();
        this.#open.push(connection);
        return connection;
      } catch (error) {
        fault = new CannotConnect(`${url}: ${error instanceof Error ? error.message || error.name : String(error)}`, { cause: error });
      }
    }
    throw fault;
  }

  /** A question that the server refuses says nothing about the others. */
  #failed(error: unknown): void {
    if (!(error instanceof CannotConnect || error instanceof ConnectionLost || error instanceof TooSlow)) return;
    this.#lastFault = error instanceof Error ? error.message : String(error);
    if (++this.#failures < FAILURES) return;
    this.#pausedUntil = this.#now() + Math.min(LAST_PAUSE, FIRST_PAUSE * 2 ** (this.#failures - FAILURES));
  }
}

/** Without a password the bind would succeed, as nobody (RFC 4513 §5.1.2). */
async function passwordIn(file: string): Promise<string> {
  const password = (await readFile(file, "utf8")).replace(/\r?\n$/, "");
  if (password === "") throw new Error(`${file} is empty`);
  return password;
}
