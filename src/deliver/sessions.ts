import type { Host } from "./next-hop.ts";
import type { Session } from "./session.ts";

export type OpenSession = { readonly session: Session; readonly host: Host };

/** A busy hop keeps its sessions; a quiet one is rid of us long before its own five minutes (RFC 5321 §4.5.3.2.7). */
const IDLE_MS = 30_000;
/** Messages through one session: some hosts count, and a fresh connection spreads load over the addresses of a host. */
const TRANSACTIONS = 1000;

/** The open sessions of one next hop that wait for their next message. */
export class Sessions {
  readonly #idle: { readonly open: OpenSession; readonly since: number }[] = [];

  /** The one used last: it is the least likely to have been closed by the other side. */
  take(): OpenSession | undefined {
    for (let entry = this.#idle.pop(); entry !== undefined; entry = this.#idle.pop()) {
      if (entry.open.session.usable) return entry.open;
    }
    return undefined;
  }

  give(open: OpenSession, elapsed: number): void {
    if (open.session.usable && open.session.transactions < TRANSACTIONS) this.#idle.push({ open, since: elapsed });
    else open.session.leave();
  }

  get size(): number {
    return this.#idle.length;
  }

  /** Leaves the sessions that were idle too long; they lie in the order in which they came. */
  expire(elapsed: number): void {
    while (this.#idle[0] !== undefined && elapsed - this.#idle[0].since >= IDLE_MS) this.#idle.shift()?.open.session.leave();
  }

  close(): void {
    for (const { open } of this.#idle.splice(0)) open.session.leave();
  }
}
