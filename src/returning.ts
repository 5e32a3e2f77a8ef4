/** What the command line needs to return mail to its senders: a queue, the resolver and the report, without delivery. */
import type { ReturnDeps } from "./actions/queue.ts";
import type { Settings } from "./config/settings-tree.ts";
import type { Db } from "./db/client.ts";
import { relayingLog } from "./db/relayed-lines.ts";
import { openDirectory } from "./directory/open-directory.ts";
import { openLdap } from "./ldap.ts";
import type { Log } from "./log/log.ts";
import { createMaillog } from "./log/maillog.ts";
import { createMetrics } from "./log/metrics.ts";
import { openQueue } from "./queue/queue.ts";
import { QUEUE_DUE_CHANNEL } from "./queue/steer.ts";
import { createReport } from "./report/report.ts";
import { openResolve } from "./resolve/resolve.ts";
import { queueSettings, reporter, resolveLimits } from "./stage-settings.ts";

/** Runs `work` as a node that only settles; the DSNs it writes are delivered by the server's nodes, which are woken. */
export async function withReturning<T>(db: Db, settings: Settings, log: Log, work: (deps: ReturnDeps) => Promise<T>): Promise<T> {
  const relaying = relayingLog(db, log);
  const metrics = createMetrics();
  const ldap = await openLdap(db, openDirectory(db, { log }), settings, log, false);
  const { directory } = ldap;
  const resolve = openResolve(directory, { limits: resolveLimits(settings) });
  const queue = await openQueue({
    db,
    aheadDb: db,
    log,
    maillog: createMaillog(relaying.log, metrics),
    metrics,
    settings: queueSettings(settings),
    random: Math.random,
  });
  const report = createReport({
    queue,
    resolve: (mailbox) => resolve(mailbox, null),
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
    });
  } finally {
    await queue.close();
    await ldap.close();
    await directory.close();
    await db.query({ text: `notify ${QUEUE_DUE_CHANNEL}` });
  }
}
