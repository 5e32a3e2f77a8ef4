export type AttemptSettings = {
  /** Our name in EHLO. */
  readonly hostname: string;
  /** Seconds for one attempt; messages above 10 MB get twice as many. */
  readonly attemptSeconds: number;
  /** Seconds for one connect. */
  readonly connectSeconds: number;
  /** Seconds without an octet from the host. */
  readonly silenceSeconds: number;
};

export type DelivererSettings = AttemptSettings & {
  /** Recipients held at once, waiting and running. */
  readonly recipients: number;
  /** Attempts running at once; one next hop gets a quarter of them at most. */
  readonly attempts: number;
  /** Seconds between trial connections to a next hop that is down: queue.retry. */
  readonly retry: readonly number[];
};

/** Settings that nobody needs to change. */
export const delivererDefaults = {
  recipients: 20_000,
  attempts: 80,
  attemptSeconds: 600,
  connectSeconds: 30,
  silenceSeconds: 300,
} as const;
