/**
 * report: composes DSNs and decides which are due. A failure and its DSN are stored together or not at all. Its own mail is resolved like any
 * other. Trusts no remote's words: they are capped and cleaned before they come here. Standards: RFC 3461, 3462, 3464, 3834.
 */
import type { Log } from "../log/log.ts";
import type { Metrics } from "../log/metrics.ts";
import { type Mailbox, mailboxText } from "../mail/mailbox.ts";
import { reply } from "../mail/reply.ts";
import type { Settlement } from "../queue/claim.ts";
import { ClaimLost } from "../queue/notice.ts";
import type { Queue } from "../queue/queue.ts";
import type { Ending } from "../queue/settle.ts";
import type { Resolution } from "../resolve/resolution.ts";
import { type FailureNotice, sortByAudience } from "./audience.ts";
import { composeFailureDsn, type Reporter } from "./failure-dsn.ts";
import { noticeMessage, noticeRecipients } from "./notice-message.ts";

export type ReportDeps = {
  readonly queue: Pick<Queue, "endingOf" | "settle" | "settleWithNotice">;
  /** What any mailbox means, ours or not: another's is its own final recipient. */
  readonly resolve: (mailbox: Mailbox) => Promise<Resolution>;
  readonly reporter: Reporter;
  readonly log: Log;
  readonly metrics: Metrics;
};

export type Report = {
  /** Settles what delivery tried: with a DSN where one is due. Resolves when it is committed; never rejects. */
  settle(settlements: readonly Settlement[]): Promise<void>;
};

export function createReport(deps: ReportDeps): Report {
  const { queue } = deps;
  return {
    async settle(settlements) {
      const { silent, notices } = sortByAudience(settlements.map((settlement) => queue.endingOf(settlement)));
      await Promise.all([queue.settle(silent), ...notices.map((notice) => settleFailure(deps, notice))]);
    },
  };
}

async function settleFailure(deps: ReportDeps, notice: FailureNotice): Promise<void> {
  const { queue, log, metrics } = deps;
  const queueId = notice.endings[0]?.message.queueId;
  try {
    const recipients = await noticeRecipients(deps.resolve, notice.to);
    if (recipients === null) {
      log.warn("a bounce has nobody to go to", { queueId, sender: mailboxText(notice.to) });
      await queue.settle(notice.endings);
      return;
    }
    const octets = await composeFailureDsn(notice, deps.reporter);
    await queue.settleWithNotice(notice.endings, { message: noticeMessage(octets, recipients), octets });
    metrics.bounces.inc();
  } catch (error) {
    if (error instanceof ClaimLost) {
      log.warn("a bounce is left to the node that took the recipients over", { queueId });
      return;
    }
    log.warn("a bounce could not be stored; its recipients stay in the queue", { queueId, error: String(error) });
    await queue.settle(notice.endings.map(keep));
  }
}

/** The failed recipient is tried again in a minute, and fails again with its notice. */
const keep = (ending: Ending): Ending => ({
  ...ending,
  verdict: { kind: "deferred", scope: "local", reply: reply(451, "4.3.0", "its bounce could not be stored"), relay: ending.verdict.relay },
  outcome: "deferred",
  afterSeconds: 60,
  countsAsFailure: false,
});
