/** What each stage is told, taken from the settings. Durations there are milliseconds. */
import { randomUUID } from "node:crypto";
import type { Settings } from "./config/settings-tree.ts";
import type { DelivererSettings } from "./deliver/settings.ts";
import type { OwnListener } from "./directory/own-listeners.ts";
import type { QueueSettings } from "./queue/settings.ts";
import { LOOPBACK, type ReceiveSettings } from "./receive/context.ts";
import { defaultLimits } from "./receive/limits.ts";
import type { Reporter } from "./report/failure-dsn.ts";
import type { Limits as ResolveLimits } from "./resolve/limits.ts";
import type { SendingLimits } from "./sending/quota-decision.ts";

const seconds = (ms: number): number => ms / 1000;
const cidr = ({ address, prefix }: { readonly address: string; readonly prefix: number }): string => `${address}/${prefix}`;

export const queueSettings = ({ queue }: Settings): QueueSettings => ({
  retrySeconds: queue.retry.map(seconds),
  lifetimeSeconds: seconds(queue.lifetime),
  noticeLifetimeSeconds: seconds(queue.dsnLifetime),
  leaseSeconds: seconds(queue.lease),
  inMemoryOctets: queue.inMemory,
  memoryBudgetOctets: queue.memory,
});

export const reporter = ({ hostname }: Settings): Reporter => ({
  hostname,
  domain: hostname,
  now: () => new Date(),
  uniqueId: randomUUID,
});

export function receiveSettings(settings: Settings, tls: { cert: string; key: string }): ReceiveSettings {
  const { listen: smtp, ...limits } = settings.smtp;
  const trustedNetworks = settings.relay.trustedNetworks.map(cidr);
  return {
    hostname: settings.hostname,
    listen: { smtp, submission: settings.submission.listen, submissions: settings.submissions.listen },
    tls,
    trustedNetworks,
    uncountedNetworks: [...LOOPBACK, ...trustedNetworks],
    postmaster: settings.postmaster,
    canLeave: settings.http.publicUrl !== null,
    limits: { ...defaultLimits, ...limits, messageRecipients: settings.resolve.messageRecipients },
  };
}

/** Where mail must never be sent: it would come back. */
export const ownListeners = ({ smtp, submission, submissions }: Pick<Settings, "smtp" | "submission" | "submissions">): OwnListener[] =>
  [...smtp.listen, ...submission.listen, ...submissions.listen].map(({ host, port }) => ({ address: host, port }));

export const delivererSettings = ({ hostname, smtp, submission, submissions, deliver, queue }: Settings): DelivererSettings => ({
  hostname,
  retry: queue.retry.map(seconds),
  recipients: 20_000,
  attempts: deliver.workers,
  share: deliver.share,
  firstConcurrency: Math.min(deliver.firstConcurrency, deliver.concurrency),
  concurrency: deliver.concurrency,
  transactionRecipients: deliver.recipients,
  hosts: deliver.mxHosts,
  connectSeconds: seconds(deliver.connectTimeout),
  greetingSeconds: seconds(deliver.greetingTimeout),
  silenceSeconds: seconds(deliver.commandTimeout),
  attemptSeconds: seconds(deliver.attemptTimeout),
  largeAttemptSeconds: seconds(Math.max(deliver.attemptTimeout, deliver.largeAttemptTimeout)),
  large: deliver.large,
  replyOctets: deliver.replySize,
  allowedNetworks: deliver.allowedNetworks.map(cidr),
  ownListeners: ownListeners({ smtp, submission, submissions }),
});

export const sendingLimits = ({ sending }: Settings): SendingLimits => ({
  staff: sending.staff,
  staffPerHour: sending.staffPerHour,
  othersPerHour: sending.othersPerHour,
  othersFirstTimePerDay: sending.othersFirstTimePerDay,
  hardStop: sending.hardStop,
});

/** Twenty hops for each recipient leave room for nested lists. */
export const resolveLimits = ({ resolve }: Settings): ResolveLimits => ({
  depth: resolve.depth,
  recipients: resolve.recipients,
  hops: resolve.recipients * 20,
});
