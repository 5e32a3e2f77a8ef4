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

/** What is logged from now on, as text. */
function loggedSince(): () => string[] {
  const before = campus.logged.length;
  return () =>
    campus.logged.slice(before).map(({ event, fields }) => (fields === undefined ? event : `${event} ${JSON.stringify(fields)}`));
}

test("a refusal is logged with whom it was about, as Postfix logs it", async () => {
  const logged = loggedSince();
  const client = await Client.greeted(campus.port);
  await client.ask("MAIL FROM:<a b@evil.test>");
  await client.ask("MAIL FROM:<a@evil.test>");
  await client.ask("RCPT TO:<nobody@campus.test> NOTIFY=NEVER");
  await client.ask('RCPT TO:<"x y"@evil.test>');
  await client.ask("RCPT TO:<x@campus.test> from=<root@campus.test>");
  await client.ask("RCPT TO:no> to=<ok@campus.test");
  await client.ask("RSET");
  await client.ask("MAIL FROM:<>");
  await client.ask("RCPT TO:<nobody@campus.test>");
  await client.ask("DATA");
  client.close();
  const tail = "proto=ESMTP helo=<client.test>";
  expect(logged().map((line) => line.replace(/^NOQUEUE: reject: (\w+) from 127\.0\.0\.1: (\d{3} [\d.]+) [^;]*;/, "$1 $2"))).toEqual([
    `MAIL 501 5.1.7 from=<a?b@evil.test> ${tail}`,
    `RCPT 550 5.1.1 from=<a@evil.test> to=<nobody@campus.test> ${tail}`,
    `RCPT 550 5.7.1 from=<a@evil.test> to=<"x y"@evil.test> ${tail}`,
    `RCPT 555 5.5.4 from=<a@evil.test> to=<x@campus.test> ${tail}`,
    `RCPT 501 5.1.3 from=<a@evil.test> to=<no??to=?ok@campus.test> ${tail}`,
    `RCPT 550 5.1.1 from=<> to=<nobody@campus.test> ${tail}`,
    `DATA 503 5.5.1 from=<> ${tail}`,
  ]);
});

test("a message that is refused is logged with its sender; a client that said HELO speaks SMTP", async () => {
  const logged = loggedSince();
  const client = await Client.connect(campus.port);
  await client.hear();
  await client.ask("HELO client.test");
  expect(await client.transact("Subject: x\r\n\r\n\0\r\n.\r\n")).toMatch(/^550 5\.6\.0/);
  client.close();
  expect(logged()).toEqual([expect.stringMatching(/^NOQUEUE: reject: DATA from .*; from=<[^<>]+> proto=SMTP helo=<client\.test>$/)]);
});

test("where some targets lead nowhere the others get their copies, and each of the dead ones is logged", async () => {
  const logged = loggedSince();
  const client = await Client.greeted(campus.port);
  await client.ask("MAIL FROM:<a@evil.test>");
  expect(await client.ask("RCPT TO:<half@campus.test>")).toMatch(/^250/);
  client.close();
  expect(logged()).toHaveLength(21);
  expect(logged()[0]).toBe(
    'a target leads nowhere {"recipient":"half@campus.test","alias":"half@campus.test","target":"gone@campus.test","why":"unknown"}',
  );
  expect(logged().at(-1)).toBe('more targets lead nowhere {"recipient":"half@campus.test","targets":11}');
});
