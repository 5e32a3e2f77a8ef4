/** One node: a process that takes mail, resolves it, keeps it and delivers it. The services are put together here, and stopped in reverse. */
import { setTimeout as sleep } from "node:timers/promises";
import { ensureCertificate } from "./config/certificate.ts";
import type { Settings } from "./config/settings-tree.ts";
import { watchCertificate } from "./config/watch-certificate.ts";
import { type Db, openDatabase } from "./db/client.ts";
import type { Connection } from "./db/connection.ts";
import { watchFreeSpace } from "./db/free-space.ts";
import { watchReachable } from "./db/reachable.ts";
import { sharedSecret } from "./db/secrets.ts";
import { createDeliverer } from "./deliver/deliverer.ts";
import { systemEdges } from "./deliver/edges.ts";
import type { Directory, Route } from "./directory/directory.ts";
import { openDirectory } from "./directory/open-directory.ts";
import { startExpiryTimer } from "./expiry-timer.ts";
import { openLdap } from "./ldap.ts";
import type { Log } from "./log/log.ts";
import { createMaillog } from "./log/maillog.ts";
import type { Metrics } from "./log/metrics.ts";
import { LEAVE_PATH, LEAVE_SECRET, type Leaving, leaveToken } from "./mail/leave-token.ts";
import { found } from "./mail/lookup.ts";
import type { Mailbox } from "./mail/mailbox.ts";
import { openQueue } from "./queue/queue.ts";
import { QUEUE_DUE_CHANNEL } from "./queue/steer.ts";
import { startReceiver } from "./receive/receiver.ts";
import { createHeldReport } from "./report/held-posts.ts";
import { tellMoved } from "./report/moved-notices.ts";
import { createReport } from "./report/report.ts";
import { openResolve } from "./resolve/resolve.ts";
import { openSending } from "./sending/sending.ts";
import { delivererSettings, queueSettings, receiveSettings, reporter, resolveLimits, sendingLimits } from "./stage-settings.ts";

export type RunningNode = {
  /** `host:port` of each SMTP listener. */
  readonly addresses: readonly string[];
  /** Takes no more mail, ends what is under way, gives back what is not begun. */
  stop(): Promise<void>;
};

/** For mail still coming in and copies under way together; the parent kills what takes longer than 35 s. */
const STOP_SECONDS = 28;

/** The rows of 100,000 members are one statement; a client waits ten minutes for the answer to its dot (RFC 5321 §4.5.3.2.6). */
const LIST_STATEMENT_MS = 60_000;

/** How soon a sender and an owner hear of a post that waits. */
const HELD_ROUND_MS = 2000;

/**
 * A node asks for a few rows by their keys, always. Its statements are prepared once, perhaps while the queue is empty, and a plan that reads whole
 * tables, good then, would take seconds in a queue of a million.
 */
const BY_INDEX = "-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off";

export async function startNode(
  settings: Settings,
  connection: Connection,
  embedded: boolean,
  log: Log,
  metrics: Metrics,
): Promise<RunningNode> {
  const maillog = createMaillog(log, metrics);
  const max = settings.database.connections;
  const byIndex = { ...connection, options: `${connection.options ?? ""} ${BY_INDEX}`.trim() };
  const db = openDatabase(byIndex, { applicationName: "mailroom", max, log });
  const aheadDb = openDatabase(
    { ...byIndex, options: `${byIndex.options} -c synchronous_commit=off` },
    { applicationName: "mailroom content", max: 4, log },
  );
  const patientDb = openDatabase(byIndex, { applicationName: "mailroom lists", max: 2, log, statementMs: LIST_STATEMENT_MS });
  const reachable = watchReachable(db, log);
  const space = await watchFreeSpace(
    embedded ? settings.dataDir : null,
    { octets: settings.database.freeSpace, share: settings.database.freeShare },
    log,
  );
  const rows = openDirectory(db, { log });
  const ldap = await openLdap(db, rows, settings, log, metrics);
  const { directory } = ldap;
  const resolve = openResolve(directory, { limits: resolveLimits(settings) });
  const queue = await openQueue({ db, aheadDb, patientDb, log, maillog, metrics, settings: queueSettings(settings), random: Math.random });
  const due = await db.listen(
    QUEUE_DUE_CHANNEL,
    () => queue.wake(),
    () => queue.wake(),
  );
  const report = createReport({
    queue,
    resolve: (mailbox) => resolve(mailbox, null),
    reporter: reporter(settings),
    log,
    metrics,
  });
  const deliverer = createDeliverer(
    {
      directory: settings.deliver.capture === null ? directory : capturing(directory, settings.deliver.capture),
      settle: (settlements) => report.settle(settlements),
      release: (message, recipients) => queue.release([{ ...message, recipients }]),
      edges: systemEdges(settings.dns.servers),
      leaveUrl: await leaveUrls(db, settings.http.publicUrl),
      log,
      metrics,
    },
    delivererSettings(settings),
  );
  if (settings.services.includes("deliver")) queue.start(deliverer);
  const noticeDeps = { db, queue, resolve: (mailbox: Mailbox) => resolve(mailbox, null), reporter: reporter(settings), log };
  const expiry = settings.services.includes("deliver") ? startExpiryTimer(noticeDeps) : null;
  const held = createHeldReport({ ...noticeDeps, maillog });
  const announcing = repeating(HELD_ROUND_MS, () =>
    held.round().catch((error: unknown) => log.warn("held posts could not be looked at", { error: String(error) })),
  );

  const source = { certFile: settings.tls.cert, keyFile: settings.tls.key, dataDir: settings.dataDir, hostname: settings.hostname };
  const first = await ensureCertificate(source);
  const receiver = settings.services.includes("receive")
    ? await startReceiver(
        {
          directory,
          resolve,
          openIntake: queue.openIntake,
          brake: queue.brake,
          log,
          maillog,
          metrics,
          accepting: reachable.now,
          spaceLow: space.low,
          firstDomain: () => firstDomain(directory),
          moved: (mail) => void tellMoved(noticeDeps, mail),
          sending: openSending({ db, log, metrics, directories: ldap.sources, sleep }, sendingLimits(settings)),
        },
        receiveSettings(settings, { cert: first.cert, key: first.key.reveal() }),
      )
    : null;
  const certificate = watchCertificate(source, first, {
    log,
    onChange: ({ cert, key }) => receiver?.reloadCertificate(cert, key.reveal()),
  });

  return {
    addresses: [...(receiver?.addresses ?? []), ...(receiver?.submission ?? []), ...(receiver?.submissions ?? [])].map(
      ({ address, port }) => (address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`),
    ),
    async stop() {
      const until = performance.now() + STOP_SECONDS * 1000;
      await certificate.close();
      await receiver?.close();
      await expiry?.stop();
      await announcing.stop();
      await queue.stopClaiming();
      await deliverer.drain(Math.max(1, (until - performance.now()) / 1000));
      await due.stop();
      await queue.close().catch((error: unknown) => log.warn("the node stays registered until it is found dead", { error: String(error) }));
      await ldap.close();
      await directory.close();
      space.stop();
      reachable.stop();
      await Promise.all([db.close(), aheadDb.close(), patientDb.close()]);
    },
  };
}

/** Runs `work` again and again, never twice at once. */
function repeating(everyMs: number, work: () => Promise<void>): { stop(): Promise<void> } {
  let running = Promise.resolve();
  let isRunning = false;
  const timer = setInterval(() => {
    if (isRunning) return;
    isRunning = true;
    running = work().finally(() => {
      isRunning = false;
    });
  }, everyMs);
  return {
    stop() {
      clearInterval(timer);
      return running;
    },
  };
}

/** Where a member leaves a list, by list and member; null: nowhere, there is no public server. */
async function leaveUrls(db: Db, publicUrl: string | null): Promise<((leaving: Leaving) => string) | null> {
  if (publicUrl === null) return null;
  const secret = await sharedSecret(db, LEAVE_SECRET);
  return (leaving) => `${publicUrl}${LEAVE_PATH}${leaveToken(secret, leaving)}`;
}

/** The first of our domains by name that stands for itself. */
async function firstDomain(directory: Directory): Promise<string | null> {
  const domains = await directory.domains();
  if (domains.kind !== "found") return null;
  return (
    [...domains.value.values()]
      .filter(({ aliasOf }) => aliasOf === null)
      .map(({ domain }) => domain)
      .sort()[0] ?? null
  );
}

/** Nothing leaves the machine: what no route of its own brings to a Maildir goes to one below the folder. */
function capturing(directory: Directory, folder: string): Pick<Directory, "route"> {
  const url = `maildir:${folder}/{domain}/{local}`;
  const captured: Route = { kind: "maildir", path: url.slice("maildir:".length), url };
  return {
    async route(domain) {
      const route = await directory.route(domain);
      return route.kind === "found" && !["maildir", "discard"].includes(route.value.kind) ? found(captured) : route;
    },
  };
}
