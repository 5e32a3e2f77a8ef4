import type { OwnListener } from "../directory/own-listeners.ts";

/** What main.ts must say. */
type Necessary = {
  /** Our name in EHLO; an MX of this name is ourselves. */
  readonly hostname: string;
  /** Seconds between trial connections to a next hop that is down, the last for ever: queue.retry. */
  readonly retry: readonly number[];
};

/** The rest has defaults that fit a campus. */
export type DeliverLimits = {
  /** Recipients held at once, waiting and running. One next hop may hold half of them, and is called full at a quarter. */
  readonly recipients: number;
  /** Attempts running at once; slow ones stop counting. */
  readonly attempts: number;
  /** The part of `attempts` that one next hop may hold, 0 to 1. */
  readonly share: number;
  /** Attempts at once for one next hop: at first, and at most. */
  readonly firstConcurrency: number;
  readonly concurrency: number;
  /** Recipients of one transaction. */
  readonly transactionRecipients: number;
  /** Hosts of a next hop that one attempt tries. */
  readonly hosts: number;
  /** Seconds for one connect, for the greeting, without an octet from the host, for one attempt, and for one of a large message. */
  readonly connectSeconds: number;
  readonly greetingSeconds: number;
  readonly silenceSeconds: number;
  readonly attemptSeconds: number;
  readonly largeAttemptSeconds: number;
  /** Octets from which on a message is large. */
  readonly large: number;
  /** Octets of one reply. */
  readonly replyOctets: number;
  /** An attempt that has run so many seconds is slow: others need not wait for it. So many slow ones may run beside the others. */
  readonly slowSeconds: number;
  readonly slowAttempts: number;
  /** Seconds that running attempts get to end when the process stops. */
  readonly drainSeconds: number;
  /** PEM of the authorities that may vouch for hosts of smtps: routes; null: those that Node knows (NODE_EXTRA_CA_CERTS adds to them). */
  readonly authorities: string | null;
  /** CIDR ranges in which hosts of MX records may lie although they are not public. */
  readonly allowedNetworks: readonly string[];
  /** Where this server itself listens, never a next hop. */
  readonly ownListeners: readonly OwnListener[];
  /** The port of MX hosts: 25, but for tests. */
  readonly mxPort: number;
};

export type DelivererSettings = Necessary & Partial<DeliverLimits>;
export type AllSettings = Necessary & DeliverLimits;

export const delivererDefaults: DeliverLimits = {
  recipients: 20_000,
  attempts: 100,
  share: 0.25,
  firstConcurrency: 5, // Postfix's figures: initial_destination_concurrency, default_destination_concurrency_limit
  concurrency: 20,
  transactionRecipients: 100, // RFC 5321 §4.5.3.1.8: every host takes so many
  hosts: 10,
  connectSeconds: 30,
  greetingSeconds: 300, // RFC 5321 §4.5.3.2.1
  silenceSeconds: 300, // RFC 5321 §4.5.3.2.2, §4.5.3.2.3
  attemptSeconds: 600,
  largeAttemptSeconds: 1200,
  large: 10 * 1024 * 1024,
  replyOctets: 65_536,
  slowSeconds: 3,
  slowAttempts: 500,
  drainSeconds: 25,
  authorities: null,
  allowedNetworks: [],
  ownListeners: [],
  mxPort: 25,
};
