import type { Directory } from "../directory/directory.ts";
import type { Log } from "../log/log.ts";
import type { Maillog } from "../log/maillog.ts";
import type { Metrics } from "../log/metrics.ts";
import type { ReversePath } from "../mail/envelope.ts";
import type { Header } from "../mail/header.ts";
import type { Mailbox } from "../mail/mailbox.ts";
import type { MessageId } from "../mail/queue-id.ts";
import type { BrakeAnswer, Post } from "../queue/brake.ts";
import type { Intake } from "../queue/claim.ts";
import type { Moved, Resolve } from "../resolve/resolution.ts";
import type { Networks } from "../sending/networks.ts";
import type { Sending } from "../sending/sending.ts";
import type { ConnectionCounts } from "./connection-counts.ts";
import type { Limits } from "./limits.ts";

/** What a listener is for: mail from other servers, or from people who sign in, with STARTTLS or with TLS from the first octet (RFC 8314 §3.3). */
export type Service = "smtp" | "submission" | "submissions";

type Address = { readonly host: string; readonly port: number };

/** What this stage asks of the others. */
export type ReceiveDeps = {
  readonly directory: Pick<Directory, "domain">;
  readonly resolve: Resolve;
  /** Counts posts to lists, and says how each list takes this one. */
  readonly brake: (posts: readonly Post[], sender: string, messageId: MessageId) => Promise<ReadonlyMap<string, BrakeAnswer>>;
  /** A place in the queue for one message. */
  readonly openIntake: () => Intake;
  readonly log: Log;
  readonly maillog: Pick<Maillog, "refused" | "signInFailed">;
  readonly metrics: Pick<Metrics, "connects" | "disconnects" | "tlsConnections" | "acceptSeconds" | "signIns">;
  /** Null: nobody can sign in. */
  readonly sending: Sending | null;
  /** False: mail is not taken now (an operator paused intake, the database is away). New connections and MAIL get 421 4.3.2. */
  readonly accepting: () => boolean;
  /** True: the database's volume is nearly full. MAIL gets 452 4.3.1. */
  readonly spaceLow: () => boolean;
  /** The domain `<postmaster>` belongs to; null: none of ours exists, then it is our hostname. */
  readonly firstDomain: () => Promise<string | null>;
  /** Told of accepted mail for a retired address. */
  readonly moved?: (mail: Moved & { readonly sender: ReversePath; readonly header: Header; readonly messageId: string | null }) => void;
  /** The client is a next hop of ours: its connections come out of the reserved part. */
  readonly isNextHop?: (address: string) => boolean;
};

export type ReceiveSettings = {
  readonly hostname: string;
  /** `smtp.listen`, `submission.listen`, `submissions.listen`. Port 0: any free one. */
  readonly listen: Readonly<Record<Service, readonly Address[]>>;
  /** PEM. */
  readonly tls: { readonly cert: string; readonly key: string };
  /** May send to anywhere. */
  readonly trustedNetworks: readonly string[];
  /** Their connections count in the total only, besides those of trusted networks. */
  readonly uncountedNetworks: readonly string[];
  /** Gets mail to postmaster that nobody answers; null: it is held. */
  readonly postmaster: Mailbox | null;
  /** Members of lists can leave by a link: there is a server for it. */
  readonly canLeave: boolean;
  readonly limits: Limits;
};

export const LOOPBACK: readonly string[] = ["127.0.0.0/8", "::1"];

/** What all connections of this worker share. */
export type Context = {
  readonly deps: ReceiveDeps;
  readonly settings: ReceiveSettings;
  readonly limits: Limits;
  readonly trusted: Networks;
  readonly uncounted: Networks;
  readonly counts: ConnectionCounts;
  /** The server stops: no new commands. */
  draining: boolean;
};
