import { afterAll, beforeAll, expect, test } from "vitest";
import { type Campus, openCampus } from "./campus.ts";
import { Client } from "./client.ts";

let campus: Campus;
beforeAll(async () => {
  campus = await openCampus();
});
afterAll(() => campus.receiver.close());

test("a message goes in with the octets it came with, behind our fields", async () => {
  const client = await Client.connect(campus.port);
  expect(await client.hear()).toBe("220 mx.campus.test ESMTP Mailroom");
  expect(await client.ask("EHLO client.test")).toContain("250-PIPELINING");
  expect(await client.transact("Subject: x\r\nMessage-ID: <1@x>\r\n\r\n..dots\r\n...\r\n.\r\n")).toMatch(/^250 2\.0\.0 Ok: queued as Q1$/);
  const [stored] = campus.stored;
  expect(stored?.content.toString()).toBe("Subject: x\r\nMessage-ID: <1@x>\r\n\r\n.dots\r\n..\r\n");
  expect(stored?.message.prefix).toMatch(/^Delivered-To: u@campus\.test\r\nReceived: from client\.test/);
  expect(stored?.message.headerMessageId).toBe("<1@x>");
  expect(stored?.message.recipients.map(({ finalRecipient }) => finalRecipient.key)).toEqual(["u@people.test"]);
  expect(await client.ask("QUIT")).toBe("221 2.0.0 Bye");
  expect(await client.hear()).toBe("closed");
});

test("STARTTLS works, and forgets what was said", async () => {
  const client = await Client.greeted(campus.port);
  expect(await client.ask("STARTTLS")).toMatch(/^220/);
  const secure = await client.startTls();
  expect(secure.getProtocol()).toBe("TLSv1.3");
  expect(await client.ask("MAIL FROM:<a@evil.test>")).toMatch(/^503/);
  expect(await client.ask("EHLO x")).not.toContain("STARTTLS");
  expect(await client.transact("\r\nx\r\n.\r\n")).toMatch(/^250/);
  client.close();
});
