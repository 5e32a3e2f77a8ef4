import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { deleteQueued, holdQueued, releaseQueued, retryQueued, returnQueued } from "../../src/actions/queue.ts";
import { loadSettings } from "../../src/config/load-settings.ts";
import { hearLines } from "../../src/db/relayed-lines.ts";
import { parseQueueId } from "../../src/mail/queue-id.ts";
import { countQueue, listQueue } from "../../src/queue/inspect.ts";
import { removeOrphanedContent } from "../../src/queue/janitor.ts";
import { releaseDeadNodes } from "../../src/queue/node.ts";
import type { Selection } from "../../src/queue/selection.ts";
import { traceMessages } from "../../src/queue/trace.ts";
import { withReturning } from "../../src/returning.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { eventually } from "../support/eventually.ts";
import { silentLog } from "../support/sql.ts";
import { count, deferred, message, openTestQueue, put, recipient, relayed, settleAll, type TestQueue } from "./harness.ts";

let database: TestDatabase;
let node: TestQueue;
const author = { actor: "ann@mx1 via cli", why: "TICKET-17" };
const all: Selection = { kind: "all" };
beforeAll(async () => {
  database = await createDatabase();
});
afterAll(() => database.drop());
beforeEach(async () => {
  await database.db.query({ text: "truncate queued_recipients, content_chunks, messages, deliveries, change_records" });
  node = await openTestQueue(database.db, {}, false);
});
afterEach(async () => {
  await node.queue.stopClaiming();
  await node.queue.close();
});

const id = (queueId: string): Selection => ({ kind: "ids", ids: [parseQueueId(queueId) ?? 0n] });
const states = async (): Promise<Record<string, number>> =>
  Object.fromEntries((await countQueue(database.db)).states.map(({ state, recipients }) => [state, recipients]));

/** Two messages, two recipients each, waiting; the first was deferred. */
async function waiting(): Promise<[string, string]> {
  const first = await put(node.queue, message([recipient("a@final.test"), recipient("b@final.test")]));
  node.queue.start(node.delivery);
  await settleAll(node.queue, await node.delivery.next(), deferred());
  await node.queue.stopClaiming();
  node.delivery.room = 0;
  return [first, await put(node.queue, message([recipient("c@final.test"), recipient("d@final.test")]))];
}

describe("steering the queue", () => {
  test("hold, release and retry change what they say, count it, and leave a change record each", async () => {
    const { db } = database;
    const [first] = await waiting();
    expect(await holdQueued(db, author, id(first))).toEqual({ matched: 2, done: 2, skipped: 0 });
    expect(await states()).toEqual({ held: 2, waiting: 2 });
    expect(await retryQueued(db, author, all)).toEqual({ matched: 4, done: 2, skipped: 2 });
    expect(await releaseQueued(db, author, all)).toEqual({ matched: 4, done: 2, skipped: 2 });
    expect(await states()).toEqual({ waiting: 4 });
    const { rows } = await db.query({ text: "select actor, action, why from change_records order by change_no" });
    expect(rows).toEqual(
      ["queue.hold", "queue.retry", "queue.release"].map((action) => ({ actor: author.actor, action, why: author.why })),
    );
  });

  test("by reason: part of the last reply, whatever its case, or its status; wildcards are letters", async () => {
    await waiting();
    const matched = async (reason: string): Promise<number> => (await retryQueued(database.db, author, { kind: "reason", reason })).matched;
    expect([
      await matched("BUSY"),
      await matched("4.4.1"),
      await matched("b_sy"),
      await matched("%"),
      await matched("' or true --"),
    ]).toEqual([2, 2, 0, 0, 0]);
  });

  test("what is being tried is left alone", async () => {
    node.queue.start(node.delivery);
    const queueId = await put(node.queue, message([recipient("a@final.test")]));
    await node.delivery.next();
    expect(await deleteQueued(database.db, author, id(queueId))).toEqual({ matched: 1, done: 0, skipped: 1 });
    expect(await states()).toEqual({ active: 1 });
  });

  test("delete takes the content with the last recipient and stays in the trace", async () => {
    const [first] = await waiting();
    expect(await deleteQueued(database.db, author, id(first))).toMatchObject({ done: 2 });
    expect([await count(database.db, "content_chunks"), await count(database.db, "deliveries where outcome = 'deleted'")]).toEqual([1, 2]);
  });

  test("return claims held recipients too and settles each with a verdict that bounces", async () => {
    const [first] = await waiting();
    await holdQueued(database.db, author, id(first));
    const settle = (settlements: Parameters<typeof node.queue.endingOf>[0][]): Promise<void> =>
      node.queue.settle(settlements.map((each) => node.queue.endingOf(each)));
    const returned = await returnQueued(database.db, author, all, {
      claim: (selection) => node.queue.claimSelected(selection),
      settle: (settlements) => settle([...settlements]),
    });
    expect(returned).toBe(4);
    expect(await count(database.db, "deliveries where outcome = 'bounced' and enhanced_status = '5.7.0'")).toBe(4);
    expect(await count(database.db, "queued_recipients")).toBe(0);
  });
});

describe("the server's log", () => {
  test("has a line for each recipient a person steered, with who and why; returned ones with their outcome and their DSN", async () => {
    const [first, second] = await waiting();
    const loaded = loadSettings({ env: {}, cwd: "/nonexistent", machine: { hostname: "mail.campus.test", cores: 1 } });
    const heard: string[] = [];
    const listening = await hearLines(database.db, { ...silentLog, line: (program, text) => void heard.push(`${program} ${text}`) });
    const by = "by=<ann@mx1 via cli> (TICKET-17)";
    await holdQueued(database.db, author, id(first));
    await retryQueued(database.db, { ...author, why: null }, id(second));
    await deleteQueued(database.db, author, id(second));
    await releaseQueued(database.db, author, id(second)); // nothing is left of it
    await withReturning(database.db, loaded.settings, silentLog, (deps) => returnQueued(database.db, author, id(first), deps));
    const line = (queueId: string, to: string, action: string): string =>
      `qmgr ${queueId}: to=<${to}@final.test>, orig_to=<alias@campus.test>, action=${action}`;
    const steered = (queueId: string, tos: string, action: string, who = by): string[] =>
      tos.split("").map((to) => `${line(queueId, to, action)}, ${who}`);
    await eventually(() => expect(heard.at(-1)).toContain("nrcpt=1"));
    expect(heard.slice(0, 8)).toEqual([
      ...steered(first, "ab", "hold"),
      ...steered(second, "cd", "retry", "by=<ann@mx1 via cli> (no reason given)"),
      ...steered(second, "cd", "delete"),
      ...steered(first, "ab", "return"),
    ]);
    expect(heard.slice(8)).toEqual([
      expect.stringMatching(`^smtp ${first}: to=<a@final.test>, .* status=bounced`),
      expect.stringMatching(`^smtp ${first}: to=<b@final.test>, .* status=bounced`),
      expect.stringMatching(/^qmgr \w+: from=<>, size=\d+, nrcpt=1 .*client=local/),
    ]);
    await listening.stop();
  });
});

describe("looking at it", () => {
  test("the list is walked in pages that stand still", async () => {
    await waiting();
    const first = await listQueue(database.db, 3, null);
    const second = await listQueue(database.db, 3, first.last);
    expect([...first.rows, ...second.rows].map(({ to }) => to)).toEqual(["a@final.test", "b@final.test", "c@final.test", "d@final.test"]);
    expect(second.last).toBeNull();
    expect(first.rows[0]).toMatchObject({
      state: "waiting",
      origTo: "alias@campus.test",
      from: "sender@outside.test",
      reason: "451 4.4.1 busy",
    });
  });

  test("the trace finds a message by final and original recipient, sender, Message-ID and queue id", async () => {
    const [first, second] = await waiting();
    const since = new Date(0);
    const ids = async (query: object): Promise<string[]> =>
      (await traceMessages(database.db, { since, limit: 10, ...query })).map(({ queueId }) => queueId);
    expect(await ids({ to: "b@final.test" })).toEqual([first]);
    expect(await ids({ to: "alias@campus.test" })).toEqual([second, first]);
    expect(await ids({ from: "sender@outside.test" })).toEqual([second, first]);
    expect(await ids({ from: "" })).toEqual([]);
    expect(await ids({ headerMessageId: "<1@outside.test>" })).toEqual([second, first]);
    expect(await ids({ messageId: parseQueueId(first) })).toEqual([first]);
    expect(await ids({ to: "b@final.test", from: "someone@else.test" })).toEqual([]);
    const [traced] = await traceMessages(database.db, { since, limit: 1, messageId: parseQueueId(first) ?? 0n });
    expect(traced?.deliveries.map(({ outcome, to }) => [outcome, to])).toEqual([
      ["deferred", "a@final.test"],
      ["deferred", "b@final.test"],
    ]);
    expect(traced?.waiting.map(({ to, state }) => [to, state])).toEqual([
      ["a@final.test", "waiting"],
      ["b@final.test", "waiting"],
    ]);
  });
});

describe("tidying up", () => {
  test("content that nobody will ask for goes after an hour, that of waiting mail stays", async () => {
    await waiting();
    const orphan = node.queue.openIntake();
    await database.db.query({ text: "insert into content_chunks values ($1, 0, 'x')", values: [orphan.messageId] });
    expect(await removeOrphanedContent(database.db, new Date())).toBe(0);
    expect(await removeOrphanedContent(database.db, new Date(Date.now() + 2 * 3_600_000))).toBe(1);
    expect(await count(database.db, "content_chunks")).toBe(2);
  });

  test("the mail of a process of this machine that is gone falls due at once; a living one keeps its own", async () => {
    node.queue.start(node.delivery);
    await put(node.queue, message([recipient("a@final.test")]));
    await put(node.queue, message([recipient("b@final.test")]));
    await node.delivery.next();
    expect(await releaseDeadNodes(database.db)).toBe(0);
    const b = await node.delivery.next();
    // As if the second had been claimed by a process that was killed.
    await database.db.query({
      text: `with dead as (insert into nodes (node_no, hostname, host_identity, pid, pid_started_at)
                           select 999, hostname, host_identity, pid, '1' from nodes returning 1)
             update queued_recipients set claimed_by = 999 where message_id = $1`,
      values: [b.messageId],
    });
    expect(await releaseDeadNodes(database.db)).toBe(1);
    await settleAll(node.queue, b, relayed);
    expect(await count(database.db, "deliveries")).toBe(0);
    expect(await states()).toEqual({ active: 1, waiting: 1 });
  });
});
