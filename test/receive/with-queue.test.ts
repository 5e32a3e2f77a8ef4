/** With the real queue on a real database: what 250 promises, and what is left of messages that got none. */
import { createHash } from "node:crypto";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { count, openTestQueue, type TestQueue } from "../queue/harness.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { type Campus, openCampus } from "./campus.ts";
import { Client } from "./client.ts";

let database: TestDatabase;
let queue: TestQueue;
let campus: Campus;
beforeAll(async () => {
  database = await createDatabase();
  queue = await openTestQueue(database.db);
  campus = await openCampus({ openIntake: () => queue.queue.openIntake() });
});
afterAll(async () => {
  await campus.receiver.close();
  await queue.queue.close();
  await database.drop();
});

const MIB = 1024 * 1024;

test.each([0, 1, 4096, MIB + 1, 20 * MIB])("a body of %i octets arrives as it was sent", async (size) => {
  const body = Buffer.alloc(size, "a line of text, then a dot\r\n.\r\n..\r\n");
  const sent = Buffer.concat([Buffer.from("Subject: x\r\n\r\n"), body, Buffer.from("\r\n")]);
  const stuffed = sent.toString("latin1").replace(/(^|\r\n)\./g, "$1..");
  const client = await Client.greeted(campus.port);
  expect(await client.transact(`${stuffed}.\r\n`)).toMatch(/^250 2\.0\.0 Ok: queued as [0-9B-Zb-z]+$/);
  const message = await queue.delivery.next();
  const hash = createHash("sha256");
  for await (const piece of message.content.chunks()) hash.update(piece);
  expect(hash.digest("hex")).toBe(createHash("sha256").update(sent).digest("hex"));
  expect(message.size).toBe(sent.length);
  expect(message.recipients.map(({ finalRecipient }) => finalRecipient.key)).toEqual(["u@people.test"]);
  client.close();
});

test("half a message and a dropped connection leave no row and no chunk", async () => {
  const [messages, chunks] = [await count(database.db, "messages"), await count(database.db, "content_chunks")];
  const client = await Client.greeted(campus.port);
  for (const line of ["MAIL FROM:<a@evil.test>", "RCPT TO:<u@campus.test>", "DATA"]) await client.ask(line);
  client.send("Subject: x\r\n\r\n");
  client.send(Buffer.alloc(10 * MIB, "half of a message, written ahead\r\n"));
  await vi.waitFor(async () => expect(await count(database.db, "content_chunks")).toBeGreaterThan(chunks + 10), { timeout: 20_000 });
  client.reset();
  await vi.waitFor(async () => expect(await count(database.db, "content_chunks")).toBe(chunks), { timeout: 20_000 });
  expect(await count(database.db, "messages")).toBe(messages);
});

test("a refused message leaves none either", async () => {
  const [messages, chunks] = [await count(database.db, "messages"), await count(database.db, "content_chunks")];
  const client = await Client.greeted(campus.port);
  const body = Buffer.concat([
    Buffer.from("Subject: x\r\n\r\n"),
    Buffer.alloc(8 * MIB, "text\r\n"),
    Buffer.from("a NUL \0\r\n.\r\n", "latin1"),
  ]);
  expect(await client.transact(body)).toBe("550 5.6.0 Message holds a NUL octet, closing");
  await vi.waitFor(async () => expect(await count(database.db, "content_chunks")).toBe(chunks), { timeout: 20_000 });
  expect(await count(database.db, "messages")).toBe(messages);
});

test("nothing of what the client sends can trouble the database", async () => {
  const client = await Client.greeted(campus.port);
  await client.ask("EHLO '\\u0000;drop--");
  await client.ask("MAIL FROM:<a@evil.test> SMTPUTF8 ENVID=+00");
  const header = "Message-ID: \xff\xfe\xed\xa0\x80\r\nSubject: \xc0\x80\r\n\r\nx\r\n.\r\n";
  expect(await client.transact(Buffer.from(header, "latin1"), "u@campus.test", '"\'\\\\;"@evil.test')).toMatch(/^250/);
  await queue.delivery.next();
  client.close();
});
