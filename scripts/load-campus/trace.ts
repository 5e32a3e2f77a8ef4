/** What happened to the mail of the last month: messages, and one row for every attempt that ended. */
import type { Db } from "../../src/db/client.ts";
import { idMaker, queueIdOf } from "../../src/mail/queue-id.ts";
import type { Campus } from "./directory.ts";
import { DELIVERY_COLUMNS, type Delivery, MESSAGE_COLUMNS, type Message, someEnvelope } from "./message-rows.ts";
import { Random } from "./random.ts";
import { type Answer, remoteOf } from "./remotes.ts";
import { someRecipients, someSender } from "./senders.ts";
import { inBatches, insertRows, nodeNumber } from "./write.ts";

/** Days before today that have mail. */
export const TRACE_DAYS = 29;
const DAY = 86_400_000;
const HOUR = 3_600_000;
/** Messages in one transaction. With four times as many, a third of the time went into collecting what their rows had left in memory. */
const BATCH = 1000;

const ENDS = [
  { weight: 9000, end: "sent", deferrals: 0 },
  { weight: 400, end: "sent", deferrals: 1 },
  { weight: 60, end: "sent", deferrals: 3 },
  { weight: 330, end: "bounced", deferrals: 0 },
  { weight: 30, end: "bounced", deferrals: 2 },
  { weight: 20, end: "expired", deferrals: 10 },
  { weight: 20, end: "discarded", deferrals: 0 },
  { weight: 5, end: "deleted", deferrals: 1 },
] as const;

export type TraceLoaded = { readonly messages: number; readonly deliveries: number; readonly sent: string; readonly bounced: string };

type Traced = { readonly message: Message; readonly deliveries: readonly Delivery[] };

/** So many rows of `deliveries`, with the messages they need. `progress` hears how many are written. */
export async function loadTrace(
  db: Db,
  campus: Campus,
  count: number,
  seed: string,
  now: Date,
  progress: (rows: number) => void,
): Promise<TraceLoaded> {
  const loaded = { messages: 0, deliveries: 0, sent: "", bounced: "" };
  for (const batch of inBatches(someTrace(campus, count, seed, now, await nodeNumber(db)), BATCH)) {
    const deliveries = batch.flatMap((traced) => traced.deliveries);
    await db.transaction(async (tx) => {
      await insertRows(
        tx,
        "messages",
        MESSAGE_COLUMNS,
        batch.map((traced) => traced.message),
      );
      await insertRows(tx, "deliveries", DELIVERY_COLUMNS, deliveries);
    });
    loaded.messages += batch.length;
    loaded.deliveries += deliveries.length;
    for (const outcome of ["sent", "bounced"] as const) {
      const one = deliveries.findLast((delivery) => delivery.outcome === outcome);
      if (one !== undefined) loaded[outcome] = queueIdOf(one.messageId);
    }
    progress(loaded.deliveries);
  }
  return loaded;
}

/** Oldest first, so that ids grow. */
function* someTrace(campus: Campus, count: number, seed: string, now: Date, nodeNo: number): Generator<Traced> {
  const random = new Random(`${seed}/trace`);
  const momentAt = busyTimes(now);
  let clock = 0;
  const nextId = idMaker(nodeNo, () => clock);
  for (let rows = 0; rows < count; ) {
    clock = momentAt(rows / count);
    const messageId = nextId();
    const recipients = someRecipients(random, campus);
    const deliveries = recipients
      .flatMap((recipient, recipientNo) => attemptsFor(random, { messageId, recipientNo, recipient }, clock, now.getTime()))
      .slice(0, count - rows);
    rows += deliveries.length;
    const envelope = someEnvelope(random, messageId, new Date(clock), someSender(random, campus));
    const size = 1500 + Math.floor(random.next() ** 6 * 8_000_000);
    const message = { ...envelope, size, sha256: random.hex(64), headerSize: random.between(600, 1400), recipients: recipients.length };
    yield { message, deliveries };
  }
}

/** Of what hour of the day mail is (UTC), from midnight. */
const BUSY = [2, 1, 1, 1, 1, 2, 4, 8, 14, 16, 15, 13, 10, 13, 15, 14, 12, 9, 6, 5, 5, 4, 3, 2] as const;

/** The moment by which such a share of the mail has come. Nights and weekends are quiet. */
function busyTimes(now: Date): (share: number) => number {
  const start = traceStart(now);
  const sums: number[] = [0];
  for (let hour = start; hour + HOUR <= now.getTime(); hour += HOUR) {
    const date = new Date(hour);
    const isWeekend = date.getUTCDay() % 6 === 0;
    sums.push((sums.at(-1) ?? 0) + (BUSY[date.getUTCHours()] ?? 1) * (isWeekend ? 0.3 : 1));
  }
  const total = sums.at(-1) ?? 0;
  let slot = 0; // shares only grow
  return (share) => {
    while ((sums[slot + 1] ?? total) < share * total) slot++;
    const from = sums[slot] ?? 0;
    const part = (share * total - from) / ((sums[slot + 1] ?? total) - from || 1);
    return Math.floor(start + (slot + Math.min(part, 0.999)) * HOUR);
  };
}

/** Midnight (UTC) of the first day that has mail, ms since 1970. */
const traceStart = (now: Date): number => Math.floor(now.getTime() / DAY) * DAY - TRACE_DAYS * DAY;

const LIFETIME = 4 * DAY;

/** All attempts for one recipient, the last of which ended it. */
function attemptsFor(
  random: Random,
  of: Pick<Delivery, "messageId" | "recipientNo" | "recipient">,
  received: number,
  now: number,
): Delivery[] {
  const remote = remoteOf(of.recipient.final);
  const drawn = random.pickWeighted(ENDS);
  const { end, deferrals } = drawn.end === "expired" && received + LIFETIME > now ? ENDS[0] : drawn;
  const trouble = random.pick(remote.deferred);
  let time = received;
  const attempts: Delivery[] = [];
  const add = (outcome: Delivery["outcome"], answer: Pick<Answer, "status" | "reached" | "text">): void => {
    const delays = [random.next() * 2, (time - received) / 1000, random.next(), random.next() * 3].map((s) => Math.round(s * 100) / 100);
    time += 300 + random.between(0, 4000);
    const relay = answer.reached ? random.pick(remote.relays) : null;
    const { status } = answer;
    const endedAt = new Date(Math.min(time, now));
    attempts.push({ ...of, attemptNo: attempts.length + 1, endedAt, outcome, relay, delays, status, reply: answer.text(random) });
  };
  for (let n = 0; n < deferrals; n++) {
    add("deferred", trouble);
    time += end === "expired" ? LIFETIME / deferrals : 300_000 * 2 ** n;
  }
  if (end === "sent") add("sent", { status: "2.0.0", reached: true, text: remote.sent });
  else if (end === "bounced") add("bounced", random.pick(remote.bounced));
  else if (end === "expired") add("expired", trouble);
  else
    add(end, {
      status: "2.0.0",
      reached: false,
      text: () => `250 2.0.0 ${end === "discarded" ? "discarded by route" : "deleted by an admin"}`,
    });
  return attempts;
}
