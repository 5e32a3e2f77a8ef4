import type { Db } from "../db/client.ts";
import type { Log } from "../log/log.ts";
import type { Maillog } from "../log/maillog.ts";
import type { ClaimedMessage, Lane } from "./claim.ts";
import { claimDue, quarantineSuspects } from "./claim-due.ts";

/** What the queue asks of delivery. */
export type Delivery = {
  /** Takes claimed recipients over; they come back through settle or release. */
  accept(message: ClaimedMessage): void;
  /** How many more recipients of this lane it wants now. */
  capacity(lane: Lane): number;
  /** Destinations of which enough wait here already. */
  fullDestinations(): readonly string[];
};

/** Due recipients are looked for this often, and at once when someone says that there are some. */
const POLL_MS = 1000;
/** One claim takes at most this many: a few milliseconds of row locks. */
const CLAIM_AT_MOST = 500;
/** Personal mail first, then our own notices, then list copies. */
const LANES: readonly Lane[] = [0, 2, 1];

export type Claimer = {
  start(delivery: Delivery): void;
  wake(): void;
  /** A message that was claimed as a suspect has ended: the next one may be tried. */
  suspectEnded(message: ClaimedMessage): void;
  stop(): Promise<void>;
};

export function createClaimer(deps: { db: Db; nodeNo: number; leaseSeconds: number; log: Log; maillog: Maillog }): Claimer {
  const { db, nodeNo, leaseSeconds, log, maillog } = deps;
  let timer: NodeJS.Timeout | null = null;
  let stopped = false;
  let running: Promise<void> | null = null;
  let again = false;
  let delivery: Delivery | null = null;
  const suspects = new Set<bigint>();

  const round = async (to: Delivery): Promise<void> => {
    for (const queueId of await quarantineSuspects(db)) maillog.quarantined(queueId);
    for (const lane of LANES) {
      while (!stopped && (await claim(to, lane, false)) === CLAIM_AT_MOST);
      if (suspects.size === 0) await claim(to, lane, true);
    }
  };

  const claim = async (to: Delivery, lane: Lane, asSuspects: boolean): Promise<number> => {
    const atMost = Math.min(CLAIM_AT_MOST, to.capacity(lane));
    if (atMost <= 0) return 0;
    const messages = await claimDue(db, { nodeNo, lane, atMost, leaseSeconds, except: to.fullDestinations(), suspects: asSuspects });
    for (const message of messages) {
      if (asSuspects) suspects.add(message.messageId);
      to.accept(message);
    }
    return messages.reduce((sum, message) => sum + message.recipients.length, 0);
  };

  const run = (): void => {
    if (stopped || delivery === null) return;
    if (running) {
      again = true;
      return;
    }
    again = false;
    running = round(delivery)
      .catch((error: unknown) => log.warn("due recipients could not be claimed", { error: String(error) }))
      .finally(() => {
        running = null;
        if (timer) clearTimeout(timer);
        if (again) setImmediate(run);
        else timer = setTimeout(run, POLL_MS);
      });
  };

  return {
    start(to) {
      delivery = to;
      run();
    },
    wake: run,
    suspectEnded(message) {
      if (suspects.delete(message.messageId)) run();
    },
    async stop() {
      stopped = true;
      if (timer) clearTimeout(timer);
      await running;
    },
  };
}
