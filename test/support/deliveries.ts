import { createDeliverer, type Deliverer } from "../../src/deliver/deliverer.ts";
import { type Edges, systemEdges } from "../../src/deliver/edges.ts";
import type { DelivererSettings } from "../../src/deliver/settings.ts";
import type { Route } from "../../src/directory/directory.ts";
import type { Log } from "../../src/log/log.ts";
import type { Metrics } from "../../src/log/metrics.ts";
import type { Envelope } from "../../src/mail/envelope.ts";
import { found, type Lookup } from "../../src/mail/lookup.ts";
import { type Mailbox, parseMailbox } from "../../src/mail/mailbox.ts";
import type { ClaimedMessage, ClaimedRecipient, Content, Lane, Settlement } from "../../src/queue/claim.ts";

export const mailbox = (text: string): Mailbox => {
  const parsed = parseMailbox(text, { smtputf8: true });
  if (!parsed.ok) throw new Error(`${text}: ${parsed.fault.detail}`);
  return parsed.mailbox;
};

let messages = 0;

/** A message as the queue hands it out; content from memory unless `content` says otherwise. */
export function claimed(
  to: readonly string[],
  octets: Buffer | string = "Subject: hello\r\n\r\nbody\r\n",
  more: {
    readonly from?: string | null;
    readonly prefix?: string;
    readonly lane?: Lane;
    readonly content?: Content;
    readonly envelope?: Partial<Envelope>;
    readonly recipient?: (n: number) => Partial<ClaimedRecipient>;
  } = {},
): ClaimedMessage {
  const content = Buffer.isBuffer(octets) ? octets : Buffer.from(octets, "utf8");
  const reversePath = more.from === null ? null : mailbox(more.from ?? "ann@campus.test");
  const messageId = BigInt(++messages);
  const headerEnd = content.indexOf("\r\n\r\n");
  return {
    messageId,
    queueId: `Q${messages}`,
    receivedAt: new Date(),
    envelope: { reversePath, smtputf8: false, body: "7BIT", ret: null, envid: null, ...more.envelope },
    prefix: more.prefix ?? "Received: from here\r\n",
    size: content.length,
    headerSize: headerEnd < 0 ? content.length : headerEnd + 4,
    content: more.content ?? inMemory(content),
    recipients: to.map((text, n) => ({
      recipientNo: n,
      finalRecipient: mailbox(text),
      originalRecipient: text,
      reversePath,
      destination: mailbox(text).domain,
      lane: more.lane ?? 0,
      paths: [[text]],
      dsn: { notify: null, orcpt: null },
      attempt: 1,
      fence: 1,
      failures: 0,
      expiresAt: new Date(Date.now() + 86_400_000),
      ...more.recipient?.(n),
    })),
  };
}

export function inMemory(octets: Buffer): Content {
  return {
    inMemory: () => [octets],
    async *chunks() {
      yield octets;
    },
  };
}

/** As from the database: pieces one at a time, never in memory as a whole. */
export function fromDatabase(pieces: readonly Buffer[], atEnd?: () => Promise<void>): Content {
  return {
    inMemory: () => null,
    async *chunks() {
      for (const [n, piece] of pieces.entries()) {
        if (n === pieces.length - 1) await atEnd?.();
        yield piece;
      }
    },
  };
}

export type Trial = {
  readonly deliverer: Deliverer;
  readonly settled: Settlement[];
  readonly released: ClaimedRecipient[];
  readonly logged: string[];
  /** Copies that may arrive twice, as counted for the metrics. */
  readonly duplicateRisk: () => number;
  /** Resolves once `count` recipients are settled or given back. */
  readonly until: (count: number) => Promise<void>;
};

/** A deliverer over the real world, but for what `world` replaces. `routes`: by domain, `*` for the rest. */
export function startDeliverer(
  routes: Readonly<Record<string, Route | Lookup<Route>>>,
  settings: Partial<DelivererSettings> = {},
  world: Partial<Edges> = {},
  settling: () => Promise<void> | void = () => undefined,
): Trial {
  const settled: Settlement[] = [];
  const released: ClaimedRecipient[] = [];
  const logged: string[] = [];
  let risk = 0;
  const duplicateRisk = {
    inc(copies: number) {
      risk += copies;
    },
  } as Metrics["duplicateRisk"];
  const waiters = new Set<() => void>();
  const note = (event: string, fields?: object) => void logged.push(`${event} ${JSON.stringify(fields ?? {})}`);
  const log: Log = { debug: note, info: note, warn: note, error: note, line: (_program, text) => note(text) };
  const deliverer = createDeliverer(
    {
      directory: {
        async route(domain) {
          const route = routes[domain] ?? routes["*"];
          if (route === undefined) throw new Error(`no route for ${domain}`);
          return "kind" in route && (route.kind === "found" || route.kind === "absent" || route.kind === "unavailable")
            ? route
            : found(route);
        },
      },
      settle(settlements) {
        settled.push(...settlements);
        for (const wake of waiters) wake();
        return settling();
      },
      release(_message, recipients) {
        released.push(...recipients);
        for (const wake of waiters) wake();
      },
      edges: { ...systemEdges([]), ...world },
      log,
      metrics: { duplicateRisk },
    },
    { hostname: "mailroom.test", retry: [60, 300], ...settings },
  );
  const until = (count: number) =>
    new Promise<void>((resolve) => {
      const check = () => {
        if (settled.length + released.length < count) return;
        waiters.delete(check);
        resolve();
      };
      waiters.add(check);
      check();
    });
  return { deliverer, settled, released, logged, duplicateRisk: () => risk, until };
}

export const smtpTo = (port: number, kind: "smtp" | "smtps" | "lmtp" = "smtp"): Route => ({
  kind,
  host: "127.0.0.1",
  port,
  url: `${kind}://127.0.0.1:${port}`,
});
