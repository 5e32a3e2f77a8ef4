import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import {
  count,
  deferred,
  failed,
  message,
  openTestQueue,
  passTime,
  put,
  recipient,
  relayed,
  settleAll,
  type TestQueue,
} from "./harness.ts";

let database: TestDatabase;
let nodes: TestQueue[] = [];
const open = async (...args: Parameters<typeof openTestQueue> extends [unknown, ...infer Rest] ? Rest : never): Promise<TestQueue> => {
  const node = await openTestQueue(database.db, ...args);
  nodes.push(node);
  return node;
};
beforeAll(async () => {
  database = await createDatabase();
});
afterAll(() => database.drop());
beforeEach(async () => {
  await database.db.query({ text: "truncate queued_recipients, content_chunks, messages, deliveries" });
});
afterEach(async () => {
  for (const { queue } of nodes) {
    await queue.stopClaiming();
    await queue.close();
  }
  nodes = [];
});

const row = async (): Promise<Record<string, unknown>> =>
  (await database.db.query<Record<string, unknown>>({ text: "select * from queued_recipients" })).rows[0] ?? {};

describe("claims", () => {
  test("two nodes never hold the same recipient", async () => {
    const writer = await open({}, false);
    for (let i = 0; i < 30; i++) await put(writer.queue, message(Array.from({ length: 20 }, (_, n) => recipient(`r${n}@d${i}.test`))));
    const [a, b] = [await open(), await open()];
    while ((await count(database.db, "queued_recipients where claimed_by is null")) > 0)
      await new Promise((resolve) => setTimeout(resolve, 20));
    const held = [...a.delivery.messages, ...b.delivery.messages].flatMap((m) => m.recipients.map((r) => `${m.queueId} ${r.recipientNo}`));
    expect(held.length).toBe(600);
    expect(new Set(held).size).toBe(600);
  });

  test("after the lease another node takes over, and the first one's late word counts for nothing", async () => {
    const frozen = await open();
    await put(frozen.queue, message([recipient("a@final.test")]));
    const first = await frozen.delivery.next();
    await frozen.queue.stopClaiming();
    await passTime(database.db);
    const other = await open();
    const second = await other.delivery.next();
    expect(second.recipients[0]?.fence).toBe(2);
    await settleAll(frozen.queue, first, failed);
    expect(await count(database.db, "deliveries")).toBe(0);
    await settleAll(other.queue, second, relayed);
    const { rows } = await database.db.query({ text: "select outcome from deliveries" });
    expect(rows).toEqual([{ outcome: "sent" }]);
  });

  test("the heartbeat prolongs a lease that is past its half", async () => {
    const node = await open({ leaseSeconds: 2 });
    await put(node.queue, message([recipient("a@final.test")]));
    await node.delivery.next();
    await node.queue.stopClaiming();
    await new Promise((resolve) => setTimeout(resolve, 3000));
    const { rows } = await database.db.query({ text: "select next_attempt_at > now() as leased, fence from queued_recipients" });
    expect(rows).toEqual([{ leased: true, fence: 1 }]);
  });

  test("given back untried: the booking is undone", async () => {
    const node = await open();
    await put(node.queue, message([recipient("a@final.test")]));
    const claimed = await node.delivery.next();
    await node.queue.stopClaiming();
    await node.queue.release([claimed]);
    expect(await row()).toMatchObject({ claimed_by: null, attempts: 0, unrecorded: 0 });
  });

  test("destinations of which a node has enough are left out", async () => {
    const writer = await open({}, false);
    await put(writer.queue, message([recipient("a@slow.test"), recipient("b@quick.test")]));
    const node = await openTestQueue(database.db, {}, false);
    nodes.push(node);
    node.delivery.full.push("slow.test");
    node.queue.start(node.delivery);
    expect((await node.delivery.next()).recipients.map((r) => r.destination)).toEqual(["quick.test"]);
    expect(await count(database.db, "queued_recipients where claimed_by is null")).toBe(1);
  });
});

describe("deferral and expiry", () => {
  test("a remote's 4yz counts, waits as told and leaves a trace", async () => {
    const node = await open();
    await put(node.queue, message([recipient("a@final.test")]));
    await settleAll(node.queue, await node.delivery.next(), deferred());
    expect(await row()).toMatchObject({
      claimed_by: null,
      attempts: 1,
      unrecorded: 0,
      failures: 1,
      last_status: "4.4.1",
      last_scope: "host",
    });
    const { rows } = await database.db.query({
      text: "select extract(epoch from next_attempt_at - now())::float8 between 50 and 61 as a_minute from queued_recipients",
    });
    expect(rows).toEqual([{ a_minute: true }]);
    expect(await count(database.db, "deliveries where outcome = 'deferred'")).toBe(1);
  });

  test("our own trouble never counts, however old the mail", async () => {
    const node = await open();
    await put(node.queue, message([recipient("a@final.test")]));
    let claimed = await node.delivery.next();
    await database.db.query({ text: "update queued_recipients set expires_at = now() - interval '1 day'" });
    for (let i = 0; i < 12; i++) {
      await settleAll(node.queue, claimed, deferred("local"));
      expect(await row()).toMatchObject({ failures: 0 });
      await passTime(database.db);
      node.queue.wake();
      claimed = await node.delivery.next();
    }
  });

  test("age and failures together expire; age alone does not", async () => {
    const node = await open();
    await put(node.queue, message([recipient("a@final.test")]));
    let claimed = await node.delivery.next();
    await database.db.query({ text: "update queued_recipients set expires_at = now() - interval '1 day', attempts = 9, failures = 7" });
    await settleAll(node.queue, claimed, deferred());
    await passTime(database.db);
    node.queue.wake();
    claimed = await node.delivery.next();
    expect(claimed.recipients[0]?.failures).toBe(8);
    await settleAll(node.queue, claimed, deferred());
    expect(await row()).toMatchObject({ failures: 9 });
    await passTime(database.db);
    node.queue.wake();
    await settleAll(node.queue, await node.delivery.next(), deferred());
    expect(await count(database.db, "queued_recipients")).toBe(0);
    expect(await count(database.db, "deliveries where outcome = 'expired'")).toBe(1);
  });
});

describe("a message that kills its worker", () => {
  test("is tried three times, the last one alone, and then quarantined; the others go on", async () => {
    const writer = await open({}, false);
    for (const to of ["poison@final.test", "one@final.test", "two@final.test"]) await put(writer.queue, message([recipient(to)]));
    for (let crash = 1; crash <= 2; crash++) {
      const node = await open();
      while (node.delivery.messages.length < 3) await new Promise((resolve) => setTimeout(resolve, 10));
      await node.queue.stopClaiming(); // it dies here: nothing is settled, nothing released
      await passTime(database.db);
      if (crash === 2) break;
    }
    // All three are suspects now: one at a time.
    const third = await open();
    const seen: string[] = [];
    for (let i = 0; i < 2; i++) {
      const claimed = await third.delivery.next();
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(third.delivery.messages.length).toBe(0);
      const to = claimed.recipients[0]?.finalRecipient.localPart ?? "";
      seen.push(to);
      if (to === "poison") break;
      await settleAll(third.queue, claimed, relayed);
    }
    // poison was put first, so it is the first suspect; its worker dies a third time.
    expect(seen[0]).toBe("poison");
    await third.queue.stopClaiming();
    await database.db.query({ text: "update queued_recipients set next_attempt_at = now() - interval '1 second', claimed_by = null" });
    const fourth = await open();
    for (let i = 0; i < 2; i++) await settleAll(fourth.queue, await fourth.delivery.next(), relayed);
    const { rows } = await database.db.query({
      text: "select final_recipient, quarantined_at is not null as quarantined from queued_recipients",
    });
    expect(rows).toEqual([{ final_recipient: "poison@final.test", quarantined: true }]);
  });
});

describe("the database forbids mixed states", () => {
  const mixtures = [
    "claimed_by = 1, attempts = 1, unrecorded = 1, fence = 1, held_at = now(), held_reason = 'x'",
    "claimed_by = 1, attempts = 1, unrecorded = 1, fence = 1, quarantined_at = now()",
    "claimed_by = 1, attempts = 0",
    "held_at = now()",
    "held_reason = 'x'",
    "attempts = -1",
    "unrecorded = 5",
    "failures = 3",
  ];
  test.each(mixtures)("%s", async (mixture) => {
    const node = await open({}, false);
    await put(node.queue, message([recipient("a@final.test")]));
    await expect(database.db.query({ text: `update queued_recipients set ${mixture}` })).rejects.toMatchObject({ code: "23514" });
  });
});
