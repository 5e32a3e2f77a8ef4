import { createHash, randomBytes } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { ContentDamaged } from "../../src/queue/content.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { CONTENT, count, message, openTestQueue, passTime, put, recipient, relayed, settleAll, type TestQueue } from "./harness.ts";

let database: TestDatabase;
let node: TestQueue;
beforeAll(async () => {
  database = await createDatabase();
  node = await openTestQueue(database.db);
});
afterAll(async () => {
  await node.queue.stopClaiming();
  await node.queue.close();
  await database.drop();
});
beforeEach(async () => {
  await database.db.query({ text: "truncate queued_recipients, content_chunks, messages, deliveries" });
  node.delivery.messages.length = 0;
});

const octetsOf = async (chunks: AsyncIterable<Buffer>): Promise<Buffer> => {
  const pieces: Buffer[] = [];
  for await (const piece of chunks) pieces.push(piece);
  return Buffer.concat(pieces);
};

describe("accepting", () => {
  test("what is switched off quietly is in the trace as discarded, never tried, and its content is not kept", async () => {
    const { db } = database;
    const off = recipient("off@campus.test", { discarded: "off@campus.test is switched \u00f6ff" });
    await put(node.queue, message([off]));
    expect([await count(db, "queued_recipients"), await count(db, "content_chunks"), await count(db, "messages")]).toEqual([0, 0, 1]);
    await put(node.queue, message([off, recipient("a@final.test")]));
    const claimed = await node.delivery.next();
    expect(claimed.recipients.map(({ recipientNo, finalRecipient }) => [recipientNo, finalRecipient.key])).toEqual([[1, "a@final.test"]]);
    await settleAll(node.queue, claimed, relayed);
    const { rows } = await db.query({ text: "select final_recipient, outcome, reply from deliveries order by message_id, recipient_no" });
    const discarded = { final_recipient: "off@campus.test", outcome: "discarded", reply: "250 2.0.0 off@campus.test is switched ?ff" };
    expect(rows).toEqual([discarded, discarded, expect.objectContaining({ final_recipient: "a@final.test", outcome: "sent" })]);
  });

  test("after commit the message is in the database, claimed, and handed over from memory", async () => {
    const { db } = database;
    const queueId = await put(node.queue, message([recipient("a@final.test"), recipient("b@final.test")]));
    const claimed = await node.delivery.next();
    expect(claimed.queueId).toBe(queueId);
    expect(claimed.recipients.map((each) => each.finalRecipient.key)).toEqual(["a@final.test", "b@final.test"]);
    expect(Buffer.concat(claimed.content.inMemory() ?? []).equals(CONTENT)).toBe(true);
    const { rows } = await db.query({
      text: "select attempts, unrecorded, fence, claimed_by is not null as claimed from queued_recipients",
    });
    expect(rows).toEqual([
      { attempts: 1, unrecorded: 1, fence: 1, claimed: true },
      { attempts: 1, unrecorded: 1, fence: 1, claimed: true },
    ]);
  });

  test("what is settled leaves the hot tables and stands in the trace", async () => {
    const { db } = database;
    await put(node.queue, message([recipient("a@final.test"), recipient("b@final.test")]));
    const claimed = await node.delivery.next();
    const [first] = claimed.recipients;
    if (!first) throw new Error("nothing claimed");
    await settleAll(node.queue, { ...claimed, recipients: [first] }, relayed);
    expect([await count(db, "queued_recipients"), await count(db, "content_chunks"), await count(db, "deliveries")]).toEqual([1, 1, 1]);
    await settleAll(node.queue, { ...claimed, recipients: claimed.recipients.slice(1) }, relayed);
    expect([await count(db, "queued_recipients"), await count(db, "content_chunks"), await count(db, "deliveries")]).toEqual([0, 0, 2]);
    const { rows } = await db.query({
      text: "select outcome, final_recipient, relay, enhanced_status, reply, paths from deliveries where recipient_no = 0",
    });
    expect(rows).toEqual([
      {
        outcome: "sent",
        final_recipient: "a@final.test",
        relay: "next.test[192.0.2.9]:25",
        enhanced_status: "2.0.0",
        reply: "250 2.0.0 Ok",
        paths: [["alias@campus.test", "a@final.test"]],
      },
    ]);
  });

  test("large content is written ahead and read back octet for octet, in chunks of at most 256 KiB", async () => {
    const content = randomBytes(3 * 1024 * 1024 + 12_345);
    await put(node.queue, message([recipient("a@final.test")]), content);
    const claimed = await node.delivery.next();
    expect(claimed.content.inMemory()).toBeNull();
    expect(claimed.size).toBe(content.length);
    const { rows } = await database.db.query<{ longest: number; sha256: Buffer }>({
      text: "select (select max(length(octets)) from content_chunks) as longest, sha256 from messages",
    });
    expect(rows[0]?.longest).toBe(256 * 1024);
    expect(rows[0]?.sha256.equals(createHash("sha256").update(content).digest())).toBe(true);
    expect((await octetsOf(claimed.content.chunks())).equals(content)).toBe(true);
  });

  test("one changed octet in the database is found before the last chunk is given", async () => {
    const content = randomBytes(2 * 1024 * 1024);
    await put(node.queue, message([recipient("a@final.test")]), content);
    const claimed = await node.delivery.next();
    await database.db.query({
      text: "update content_chunks set octets = set_byte(octets, 7, (get_byte(octets, 7) + 1) % 256) where chunk_no = 3",
    });
    const seen: Buffer[] = [];
    const read = (async () => {
      for await (const piece of claimed.content.chunks()) seen.push(piece);
    })();
    await expect(read).rejects.toThrow(ContentDamaged);
    expect(seen.length).toBe(7);
  });

  test("an intake that is dropped leaves no row and no chunk", async () => {
    const intake = node.queue.openIntake();
    for (let i = 0; i < 40; i++) await intake.write(randomBytes(65_536));
    expect(await count(database.db, "content_chunks")).toBeGreaterThan(0);
    await intake.abort();
    expect(await count(database.db, "content_chunks")).toBe(0);
    expect(await count(database.db, "messages")).toBe(0);
    await expect(intake.commit(message([recipient("a@final.test")]))).rejects.toThrow();
  });

  test("a message the database will not take is refused alone; those of the same group are stored", async () => {
    const bad = message([recipient("a@final.test")], { heloName: "nul\u0000byte" });
    const results = await Promise.allSettled([
      put(node.queue, message([recipient("one@final.test")])),
      put(node.queue, bad),
      put(node.queue, message([recipient("two@final.test")])),
    ]);
    expect(results.map((result) => result.status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(await count(database.db, "messages")).toBe(2);
    expect(await count(database.db, "content_chunks")).toBe(2);
  });

  test("held recipients are stored, not handed over, and not claimed", async () => {
    await put(node.queue, message([recipient("a@final.test", { held: "waits for a moderator" }), recipient("b@final.test")]));
    const claimed = await node.delivery.next();
    expect(claimed.recipients.map((each) => each.finalRecipient.key)).toEqual(["b@final.test"]);
    await passTime(database.db);
    const other = await openTestQueue(database.db);
    const due = await other.delivery.next();
    expect(due.recipients.map((each) => each.finalRecipient.key)).toEqual(["b@final.test"]);
    await other.queue.stopClaiming();
    await other.queue.close();
  });

  test("without room in delivery recipients are stored unclaimed and claimed when there is room", async () => {
    node.delivery.room = 0;
    await put(node.queue, message([recipient("a@final.test")]));
    const { rows } = await database.db.query({ text: "select claimed_by, attempts from queued_recipients" });
    expect(rows).toEqual([{ claimed_by: null, attempts: 0 }]);
    node.delivery.room = 100_000;
    node.queue.wake();
    const claimed = await node.delivery.next();
    expect(claimed.recipients[0]?.attempt).toBe(1);
    expect((await octetsOf(claimed.content.chunks())).equals(CONTENT)).toBe(true);
  });

  test("a list of 10,000 is stored in one commit and handed over whole", async () => {
    const members = Array.from({ length: 10_000 }, (_, i) => recipient(`m${i}@final.test`, { lane: 1 }));
    await put(node.queue, message(members));
    expect((await node.delivery.next()).recipients.length).toBe(10_000);
    expect(await count(database.db, "queued_recipients")).toBe(10_000);
  });
});
