/** What the queue is told; main.ts fills it from the settings file. Times in seconds. */
export type QueueSettings = {
  /** Waits between attempts; the last one repeats. RFC 5321 §4.5.4.1. */
  readonly retrySeconds: readonly number[];
  /** Age at which a recipient expires. RFC 5321 §4.5.4.1: at least 4-5 days. */
  readonly lifetimeSeconds: number;
  /** The same for what we wrote ourselves. */
  readonly noticeLifetimeSeconds: number;
  /** How long a claim holds without a heartbeat; then any node may take the recipient over. */
  readonly leaseSeconds: number;
  /** Content up to this many octets stays in memory until it is delivered; larger content is written ahead while it comes in. */
  readonly inMemoryOctets: number;
  /** All content that may be in memory at once on this node; past it, everything is written ahead and read back. */
  readonly memoryBudgetOctets: number;
};
