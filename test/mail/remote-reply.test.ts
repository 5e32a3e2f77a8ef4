import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { oneLine, readRemoteReply } from "../../src/mail/remote-reply.ts";

describe("a remote's reply", () => {
  it.each<[string, [number, string, string] | null]>([
    ["250 2.0.0 Ok: queued as 4XyZ", [250, "2.0.0", "Ok: queued as 4XyZ"]],
    ["550 5.1.1 <a@x.test>: no such user", [550, "5.1.1", "<a@x.test>: no such user"]],
    ["550 no such user", [550, "5.0.0", "no such user"]],
    ["450", [450, "4.0.0", "no text"]],
    ["450 ", [450, "4.0.0", "no text"]],
    ["550 5.1.1", [550, "5.1.1", "no text"]],
    [
      "550-5.7.1 This message\n550-5.7.1 looks like spam.\r\n550 5.7.1 See http://x.test",
      [550, "5.7.1", "This message looks like spam. See http://x.test"],
    ],
    ["550-5.2.2 first\n550-5.2.1 second\n550 third", [550, "5.2.2", "first second third"]],
    ["550-first\n550 5.2.2 second", [550, "5.2.2", "first second"]],
    ["452 5.2.2 full", [452, "4.2.2", "full"]], // the code decides the class
    ["550 2.1.5 ok?", [550, "5.1.5", "ok?"]],
    ["550 5.1.1234 x", [550, "5.0.0", "5.1.1234 x"]],
    ["550 192.0.2.1 is listed", [550, "5.0.0", "192.0.2.1 is listed"]],
    ["550 5.7.1: policy", [550, "5.0.0", "5.7.1: policy"]],
    ["354 go on", [354, "", "go on"]],
    ["450 a\0b\tc\x1b[31mred\x7f", [450, "4.0.0", "a b c [31mred"]],
    ["450 a\u2028b\u202ec", [450, "4.0.0", "a b?c"]],
    ["450 héllo 😀", [450, "4.0.0", "h?llo ?"]],
    ["", null],
    ["hello", null],
    ["2500 x", null],
    ["650 x", null],
    ["150 x", null],
    ["\n250 x", null],
  ])("%j", (response, expected) => {
    const reply = readRemoteReply(response);
    expect(reply === null ? null : [reply.code, reply.enhancedStatus, reply.text]).toEqual(expected);
  });

  it("is always one short line of printable ASCII, its classes agreeing", () => {
    const piece = fc.oneof(
      fc.constantFrom("550 ", "550-", "5.1.1 ", "2.", "\r\n", "\n", "\0", " "),
      fc.string({ unit: "binary", maxLength: 10 }),
    );
    fc.assert(
      fc.property(fc.integer({ min: 200, max: 599 }), fc.array(piece, { maxLength: 30 }), (code, pieces) => {
        const reply = readRemoteReply(`${code} ${pieces.join("")}`);
        expect(reply?.code).toBe(code);
        expect(reply?.text).toMatch(/^[!-~](?:[ -~]{0,510}[!-~])?$/);
        expect(reply?.enhancedStatus).toMatch(
          code < 400 && code >= 300 ? /^$/ : new RegExp(`^${Math.trunc(code / 100)}\\.[0-9]{1,3}\\.[0-9]{1,3}$`),
        );
      }),
      { numRuns: 2000 },
    );
  });

  it("is capped, however much was said", () => {
    expect(readRemoteReply(`550 ${"x".repeat(1000)}`)?.text).toHaveLength(512);
    const started = performance.now();
    expect(readRemoteReply("550-5.7.1 x\r\n".repeat(1_000_000))?.text).toHaveLength(512);
    expect(oneLine(" \t".repeat(5_000_000))).toBe("no text");
    expect(performance.now() - started).toBeLessThan(20_000);
  });
});
