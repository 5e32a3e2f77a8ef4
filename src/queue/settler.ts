import { setTimeout as sleep } from "node:timers/promises";
import type { Db } from "../db/client.ts";
import type { Log } from "../log/log.ts";
import type { Maillog } from "../log/maillog.ts";
import type { Metrics } from "../log/metrics.ts";
import { mailboxText } from "../mail/mailbox.ts";
import { replyLine } from "../mail/reply.ts";
import { type Ending, removeSettledContent, settleBatch } from "./settle.ts";

/** One statement settles at most this many recipients. */
const BATCH = 1000;
/** Results are kept this long while the database does not take them; the leases run out meanwhile, and the copies are sent again. */
const KEEP_MS = 10 * 60 * 1000;
const RETRY_MS = 1000;

export type Settler = {
  /** Resolves when the endings are committed (or given up after ten minutes: then their leases decide). */
  settle(endings: readonly Ending[]): Promise<void>;
};

/** Settles in batches: while one is being written, the next gathers. */
export function createSettler(deps: { db: Db; aheadDb: Db; nodeNo: number; log: Log; maillog: Maillog; metrics: Metrics }): Settler {
  const { db, aheadDb, nodeNo, log, maillog, metrics } = deps;
  const gathered: { ending: Ending; done: () => void }[] = [];
  let writing = false;

  const writeAll = async (): Promise<void> => {
    writing = true;
    while (gathered.length > 0) {
      const batch = gathered.splice(0, BATCH);
      const endings = batch.map((one) => one.ending);
      const written = await write(endings);
      if (written) for (const ending of endings) logOutcome(maillog, ending);
      void removeSettledContent(aheadDb, endings)
        .catch((error: unknown) => log.debug("content of settled messages stays for the janitor", { error: String(error) }))
        .then(() => {
          for (const one of batch) one.done();
        });
    }
    writing = false;
  };

  /** Repeating is safe: what a lost answer hid is settled already and no longer ours. */
  const write = async (endings: readonly Ending[]): Promise<boolean> => {
    for (const started = Date.now(); Date.now() - started < KEEP_MS; await sleep(RETRY_MS)) {
      try {
        const { refused } = await settleBatch(db, nodeNo, endings);
        if (refused > 0) reportLate(refused);
        return true;
      } catch (error) {
        log.warn("results of deliveries wait for the database", { recipients: endings.length, error: String(error) });
      }
    }
    log.error("results of deliveries are given up: these copies will be sent again", { recipients: endings.length });
    return false;
  };

  const reportLate = (refused: number): void => {
    metrics.lateWritesRefused.inc(refused);
    log.warn("settled too late: another node has taken these recipients over", { recipients: refused });
  };

  return {
    settle(endings) {
      if (endings.length === 0) return Promise.resolve();
      const settled = Promise.all(endings.map((ending) => new Promise<void>((done) => gathered.push({ ending, done }))));
      if (!writing) {
        writing = true;
        setImmediate(() => void writeAll());
      }
      return settled.then(() => undefined);
    },
  };
}

/** The line of one recipient's outcome. */
export function logOutcome(maillog: Maillog, ending: Ending): void {
  const { message, recipient, verdict, delays, outcome } = ending;
  maillog.outcome({
    queueId: message.queueId,
    to: mailboxText(recipient.finalRecipient),
    origTo: recipient.originalRecipient,
    relay: verdict.relay,
    delays,
    dsn: verdict.reply.enhancedStatus,
    status: outcome,
    reply: replyLine(verdict.reply),
  });
}
