/** What each stage is told, taken from the settings. Durations there are milliseconds. */
import type { Settings } from "./config/settings-tree.ts";
import type { DelivererSettings } from "./deliver/settings.ts";
import type { QueueSettings } from "./queue/settings.ts";
import { LOOPBACK, type ReceiveSettings } from "./receive/context.ts";
import { defaultLimits } from "./receive/limits.ts";
import type { Limits as ResolveLimits } from "./resolve/walk.ts";

const seconds = (ms: number): number => ms / 1000;

export const queueSettings = ({ queue }: Settings): QueueSettings => ({
  retrySeconds: queue.retry.map(seconds),
  lifetimeSeconds: seconds(queue.lifetime),
  noticeLifetimeSeconds: seconds(queue.dsnLifetime),
  leaseSeconds: seconds(queue.lease),
  inMemoryOctets: queue.inMemory,
  memoryBudgetOctets: queue.memory,
});

export function receiveSettings(settings: Settings, tls: { cert: string; key: string }): ReceiveSettings {
  const { listen, ...limits } = settings.smtp;
  const trustedNetworks = settings.relay.trustedNetworks.map(({ address, prefix }) => `${address}/${prefix}`);
  return {
    hostname: settings.hostname,
    listen,
    tls,
    trustedNetworks,
    uncountedNetworks: [...LOOPBACK, ...trustedNetworks],
    postmaster: settings.postmaster,
    limits: { ...defaultLimits, ...limits, messageRecipients: settings.resolve.messageRecipients },
  };
}

export const delivererSettings = ({ hostname, deliver, queue }: Settings): DelivererSettings => ({
  hostname,
  attemptSeconds: seconds(deliver.attemptTimeout),
  connectSeconds: seconds(deliver.connectTimeout),
  silenceSeconds: seconds(deliver.commandTimeout),
  recipients: 20_000,
  attempts: deliver.workers,
  retry: queue.retry.map(seconds),
});

/** Twenty hops for each recipient leave room for nested lists. */
export const resolveLimits = ({ resolve }: Settings): ResolveLimits => ({
  depth: resolve.depth,
  recipients: resolve.recipients,
  hops: resolve.recipients * 20,
});
