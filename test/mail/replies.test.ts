import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { greeting, queuedAs, replies, replyTable, replyToLocalPart } from "../../src/mail/replies.ts";
import { reply, replyLine } from "../../src/mail/reply.ts";

describe("every reply", () => {
  it.each(Object.entries(replyTable))("%s is one line whose codes agree, with words for people", (name, row) => {
    const line = replyLine(row.reply);
    expect(replies[name as keyof typeof replies]).toBe(row.reply);
    expect(line).toMatch(/^(?:2[0-9]{2} 2\.|3[0-9]{2} |4[0-9]{2} 4\.|5[0-9]{2} 5\.|250 Mailroom$)/);
    expect(line.length).toBeLessThanOrEqual(510); // RFC 5321 §4.5.3.1.5
    expect(row.when.length).toBeGreaterThan(3);
    expect(row.advice).toMatch(/\.$/);
    if (row.reply.code === 421 || line.endsWith("closing")) expect(line).toMatch(/closing$|later$/);
  });

  it("stands in docs/replies.md", () => {
    const page = readFileSync("docs/replies.md", "utf8");
    for (const row of Object.values(replyTable)) expect(page).toContain(`| \`${replyLine(row.reply)}\` |`);
    expect(page.match(/^\| `/gm)).toHaveLength(Object.keys(replyTable).length + 1);
  });
});

it("the promise and the greeting read as clients expect", () => {
  expect(replyLine(queuedAs("4XyZ"))).toBe("250 2.0.0 Ok: queued as 4XyZ");
  expect(replyLine(greeting("mx.campus.test"))).toBe("220 mx.campus.test ESMTP Mailroom");
});

it("a local part that cannot be ours is refused without a query", () => {
  expect(replyToLocalPart("o'hara+tag_1=x-y.z")).toBeNull();
  expect(replyToLocalPart("a|b")).toBe(replies.mailboxUnknown);
  expect(replyToLocalPart("Ann")).toBe(replies.mailboxUnknown); // to be lowered before
  expect(replyToLocalPart("")).toBe(replies.mailboxUnknown);
  expect(replyToLocalPart("ü")).toBe(replies.addressNotAscii);
});

it.each([
  [550, "4.1.1", "x"],
  [450, "5.1.1", "x"],
  [550, "", "x"],
  [250, "2.0", "x"],
  [354, "3.0.0", "x"],
  [250, "2.0.0", ""],
  [250, "2.0.0", "a\r\nb"],
  [250, "2.0.0", "ü"],
  [250, "2.0.0", "x".repeat(501)],
])("a reply that breaks the rules is a fault of ours and throws: %j %j", (code, status, text) => {
  expect(() => reply(code, status, text)).toThrow();
});
