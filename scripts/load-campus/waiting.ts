/** Mail that waits in the queue, with its content, for the reasons the remotes give; a few recipients are held or quarantined. */
import { createHash } from "node:crypto";
import type { Db } from "../../src/db/client.ts";
import { idMaker, queueIdOf } from "../../src/mail/queue-id.ts";
import { rfc5322Date } from "../../src/mail/trace-field.ts";
import type { Campus, Person } from "./directory.ts";
import {
  CHUNK_COLUMNS,
  type Chunk,
  DELIVERY_COLUMNS,
  type Delivery,
  MESSAGE_COLUMNS,
  type Message,
  type Recipient,
  someEnvelope,
  WAITING_COLUMNS,
  type Waiting,
} from "./message-rows.ts";
import { Random } from "./random.ts";
import { type Answer, REMOTES, type Remote } from "./remotes.ts";
import { personal, type Sender, someSender } from "./senders.ts";
import { inBatches, insertRows, nodeNumber } from "./write.ts";

const DAY = 86_400_000;
const MINUTE = 60_000;
const LIFETIME = 4 * DAY;
/** The first of them has been waiting for so long, and is about to expire. */
const OLDEST = LIFETIME - 6 * 60 * MINUTE;
/** Longest chain of attempts: as many as fit into the days it waits. */
const MOST_ATTEMPTS = 12;

/** Why mail waits: a remote and one of its answers, the first remotes more often. */
type Reason = { readonly weight: number; readonly remote: Remote; readonly answer: Answer };

const REASONS: readonly Reason[] = REMOTES.flatMap((remote) => remote.deferred.map((answer) => ({ remote, answer }))).map((reason, n) => ({
  ...reason,
  weight: 20 / (n + 2),
}));

export type QueueLoaded = { readonly recipients: number; readonly attempts: number; readonly message: string };

type Queued = { readonly message: Message; readonly chunk: Chunk; readonly waiting: readonly Waiting[] };

/** So many recipients, with their messages, contents, and the trace of their attempts. */
export async function loadWaiting(db: Db, campus: Campus, count: number, seed: string, now: Date): Promise<QueueLoaded> {
  const loaded = { recipients: 0, attempts: 0, message: "" };
  for (const batch of inBatches(someQueue(campus, count, seed, now, await nodeNumber(db)), 2000)) {
    const waiting = batch.flatMap((queued) => queued.waiting);
    const attempts = waiting.flatMap((recipient) => recipient.attempts);
    await db.transaction(async (tx) => {
      await insertRows(
        tx,
        "messages",
        MESSAGE_COLUMNS,
        batch.map((queued) => queued.message),
      );
      await insertRows(
        tx,
        "content_chunks",
        CHUNK_COLUMNS,
        batch.map((queued) => queued.chunk),
      );
      await insertRows(tx, "queued_recipients", WAITING_COLUMNS, waiting);
      await insertRows(tx, "deliveries", DELIVERY_COLUMNS, attempts);
    });
    loaded.recipients += waiting.length;
    loaded.attempts += attempts.length;
    const last = batch.at(-1);
    if (last !== undefined) loaded.message = queueIdOf(last.message.messageId);
  }
  return loaded;
}

function* someQueue(campus: Campus, count: number, seed: string, now: Date, nodeNo: number): Generator<Queued> {
  const random = new Random(`${seed}/queue`);
  const homes = homesOf(campus.people);
  const youngest = now.getTime() - 30 * MINUTE;
  let clock = youngest;
  const nextId = idMaker(nodeNo, () => clock);
  for (let made = 0; made < count; ) {
    clock = youngest - Math.floor((1 - made / count) ** 3 * OLDEST); // most of what waits is young
    const messageId = nextId();
    const reason = random.pickWeighted(REASONS);
    const width = Math.min(random.chance(0.9) ? 1 : random.between(2, 4), count - made);
    const recipients = Array.from({ length: width }, () => someoneAt(random, homes, reason.remote.domain));
    made += width;
    const sender = someSender(random, campus);
    const envelope = someEnvelope(random, messageId, new Date(clock), sender);
    const octets = contentOf(random, envelope, recipients);
    const waiting = recipients.map((recipient, recipientNo) =>
      someWaiting(random, { messageId, recipientNo, recipient }, sender, reason, clock, now.getTime()),
    );
    const message = {
      ...envelope,
      size: octets.length,
      sha256: createHash("sha256").update(octets).digest("hex"),
      headerSize: octets.indexOf("\r\n\r\n") + 4,
      recipients: width,
    };
    yield { message, chunk: { messageId, octets }, waiting };
  }
}

/** People by the domain of their mailbox. */
function homesOf(people: readonly Person[]): Map<string, Person[]> {
  const homes = new Map<string, Person[]>();
  for (const person of people) {
    const domain = person.mailbox.slice(person.mailbox.lastIndexOf("@") + 1);
    const home = homes.get(domain);
    if (home) home.push(person);
    else homes.set(domain, [person]);
  }
  return homes;
}

/** Somebody whose mailbox is there, or a stranger when there is nobody. */
function someoneAt(random: Random, homes: ReadonlyMap<string, readonly Person[]>, domain: string): Recipient {
  const people = homes.get(domain);
  if (people !== undefined) return personal(random.pick(people));
  const stranger = `guest${random.digits(4)}@${domain}`;
  return { original: stranger, final: stranger, path: [stranger], list: null };
}

function someWaiting(
  random: Random,
  of: Pick<Delivery, "messageId" | "recipientNo" | "recipient">,
  { reversePath }: Sender,
  { remote, answer }: Reason,
  received: number,
  now: number,
): Waiting {
  const attempts: Delivery[] = [];
  for (
    let time = received + 1000;
    time < now && attempts.length < MOST_ATTEMPTS;
    time += (5 + random.next()) * MINUTE * 2 ** Math.min(attempts.length, 6)
  ) {
    const relay = answer.reached ? random.pick(remote.relays) : null;
    const delays = [0.1, (time - received) / 1000, random.next(), random.next()].map((s) => Math.round(s * 100) / 100);
    const { status } = answer;
    attempts.push({
      ...of,
      attemptNo: attempts.length + 1,
      endedAt: new Date(time),
      outcome: "deferred",
      relay,
      delays,
      status,
      reply: answer.text(random),
    });
  }
  const odd = random.next();
  const isHeld = odd < 0.01;
  const isQuarantined = odd > 0.998;
  return {
    ...of,
    reversePath,
    attempts,
    scope: answer.scope,
    nextAttemptAt: new Date(now + MINUTE + random.next() * 240 * MINUTE),
    expiresAt: new Date(received + LIFETIME),
    heldAt: isHeld ? new Date(now - random.next() * DAY) : null,
    heldReason: isHeld ? random.pick(["held by an admin", "looks like a phishing wave", "asked by the security office"]) : null,
    quarantinedAt: isQuarantined ? new Date(now - random.next() * DAY) : null,
  };
}

const SUBJECTS = [
  "Minutes of the meeting",
  "Room change",
  "Your application",
  "Invoice",
  "Re: draft of the paper",
  "Seminar on Thursday",
] as const;

function contentOf(random: Random, envelope: ReturnType<typeof someEnvelope>, recipients: readonly Recipient[]): Buffer {
  const header = [
    `From: ${envelope.reversePath ?? `mailer-daemon@${envelope.heloName}`}`,
    `To: ${recipients.map(({ original }) => original).join(",\r\n ")}`,
    `Subject: ${random.pick(SUBJECTS)} ${random.digits(4)}`,
    `Date: ${rfc5322Date(envelope.receivedAt)}`,
    `Message-ID: ${envelope.headerMessageId}`,
    "MIME-Version: 1.0",
    "Content-Type: text/plain; charset=us-ascii",
  ];
  const line = "The quick brown fox jumps over the lazy dog while the registrar looks on.\r\n";
  return Buffer.from(`${header.join("\r\n")}\r\n\r\n${line.repeat(random.between(4, 40))}`);
}
