/** What one process of a server does for all of them now and then. Each task may run on several servers at once. */

import { forgetRequests } from "./actions/forwarding/limits.ts";
import { forgetUploads } from "./actions/import/uploads.ts";
import { findDeadEnds } from "./actions/search/dead-ends.ts";
import { forgetSessions } from "./admin/access/sessions.ts";
import type { Settings } from "./config/settings-tree.ts";
import type { Db } from "./db/client.ts";
import { ensurePartitions } from "./db/partitions.ts";
import { readDomains } from "./directory/tables.ts";
import type { Log } from "./log/log.ts";
import { forgetOldPosts } from "./queue/brake.ts";
import { countHours } from "./queue/count-hours.ts";
import { forgetOldNodes } from "./queue/heartbeat.ts";
import { forgetEndedPosts } from "./queue/held-posts.ts";
import { removeOrphanedContent } from "./queue/janitor.ts";
import { releaseDeadNodes } from "./queue/node.ts";
import { forgetAttempts } from "./sending/attempts.ts";
import { forgetCounts } from "./sending/quota.ts";
import { holdStopped } from "./sending/stop.ts";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

export type Housekeeping = { stop(): Promise<void> };

/** Does everything once before it resolves, so that today's partition exists when mail comes; then by the clock. */
export async function startHousekeeping(db: Db, settings: Settings, log: Log): Promise<Housekeeping> {
  const tasks: { name: string; everyMs: number; run: () => Promise<unknown> }[] = [
    { name: "free the mail of dead nodes", everyMs: MINUTE, run: () => releaseDeadNodes(db) },
    {
      name: "make and drop partitions",
      everyMs: 30 * MINUTE,
      run: () => ensurePartitions(db, { daysAhead: 3, retentionDays: settings.trace.retention / DAY, log }),
    },
    { name: "remove orphaned content", everyMs: 10 * MINUTE, run: () => removeOrphanedContent(db, new Date()) },
    { name: "forget old posts", everyMs: 10 * MINUTE, run: () => forgetOldPosts(db) },
    { name: "forget ended posts", everyMs: 10 * MINUTE, run: () => forgetEndedPosts(db) },
    { name: "hold the mail of stopped senders", everyMs: MINUTE, run: () => holdStopped(db) },
    {
      name: "forget old sign-ins and counts of recipients",
      everyMs: 60 * MINUTE,
      run: async () => {
        await forgetAttempts(db);
        await forgetCounts(db);
      },
    },
    {
      name: "find dead ends",
      everyMs: MINUTE,
      run: () =>
        findDeadEnds(
          db,
          settings.ldap.map(({ name }) => name),
        ),
    },
    { name: "forget old requests for forwarding", everyMs: 60 * MINUTE, run: () => forgetRequests(db) },
    {
      name: "count what passed in each hour",
      everyMs: MINUTE,
      run: async () => countHours(db, [...(await readDomains(db)).byName.keys()]),
    },
    { name: "forget sessions and answers of the panel", everyMs: 10 * MINUTE, run: () => forgetSessions(db) },
    { name: "forget old uploads", everyMs: 60 * MINUTE, run: () => forgetUploads(db) },
    { name: "forget old nodes", everyMs: 60 * MINUTE, run: () => forgetOldNodes(db) },
  ];
  const running = new Set<Promise<void>>();
  const attempt = (task: (typeof tasks)[number]): Promise<void> => {
    const run = task.run().then(
      () => undefined,
      (error: unknown) => log.warn("housekeeping failed and is tried again later", { task: task.name, error: String(error) }),
    );
    running.add(run);
    return run.finally(() => running.delete(run));
  };
  for (const task of tasks) await attempt(task);
  const timers = tasks.map((task) => setInterval(() => void attempt(task), task.everyMs).unref());
  return {
    async stop() {
      for (const timer of timers) clearInterval(timer);
      await Promise.all(running);
    },
  };
}
