import { simpleParser } from "mailparser";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createMetrics } from "../../src/log/metrics.ts";
import { reply } from "../../src/mail/reply.ts";
import type { ClaimedMessage } from "../../src/queue/claim.ts";
import { createReport, type Report } from "../../src/report/report.ts";
import type { Resolution } from "../../src/resolve/resolution.ts";
import {
  box,
  CONTENT,
  count,
  failed,
  message,
  openTestQueue,
  put,
  recipient,
  relayed,
  settlement,
  type TestQueue,
} from "../queue/harness.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { silentLog } from "../support/sql.ts";

let database: TestDatabase;
let node: TestQueue;
let answer: (key: string) => Resolution;
let report: Report;
beforeAll(async () => {
  database = await createDatabase();
  node = await openTestQueue(database.db);
  report = createReport({
    queue: node.queue,
    resolve: (mailbox) => Promise.resolve(answer(mailbox.key)),
    reporter: { hostname: "mx.campus.test", domain: "campus.test", now: () => new Date("2026-11-25T03:36:15Z"), uniqueId: () => "unique" },
    log: silentLog,
    metrics: createMetrics(),
  });
});
afterAll(async () => {
  await node.queue.stopClaiming();
  await node.queue.close();
  await database.drop();
});
beforeEach(async () => {
  await database.db.query({ text: "truncate queued_recipients, content_chunks, messages, deliveries" });
  node.delivery.messages.length = 0;
  answer = (key) => ({
    kind: "expanded",
    recipients: [{ mailbox: box(key), paths: [[key]], morePaths: 0, list: null, held: null }],
    deadEnds: [],
    posts: [],
    withoutOwnCopy: [],
  });
});

const settle = (claimed: ClaimedMessage, verdicts: readonly Parameters<typeof settlement>[2][]): Promise<void> =>
  report.settle(claimed.recipients.map((each, i) => settlement(claimed, each, verdicts[i] ?? relayed)));

const dsnOctets = (claimed: ClaimedMessage): Buffer => Buffer.concat(claimed.content.inMemory() ?? []);

describe("failure DSNs", () => {
  test("one DSN tells of all that failed together, with the null reverse-path, in the form of RFC 3464", async () => {
    const content = Buffer.from("From: Ann <ann@outside.test>\r\nSubject: Grüße\r\n\r\nthe body stays here\r\n");
    const headerSize = content.indexOf("\r\n\r\n") + 4;
    const recipients = ["a@private.test", "b@private.test", "c@private.test"].map((to) => recipient(to));
    await put(node.queue, message(recipients, { headerSize, envelope: { ...message([]).envelope, envid: "QQ+2B314159" } }), content);
    const refused = { ...failed, reply: reply(550, "5.1.1", "<a@private.test>: no user a@private.test at private.test") };
    await settle(await node.delivery.next(), [refused, relayed, failed]);

    const dsn = await node.delivery.next();
    expect(dsn.envelope.reversePath).toBeNull();
    expect(dsn.recipients.map((each) => [each.finalRecipient.key, each.reversePath, each.lane])).toEqual([
      ["sender@outside.test", null, 2],
    ]);
    const octets = dsnOctets(dsn);
    const text = octets.toString("latin1");
    expect(text).not.toMatch(/[^\r]\n|\r[^\n]/);
    const mail = await simpleParser(octets);
    expect(mail.headers.get("auto-submitted")).toBe("auto-replied");
    expect(mail.headers.get("content-type")).toMatchObject({ value: "multipart/report", params: { "report-type": "delivery-status" } });
    expect(text).toContain("Content-Type: message/delivery-status");
    expect(text).toContain("Original-Envelope-Id: QQ+314159");
    expect(text.match(/^Final-Recipient: rfc822; alias@campus.test\r$/gm)?.length).toBe(2);
    expect(text.match(/^Action: failed\r$/gm)?.length).toBe(2);
    expect(text).toContain("Diagnostic-Code: smtp; 550 5.1.1 no such user");
    expect(text).not.toContain("the body stays here");
    expect([
      await count(database.db, "deliveries where outcome = 'bounced'"),
      await count(database.db, "deliveries where outcome = 'sent'"),
    ]).toEqual([2, 1]);
  });

  test("where the mail was forwarded to stands nowhere in it", async () => {
    await put(node.queue, message([recipient("hidden.name@private.test")]));
    const words = "5.1.1 <Hidden.Name@Private.Test>: Hidden.Name unknown at private.test";
    await settle(await node.delivery.next(), [{ ...failed, reply: reply(550, "5.1.1", words) }]);
    expect(dsnOctets(await node.delivery.next()).toString("latin1")).not.toMatch(/hidden|private/i);
  });

  test("none for a null reverse-path, none where NOTIFY says so", async () => {
    const quiet = recipient("b@final.test", { dsn: { notify: ["NEVER"], orcpt: null } });
    const onSuccess = recipient("c@final.test", { dsn: { notify: ["SUCCESS"], orcpt: null } });
    await put(node.queue, message([recipient("a@final.test", { reversePath: null }), quiet, onSuccess]));
    await settle(await node.delivery.next(), [failed, failed, failed]);
    expect(await count(database.db, "messages")).toBe(1);
    expect(await count(database.db, "deliveries where outcome = 'bounced'")).toBe(3);
  });

  test("ORCPT is given back, and NOTIFY=FAILURE gets its DSN", async () => {
    const asked = recipient("b@final.test", { dsn: { notify: ["FAILURE", "DELAY"], orcpt: "rfc822;alias+2Bx@campus.test" } });
    await put(node.queue, message([asked]));
    await settle(await node.delivery.next(), [failed]);
    expect(dsnOctets(await node.delivery.next()).toString()).toContain("Original-Recipient: rfc822;alias+x@campus.test");
  });

  test("a sender who leads nowhere gets none, and the failure is settled all the same", async () => {
    answer = () => ({ kind: "absent", deadEnds: [] });
    await put(node.queue, message([recipient("a@final.test")]));
    await settle(await node.delivery.next(), [failed]);
    expect([await count(database.db, "messages"), await count(database.db, "queued_recipients")]).toEqual([1, 0]);
  });

  test("while nobody can say where the sender is, the failed recipient stays", async () => {
    answer = () => ({ kind: "unavailable", cause: new Error("directory down") });
    await put(node.queue, message([recipient("a@final.test")]));
    await settle(await node.delivery.next(), [failed]);
    const { rows } = await database.db.query({ text: "select claimed_by, failures, last_scope from queued_recipients" });
    expect(rows).toEqual([{ claimed_by: null, failures: 0, last_scope: "local" }]);
  });

  test("whoever lost the claim settles nothing and writes no DSN", async () => {
    await put(node.queue, message([recipient("a@final.test")]));
    const claimed = await node.delivery.next();
    await database.db.query({ text: "update queued_recipients set fence = fence + 1" });
    await settle(claimed, [failed]);
    expect([await count(database.db, "messages"), await count(database.db, "deliveries")]).toEqual([1, 0]);
  });

  test("a hostile header of the original cannot break the DSN", async () => {
    const nasty = Buffer.from(
      `Subject: --mailroom\r\nX: ${"\x00\x01\xff".repeat(50)}\r\nContent-Type: multipart/mixed; boundary=a\r\n--a\r\n\r\n`,
      "latin1",
    );
    await put(node.queue, message([recipient("a@final.test")], { headerSize: nasty.length }), Buffer.concat([nasty, CONTENT]));
    await settle(await node.delivery.next(), [failed]);
    const mail = await simpleParser(dsnOctets(await node.delivery.next()));
    expect(mail.subject).toBe("Undelivered Mail Returned to Sender");
  });
});
