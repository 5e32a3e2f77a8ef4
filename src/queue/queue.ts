/**
 * queue: the only reader and writer of the queue's tables. What it took it keeps until each recipient is settled, whatever dies. Trusts its
 * rows and the database's promises (checked at start); opens no connection of its own and knows no caller. States: docs/queue.md.
 */
import type { Db, Queryable } from "../db/client.ts";
import type { Log } from "../log/log.ts";
import type { Maillog } from "../log/maillog.ts";
import type { Metrics } from "../log/metrics.ts";
import { mailboxText } from "../mail/mailbox.ts";
import { idMaker, type MessageId, queueIdOf } from "../mail/queue-id.ts";
import { replyLine } from "../mail/reply.ts";
import { nextStep } from "./backoff.ts";
import { type BrakeAnswer, brake, type Post } from "./brake.ts";
import type { ClaimedMessage, ClaimedRecipient, Content, Intake, NewMessage, NewRecipient, Settlement } from "./claim.ts";
import { type Claimer, createClaimer, type Delivery } from "./claimer.ts";
import { commitGroup } from "./commit-group.ts";
import { createDatabaseClock } from "./database-clock.ts";
import { discardedReply, enqueue, type Storable } from "./enqueue.ts";
import { openIntake } from "./intake.ts";
import { memoryBudget } from "./memory-budget.ts";
import { registerNode, unregisterNode } from "./node.ts";
import { type Notice, settleWithNotice, storableOf } from "./notice.ts";
import { releaseUntried } from "./release.ts";
import type { Selection } from "./selection.ts";
import type { QueueSettings } from "./settings.ts";
import { type Ending, removeSettledContent } from "./settle.ts";
import { createSettler, logOutcome } from "./settler.ts";
import { claimSelected } from "./steer.ts";

export type Queue = {
  openIntake(): Intake;
  /** See brake.ts. */
  brake(posts: readonly Post[], sender: string, messageId: MessageId): Promise<ReadonlyMap<string, BrakeAnswer>>;
  /** From now on claims due recipients and hands them, and what is accepted, to delivery. */
  start(delivery: Delivery): void;
  /** Looks for due recipients at once. */
  wake(): void;
  /** What a settlement means for its recipient: gone, or deferred until when. */
  endingOf(settlement: Settlement): Ending;
  /** Resolves when the endings are committed. */
  settle(endings: readonly Ending[]): Promise<void>;
  /** The same for recipients of one message, with a notice that exists if and only if they are settled. Rejects when neither happened. */
  settleWithNotice(endings: readonly Ending[], notice: Notice): Promise<void>;
  /** What `work` writes, and the notices it returns, in one commit: all of it or nothing. */
  withNotices(work: (tx: Queryable) => Promise<readonly Notice[]>): Promise<void>;
  /** Claims up to a batch of what a person selected, held recipients too, for the caller to settle. */
  claimSelected(selection: Selection): Promise<ClaimedMessage[]>;
  /** Gives untried recipients back. */
  release(messages: readonly ClaimedMessage[]): Promise<void>;
  /** Stops claiming; intake and settling go on. */
  stopClaiming(): Promise<void>;
  /** Leaves the node list: nothing may be claimed any more. */
  close(): Promise<void>;
};

export type QueueDeps = {
  readonly db: Db;
  /** The same database with synchronous_commit off, for content that comes before its message's commit. */
  readonly aheadDb: Db;
  /** The same database for statements about all members of a large list, which take longer than a dialogue may wait. Not given: db. */
  readonly patientDb?: Db;
  readonly log: Log;
  readonly maillog: Maillog;
  readonly metrics: Metrics;
  readonly settings: QueueSettings;
  readonly random: () => number;
};

/** Recipients of one batch of claimSelected. */
const SELECTED_AT_ONCE = 500;

export async function openQueue(deps: QueueDeps): Promise<Queue> {
  const { db, aheadDb, patientDb = db, log, maillog, metrics, settings } = deps;
  const { nodeNo } = await registerNode(db);
  const clock = await createDatabaseClock(db, nodeNo, settings.leaseSeconds, log);
  const nextId = idMaker(nodeNo, () => clock.now().getTime());
  const budget = memoryBudget(settings.memoryBudgetOctets);
  const group = commitGroup(db, patientDb, nodeNo, settings);
  const settler = createSettler({ db, aheadDb, nodeNo, log, maillog, metrics });
  const claimer: Claimer = createClaimer({ db, nodeNo, leaseSeconds: settings.leaseSeconds, log, maillog });
  const inMemory = inMemoryMessages();
  let delivery: Delivery | null = null;

  const claimable = (message: NewMessage): number => {
    const lane = message.recipients[0]?.lane ?? 0;
    return delivery === null ? 0 : Math.max(0, Math.min(message.recipients.length, delivery.capacity(lane)));
  };

  /** After COMMIT: the recipients claimed with it are delivered from memory. */
  const handOver = (storable: Storable, content: Content, giveBack: () => void): void => {
    const recipients = claimedAtOnce(storable, new Date(clock.now().getTime() + settings.lifetimeSeconds * 1000));
    if (recipients.length === 0 || delivery === null) {
      giveBack();
      return;
    }
    inMemory.add(storable.messageId, recipients.length, giveBack);
    delivery.accept(claimedMessage(storable, content, recipients, clock.now()));
  };

  const store = async (storable: Storable, content: Content, giveBack: () => void): Promise<void> => {
    await group.store(storable);
    logAccepted(maillog, storable);
    handOver(storable, content, giveBack);
    if (storable.claimed < storable.message.recipients.length) claimer.wake();
  };

  const ended = (messages: readonly ClaimedMessage[], recipients: number): void => {
    for (const message of messages) {
      inMemory.ended(message.messageId, recipients);
      claimer.suspectEnded(message);
    }
  };

  return {
    openIntake: () => openIntake({ db, aheadDb, budget, log, settings, store, claimable }, nextId()),
    brake: (posts, sender, messageId) => brake(db, posts, sender, messageId),
    start(to) {
      delivery = to;
      claimer.start(to);
    },
    wake: () => claimer.wake(),
    endingOf: (settlement) => endingOf(settlement, settings, clock.now(), deps.random()),
    async settle(endings) {
      await settler.settle(endings);
      for (const ending of endings) ended([ending.message], 1);
    },
    async settleWithNotice(endings, notice) {
      const storable = await settleWithNotice(db, nodeNo, endings, { ...notice, messageId: nextId() }, settings, claimable(notice.message));
      await removeSettledContent(aheadDb, endings).catch(() => undefined); // the janitor comes by
      for (const ending of endings) {
        logOutcome(maillog, ending);
        ended([ending.message], 1);
      }
      logAccepted(maillog, storable.storable);
      handOver(storable.storable, storable.content, () => undefined);
    },
    async withNotices(work) {
      const stored = await patientDb.transaction(async (tx) => {
        const storables = (await work(tx)).map((notice) => storableOf({ ...notice, messageId: nextId() }, 0));
        if (storables.length > 0) await enqueue(tx, nodeNo, storables, settings);
        return storables;
      });
      for (const storable of stored) logAccepted(maillog, storable);
      if (stored.length > 0) claimer.wake();
    },
    claimSelected: (selection) => claimSelected(db, nodeNo, selection, settings.leaseSeconds, SELECTED_AT_ONCE),
    async release(messages) {
      await releaseUntried(db, nodeNo, messages);
      for (const message of messages) ended([message], message.recipients.length);
    },
    stopClaiming: () => claimer.stop(),
    async close() {
      clock.stop();
      await unregisterNode(db, { nodeNo });
    },
  };
}

/** Says what becomes of the recipient; docs/queue.md has the table. */
function endingOf(settlement: Settlement, settings: QueueSettings, now: Date, random: number): Ending {
  const { verdict, recipient } = settlement;
  switch (verdict.kind) {
    case "relayed":
      return { ...settlement, outcome: verdict.relay === "discard" ? "discarded" : "sent" };
    case "failed":
      return { ...settlement, outcome: "bounced" };
    case "deferred": {
      const step = nextStep(recipient, verdict, settings, now, random);
      if (step.kind === "expired") return { ...settlement, outcome: "expired" };
      return { ...settlement, outcome: "deferred", afterSeconds: step.afterSeconds, countsAsFailure: verdict.scope !== "local" };
    }
  }
}

function claimedAtOnce({ message, claimed }: Storable, expiresAt: Date): ClaimedRecipient[] {
  return message.recipients
    .slice(0, claimed)
    .flatMap((recipient, recipientNo) =>
      recipient.held === null && recipient.discarded === undefined
        ? [{ ...recipient, recipientNo, destination: recipient.finalRecipient.domain, attempt: 1, fence: 1, failures: 0, expiresAt }]
        : [],
    );
}

function claimedMessage(storable: Storable, content: Content, recipients: readonly ClaimedRecipient[], receivedAt: Date): ClaimedMessage {
  const { messageId, message, size } = storable;
  const { envelope, prefix, listFields, headerSize } = message;
  return { messageId, queueId: queueIdOf(messageId), receivedAt, envelope, prefix, listFields, size, headerSize, content, recipients };
}

function logAccepted(maillog: Maillog, { messageId, message, size }: Storable): void {
  const queueId = queueIdOf(messageId);
  maillog.accepted({
    queueId,
    from: message.envelope.reversePath === null ? "" : mailboxText(message.envelope.reversePath),
    size,
    recipients: message.recipients.length,
    client: message.clientAddress ?? "local",
    messageId: message.headerMessageId,
  });
  for (const { list, reason, sender } of message.heldPosts ?? []) maillog.heldPost(queueId, list, sender, reason);
  for (const recipient of message.recipients) {
    if (recipient.held !== null && recipient.heldBy === undefined)
      maillog.held(queueId, mailboxText(recipient.finalRecipient), recipient.held);
    if (recipient.discarded !== undefined) logDiscarded(maillog, queueId, recipient);
  }
}

function logDiscarded(maillog: Maillog, queueId: string, recipient: NewRecipient): void {
  const said = discardedReply(recipient);
  maillog.outcome({
    queueId,
    to: mailboxText(recipient.finalRecipient),
    origTo: recipient.originalRecipient,
    relay: "discard",
    delays: [0, 0, 0, 0],
    dsn: said.enhancedStatus,
    status: "discarded",
    reply: replyLine(said),
  });
}

/** Messages whose content is in memory, until their last recipient here has ended. */
function inMemoryMessages() {
  const open = new Map<MessageId, { left: number; giveBack: () => void }>();
  return {
    add(id: MessageId, recipients: number, giveBack: () => void) {
      open.set(id, { left: recipients, giveBack });
    },
    ended(id: MessageId, recipients: number) {
      const message = open.get(id);
      if (!message) return;
      message.left -= recipients;
      if (message.left > 0) return;
      open.delete(id);
      message.giveBack();
    },
  };
}
