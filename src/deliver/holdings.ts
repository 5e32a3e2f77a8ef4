import type { Log } from "../log/log.ts";
import type { Verdict } from "../mail/verdict.ts";
import type { ClaimedMessage, ClaimedRecipient, Settlement } from "../queue/claim.ts";
import type { Edges } from "./edges.ts";

export type HoldingsDeps = {
  /** Records how attempts ended. Recipients stay counted as held until it resolves. */
  readonly settle: (settlements: Settlement[]) => void | Promise<void>;
  /** Gives recipients back that were not tried: they fall due again at once. */
  readonly release: (message: ClaimedMessage, recipients: readonly ClaimedRecipient[]) => void | Promise<void>;
  readonly edges: Pick<Edges, "now">;
  readonly log: Log;
};

/** How many claimed recipients deliver/ holds, from accept until each is settled or given back. A failure to record either is the lease's business. */
export class Holdings {
  readonly #deps: HoldingsDeps;
  #count = 0;
  #whenNone: (() => void) | null = null;

  constructor(deps: HoldingsDeps) {
    this.#deps = deps;
  }

  get count(): number {
    return this.#count;
  }

  add(recipients: number): void {
    this.#count += recipients;
  }

  /** Resolves once nothing is held. For one caller. */
  none(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#count === 0) resolve();
      else this.#whenNone = resolve;
    });
  }

  settle(settlements: Settlement[]): void {
    if (settlements.length > 0) void this.#record(settlements.length, "settling", () => this.#deps.settle(settlements));
  }

  /** One verdict for recipients that got it without an attempt of their own. */
  settleAll(message: ClaimedMessage, recipients: readonly ClaimedRecipient[], verdict: Verdict): void {
    const waited = Math.max(0, this.#deps.edges.now() - message.receivedAt.getTime()) / 1000;
    this.settle(recipients.map((recipient) => ({ message, recipient, verdict, delays: [waited, 0, 0, 0] })));
  }

  release(message: ClaimedMessage, recipients: readonly ClaimedRecipient[]): void {
    if (recipients.length > 0) void this.#record(recipients.length, "release", () => this.#deps.release(message, recipients));
  }

  async #record(recipients: number, what: string, write: () => void | Promise<void>): Promise<void> {
    try {
      await write();
    } catch (error) {
      this.#deps.log.error(`${what} failed, the leases decide`, { recipients, error: String(error) });
    }
    this.#count -= recipients;
    if (this.#count === 0) this.#whenNone?.();
  }
}
