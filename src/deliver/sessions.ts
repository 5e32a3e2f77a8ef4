import type { Host } from "./next-hop.ts";
import type { Session } from "./session.ts";

export type OpenSession = { readonly session: Session; readonly host: Host };

/** 30 s: a busy hop keeps its sessions, a quiet one is rid of us long before its own five minutes (RFC 5321 §4.5.3.2.7). */
const IDLE_MS = 30_000;
/** Messages through one session: some hosts count, and a fresh connection spreads load over the addresses of a host. */
const TRANSACTIONS = 1000;

/** The open sessions of one next hop that wait for their next message. */
export class Sessions {
  readonly #idle: { open: OpenSession; timer: NodeJS.Timeout }[] = [];

  /** The one used last: it is the least likely to have been closed by the other side. */
  take(): OpenSession | undefined {
    for (;;) {
      const entry = this.#idle.pop();
      if (entry === undefined) return undefined;
      clearTimeout(entry.timer);
      if (entry.open.session.usable) return entry.open;
      entry.open.session.close();
    }
  }

  give(open: OpenSession): void {
    if (!open.session.usable || open.session.transactions >= TRANSACTIONS) {
      open.session.leave();
      return;
    }
    const entry = { open, timer: setTimeout(() => this.#expire(open), IDLE_MS) };
    entry.timer.unref();
    this.#idle.push(entry);
  }

  #expire(open: OpenSession): void {
    const at = this.#idle.findIndex((entry) => entry.open === open);
    if (at >= 0) this.#idle.splice(at, 1);
    open.session.leave();
  }

  get size(): number {
    return this.#idle.length;
  }

  close(): void {
    for (const entry of this.#idle.splice(0)) {
      clearTimeout(entry.timer);
      entry.open.session.leave();
    }
  }
}
