import fc from "fast-check";
import { expect, it } from "vitest";
import { authorOf } from "../../src/mail/author.ts";
import { readHeader } from "../../src/mail/header.ts";

const author = (lines: string | Buffer): string | null => {
  const read = readHeader(Buffer.from(lines));
  return read.ok ? (authorOf(read.header)?.key ?? null) : "no header";
};

it.each([
  "From: ann@x.test",
  "from:ann@x.test",
  "FROM: <ann@x.test>",
  "From: Ann <ann@x.test>",
  "From: Ann B. Example <ann@X.test>",
  'From: "Example, Ann" <ann@x.test>',
  'From: "bob@y.test" <ann@x.test>',
  'From: "a\\"<b@y.test>\\"" <ann@x.test>',
  "From: =?utf-8?q?=C3=84nn?= <ann@x.test>",
  "From: =?utf-8?B?w4Rubg==?= <ann@x.test>",
  "From: Änn <ann@x.test>",
  "From: ann@x.test (Ann)",
  "From: (Ann) ann@x.test",
  "From: Ann (at home) <ann@x.test> (really)",
  "From: Ann\r\n <ann@x.test>",
  "From:\r\n\tann@x.test",
  "From: ann@x.test\r\nSender: bob@y.test\r\nReply-To: c@z.test",
])("names the author: %j", (lines) => expect(author(`${lines}\r\nTo: b@y.test\r\n\r\n`)).toBe("ann@x.test"));

it('reads quoted local parts: "a b"@x.test', () => {
  expect(author('From: "a b"@x.test\r\n\r\n')).toBe("a b@x.test");
  expect(author('From: A <"a>b"@x.test>\r\n\r\n')).toBe("a>b@x.test");
});

it.each([
  "From:\vann@x.test",
  "From: Ann\f <ann@x.test>",
  "To: b@y.test",
  "From:",
  "From: Ann",
  "From: ann@x.test\r\nFrom: ann@x.test",
  "From: ann@x.test\r\nfROM: bob@y.test",
  "From: ann@x.test, bob@y.test",
  "From: <ann@x.test>, <bob@y.test>",
  "From: <ann@x.test><bob@y.test>",
  "From: <ann@x.test> <bob@y.test>",
  "From: ann@x.test <bob@y.test>",
  "From: <ann@x.test> bob@y.test",
  "From: <ann@x.test>;",
  "From: Group: ann@x.test;",
  "From: Group: Ann <ann@x.test>;",
  "From: undisclosed:;",
  "From: (bob@y.test) <ann@x.test>",
  "From: ann@x.test (bob@y.test)",
  "From: ((nested)) ann@x.test",
  "From: (bob@y.test)",
  "From: =?utf-8?q?bob=40y.test?= <ann@x.test>",
  "From: =?utf-8?Q?bob@y.test?= <ann@x.test>",
  "From: =?utf-8?b?Ym9iQHkudGVzdA==?= <ann@x.test>",
  'From: "=?utf-8?b?Ym9iQHkudGVzdA==?=" <ann@x.test>',
  "From: =?utf-8?q?ann=40x.test?=",
  "From: bob\0@y.test",
  "From: Ann\0 <ann@x.test>",
  "From: Ann\r<bob@y.test>\r <ann@x.test>",
  "From: Ann\x1b <ann@x.test>",
  "From : ann@x.test",
  "From\t: ann@x.test",
  "X: 1\r\nFrom\r\n : ann@x.test",
  "From: ann@x.test\r\n \r\nX: 1",
  "From: ann@x.test\r\nnonsense",
  "From: ann @x.test",
  "From: ann@x.test.",
  "From: ann@x_y.test",
  "From: <@y.test:ann@x.test>",
  "From: <ann@x.test",
  "From: ann@x.test>",
  'From: "Ann <ann@x.test>',
  "From: ann(c)@x.test",
  "From: <ann@\r\n x.test>",
  "From: <>",
  "From: a\\b <ann@x.test>",
  "From: [ann] <ann@x.test>",
])("names nobody: %j", (lines) => expect(author(`X-First: 1\r\n${lines}\r\nTo: b@y.test\r\n\r\n`)).toBeNull());

it("names nobody when the field is not UTF-8", () => {
  expect(author(Buffer.from("From: \xe4nn <ann@x.test>\r\n\r\n", "latin1"))).toBeNull();
});

it("never throws, and takes long nonsense in its stride", () => {
  const piece = fc.constantFrom("a@x.test", "<", ">", '"', "(", ")", "\\", ",", ":", ";", " ", "=?a?q?=40?=", "\r\n ", "\0", "ü", "Ann");
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
      const got = author(`From: ${pieces.join("")}\r\n\r\n`);
      // Who is named stands in the text, and no second address does outside quoted strings.
      if (got !== null)
        expect(
          pieces
            .join("")
            .replace(/"[^"\\]*(?:\\.[^"\\]*)*" *(?!@)/g, "")
            .split("@"),
        ).toHaveLength(2);
    }),
    { numRuns: 5000 },
  );
  for (const text of ["(", '"', '"\\', "<", "a<", "=?", "=?a?q?", "a@b,", '<"', "\\", '<"\\']) {
    const started = performance.now();
    expect(author(`From: ${`${text.repeat(8000 / text.length)}\r\n `.repeat(25)}x\r\n\r\n`)).toBeNull();
    expect(performance.now() - started).toBeLessThan(20_000);
  }
});
