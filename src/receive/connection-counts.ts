import { replies } from "../mail/replies.ts";
import type { Reply } from "../mail/reply.ts";
import { countedAs } from "../sending/networks.ts";
import type { Limits } from "./limits.ts";

/** How many connections this worker has, in total and of each stranger. */
export class ConnectionCounts {
  total = 0;
  readonly #perClient = new Map<string, number>();
  readonly #limits: Limits;
  readonly #forStrangers: number;

  constructor(limits: Limits) {
    this.#limits = limits;
    this.#forStrangers = limits.connections - Math.ceil(limits.connections * limits.reservedConnections);
  }

  /** Counts a connection, or says why not. `known`: loopback, a trusted network or a next hop of ours. Who was counted is released once. */
  admit(address: string, known: boolean): Reply | null {
    if (this.total >= this.#limits.connections) return replies.busy;
    if (!known) {
      if (this.total >= this.#forStrangers) return replies.busy;
      const key = countedAs(address);
      const count = this.#perClient.get(key) ?? 0;
      if (count >= this.#limits.connectionsPerClient) return replies.tooManyConnections;
      this.#perClient.set(key, count + 1);
    }
    this.total++;
    return null;
  }

  release(address: string, known: boolean): void {
    this.total--;
    if (known) return;
    const key = countedAs(address);
    const count = this.#perClient.get(key) ?? 0;
    if (count > 1) this.#perClient.set(key, count - 1);
    else this.#perClient.delete(key);
  }
}
