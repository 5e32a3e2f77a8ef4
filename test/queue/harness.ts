/** A queue on a real database, with a delivery that only collects what it is given. */
import { Buffer } from "node:buffer";
import type { Db } from "../../src/db/client.ts";
import { createMaillog } from "../../src/log/maillog.ts";
import { createMetrics } from "../../src/log/metrics.ts";
import { type Mailbox, parseMailbox } from "../../src/mail/mailbox.ts";
import { reply } from "../../src/mail/reply.ts";
import type { Verdict } from "../../src/mail/verdict.ts";
import type { ClaimedMessage, ClaimedRecipient, Lane, NewMessage, NewRecipient, Settlement } from "../../src/queue/claim.ts";
import type { Delivery } from "../../src/queue/claimer.ts";
import { openQueue, type Queue } from "../../src/queue/queue.ts";
import type { QueueSettings } from "../../src/queue/settings.ts";
import { silentLog } from "../support/sql.ts";

const settings: QueueSettings = {
  retrySeconds: [60, 300, 900],
  lifetimeSeconds: 4 * 86_400,
  noticeLifetimeSeconds: 86_400,
  leaseSeconds: 120,
  inMemoryOctets: 1024 * 1024,
  memoryBudgetOctets: 64 * 1024 * 1024,
};

export const box = (text: string): Mailbox => {
  const parsed = parseMailbox(text);
  if (!parsed.ok) throw new Error(`${text}: ${parsed.fault.detail}`);
  return parsed.mailbox;
};

export const recipient = (to: string, more: Partial<NewRecipient> = {}): NewRecipient => ({
  finalRecipient: box(to),
  originalRecipient: "alias@campus.test",
  reversePath: box("sender@outside.test"),
  lane: 0,
  paths: [["alias@campus.test", to]],
  dsn: { notify: null, orcpt: null },
  held: null,
  ...more,
});

export const message = (recipients: readonly NewRecipient[], more: Partial<NewMessage> = {}): NewMessage => ({
  envelope: { reversePath: box("sender@outside.test"), smtputf8: false, body: "7BIT", ret: null, envid: null },
  prefix: "Received: by mx.campus.test; Wed, 25 Nov 2026 00:00:00 +0000\r\n",
  headerSize: 14,
  headerMessageId: "<1@outside.test>",
  clientAddress: "192.0.2.1",
  heloName: "outside.test",
  authenticatedAs: null,
  recipients,
  ...more,
});

export const CONTENT = Buffer.from("Subject: hi\r\n\r\nhello\r\n");

export type Collected = Delivery & { readonly messages: ClaimedMessage[]; room: number; full: string[]; next(): Promise<ClaimedMessage> };

function collectingDelivery(): Collected {
  const waiting: ((message: ClaimedMessage) => void)[] = [];
  const messages: ClaimedMessage[] = [];
  return {
    messages,
    room: 100_000,
    full: [],
    accept(message) {
      const someone = waiting.shift();
      if (someone) someone(message);
      else messages.push(message);
    },
    capacity(_lane: Lane) {
      return this.room;
    },
    fullDestinations() {
      return this.full;
    },
    next() {
      const message = messages.shift();
      return message ? Promise.resolve(message) : new Promise((resolve) => waiting.push(resolve));
    },
  };
}

export type TestQueue = { readonly queue: Queue; readonly delivery: Collected };

export async function openTestQueue(db: Db, changed: Partial<QueueSettings> = {}, start = true): Promise<TestQueue> {
  const metrics = createMetrics();
  const deps = { db, aheadDb: db, log: silentLog, maillog: createMaillog(silentLog, metrics), metrics, random: () => 0.5 };
  const queue = await openQueue({ ...deps, settings: { ...settings, ...changed } });
  const delivery = collectingDelivery();
  if (start) queue.start(delivery);
  return { queue, delivery };
}

export async function put(queue: Queue, to: NewMessage, content: Buffer = CONTENT): Promise<string> {
  const intake = queue.openIntake();
  for (let at = 0; at < content.length; at += 65_536) await intake.write(content.subarray(at, at + 65_536));
  await intake.commit(to);
  return intake.queueId;
}

export const relayed: Verdict = { kind: "relayed", reply: reply(250, "2.0.0", "Ok"), relay: "next.test[192.0.2.9]:25" };
export const deferred = (scope: "local" | "host" = "host"): Verdict => ({
  kind: "deferred",
  scope,
  reply: reply(451, "4.4.1", "busy"),
  relay: null,
});
export const failed: Verdict = {
  kind: "failed",
  scope: "recipient",
  reply: reply(550, "5.1.1", "no such user"),
  relay: "next.test[192.0.2.9]:25",
};

export const settlement = (message: ClaimedMessage, recipient: ClaimedRecipient, verdict: Verdict): Settlement => ({
  message,
  recipient,
  verdict,
  delays: [0.1, 0, 0.2, 0.3],
});

/** Settles every recipient of the message alike. */
export const settleAll = (queue: Queue, claimed: ClaimedMessage, verdict: Verdict): Promise<void> =>
  queue.settle(claimed.recipients.map((each) => queue.endingOf(settlement(claimed, each, verdict))));

export async function count(db: Db, table: string): Promise<number> {
  const { rows } = await db.query<{ count: number }>({ text: `select count(*)::integer as count from ${table}` });
  return rows[0]?.count ?? -1;
}

/** Makes every waiting recipient due and every lease old. */
export const passTime = (db: Db): Promise<unknown> =>
  db.query({ text: "update queued_recipients set next_attempt_at = now() - interval '1 second'" });
