/** What the command line and the panel need to return mail to its senders: a queue, the resolver and the report, without delivery. */
import type { Reject } from "./actions/held.ts";
import type { ReturnDeps } from "./actions/queue.ts";
import type { Settings } from "./config/settings-tree.ts";
import type { Db } from "./db/client.ts";
import { relayingLog } from "./db/relayed-lines.ts";
import { openDirectory } from "./directory/open-directory.ts";
import { openLdap } from "./ldap.ts";
import type { Log } from "./log/log.ts";
import { createMaillog } from "./log/maillog.ts";
import { createMetrics } from "./log/metrics.ts";
import type { Mailbox } from "./mail/mailbox.ts";
import { openQueue } from "./queue/queue.ts";
import { QUEUE_DUE_CHANNEL } from "./queue/steer.ts";
import { createHeldReport } from "./report/held-posts.ts";
import { createReport } from "./report/report.ts";
import { openResolve } from "./resolve/resolve.ts";
import { queueSettings, reporter, resolveLimits } from "./stage-settings.ts";

/** Runs `work` as a node that only settles; the DSNs it writes are delivered by the server's nodes, which are woken. */
export async function withReturning<T>(
  db: Db,
  settings: Settings,
  log: Log,
  work: (deps: ReturnDeps & { readonly reject: Reject }) => Promise<T>,
): Promise<T> {
  const relaying = relayingLog(db, log);
  const metrics = createMetrics();
  const ldap = await openLdap(db, openDirectory(db, { log }), settings, log, null);
  const { directory } = ldap;
  const resolve = openResolve(directory, { limits: resolveLimits(settings) });
  const maillog = createMaillog(relaying.log, metrics);
  const queue = await openQueue({
    db,
    aheadDb: db,
    log,
    maillog,
    metrics,
    settings: queueSettings(settings),
    random: Math.random,
  });
  const resolveAny = (mailbox: Mailbox) => resolve(mailbox, null);
  const held = createHeldReport({ queue, resolve: resolveAny, reporter: reporter(settings), log, maillog });
  const report = createReport({
    queue,
    resolve: resolveAny,
    reporter: reporter(settings),
    log,
    metrics,
  });
  try {
    return await work({
      claim: queue.claimSelected,
      async settle(settlements) {
        await report.settle(settlements);
        await relaying.send(); // what became of them, and the DSNs
      },
      async reject(...asked) {
        const ended = await held.reject(...asked);
        await relaying.send();
        return ended;
      },
    });
  } finally {
    await queue.close();
    await ldap.close();
    await directory.close();
    await db.query({ text: `notify ${QUEUE_DUE_CHANNEL}` });
  }
}
