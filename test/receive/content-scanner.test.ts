import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type ContentFault, ContentScanner } from "../../src/receive/content-scanner.ts";

const limits = { size: 1e9, line: 1e9, header: 1e9 };

type Read = {
  readonly content: string;
  readonly fault: ContentFault | null;
  readonly rest: string | null;
  readonly headerSize: number;
  readonly longest: number;
};

/** What the scanner makes of `octets`, cut at `cuts`. `rest`: behind the end of data; null: the end was not read. */
function scan(octets: string, cuts: readonly number[] = [], given = limits): Read {
  const scanner = new ContentScanner(given);
  const whole = Buffer.from(octets, "latin1");
  const edges = [0, ...[...cuts].sort((a, b) => a - b), whole.length];
  let content = "";
  for (let i = 1; i < edges.length; i++) {
    const before = i === 1 ? "DATA\r\n" : ""; // content may begin behind the command, in its segment
    const segment = Buffer.concat([Buffer.from(before), whole.subarray(edges[i - 1], edges[i])]); // a copy: the scanner writes into it
    const end = scanner.scan(segment, before.length);
    content += scanner.piece.toString("latin1");
    if (end < 0) continue;
    const rest = whole.toString("latin1", (edges[i - 1] as number) + end - before.length);
    return { content, fault: scanner.fault(), rest, headerSize: scanner.headerSize, longest: scanner.longestLine };
  }
  return { content, fault: scanner.fault(), rest: null, headerSize: scanner.headerSize, longest: scanner.longestLine };
}

/** The slow reference: the end is searched for in the whole text, then lines are taken apart at CRLF. */
function reference(octets: string): Read {
  const at = octets.startsWith(".\r\n") ? 0 : octets.indexOf("\r\n.\r\n") < 0 ? -1 : octets.indexOf("\r\n.\r\n") + 2;
  const raw = at < 0 ? octets : octets.slice(0, at);
  const lines = raw.split("\r\n").map((line) => line.replace(/^\./, ""));
  const content = lines.join("\r\n");
  const outsidePairs = raw.replaceAll("\r\n", "");
  const fault = raw.includes("\0") ? "nul" : /[\r\n]/.test(outsidePairs) ? "bareLineEnd" : null;
  const empty = content.startsWith("\r\n") ? 0 : content.indexOf("\r\n\r\n") < 0 ? -1 : content.indexOf("\r\n\r\n") + 2;
  const ended = lines.slice(0, -1);
  const longest = Math.max(...(at < 0 ? lines : ended).map((line) => line.length), 0);
  return { content, fault, rest: at < 0 ? null : octets.slice(at + 3), headerSize: empty < 0 ? -1 : empty + 2, longest };
}

/** A message that is refused need not be exact: nothing of it is stored. A line that is cut off in a CR or a dot is not judged yet. */
const comparable = (read: Read) => (read.fault === null ? read : { fault: read.fault, rest: read.rest });

const hot = fc.constantFrom("\r", "\n", ".", "\r\n", "\r\n.", "\r\n.\r\n", "\n.\n", "..", "\0", "a", " ", "\t", "\x85", "x: y");
const octetsOf = fc.array(hot, { maxLength: 24 }).map((parts) => parts.join(""));

describe("against the reference", () => {
  test("whole messages, in any cuts", () => {
    fc.assert(
      fc.property(octetsOf, fc.array(fc.nat(60), { maxLength: 8 }), (octets, at) => {
        const ended = `${octets}\r\n.\r\nNOOP\r\n`;
        const cuts = at.filter((cut) => cut < ended.length);
        expect(comparable(scan(ended, cuts))).toEqual(comparable(reference(ended)));
      }),
      { numRuns: 20_000 },
    );
  });

  test("one octet at a time", () => {
    fc.assert(
      fc.property(octetsOf, (octets) => {
        const ended = `${octets}\r\n.\r\n`;
        const each = Array.from({ length: ended.length - 1 }, (_, i) => i + 1);
        expect(comparable(scan(ended, each))).toEqual(comparable(reference(ended)));
      }),
      { numRuns: 5000 },
    );
  });
});

const SECOND = "MAIL FROM:<x@evil.test>\r\nRCPT TO:<u@campus.test>\r\nDATA\r\nsmuggled\r\n.\r\n";
const END = "\r\n.\r\n";

/** Octets inside a body, and what they are. "end": they end the data, and the rest is what follows. */
const table: readonly (readonly [name: string, octets: string, is: "end" | "data", fault: ContentFault | null, stored?: string])[] = [
  ["the end", "\r\n.\r\n", "end", null],
  ["LF dot LF", "\n.\n", "data", "bareLineEnd"],
  ["LF dot CRLF", "\n.\r\n", "data", "bareLineEnd"],
  ["CRLF dot LF", "\r\n.\n", "data", "bareLineEnd"],
  ["CR dot CR", "\r.\r", "data", "bareLineEnd"],
  ["CR dot CRLF", "\r.\r\n", "data", "bareLineEnd"],
  ["CRCRLF dot CRCRLF", "\r\r\n.\r\r\n", "data", "bareLineEnd"],
  ["CRCRLF dot CRLF", "\r\r\n.\r\n", "end", "bareLineEnd"],
  ["CRLF NUL dot CRLF", "\r\n\0.\r\n", "data", "nul"],
  ["NUL CRLF dot CRLF", "\0\r\n.\r\n", "end", "nul"],
  ["CRLF dot blank CRLF", "\r\n. \r\n", "data", null, "\r\n \r\n"],
  ["CRLF dot dot CRLF", "\r\n..\r\n", "data", null, "\r\n.\r\n"],
  ["LF dot dot CRLF", "\n..\r\n", "data", "bareLineEnd"],
  ["NEL dot NEL", "\xc2\x85.\xc2\x85", "data", null, "\xc2\x85.\xc2\x85"],
  ["VT dot VT", "\x0b.\x0b", "data", null, "\x0b.\x0b"],
  ["FF dot FF", "\x0c.\x0c", "data", null, "\x0c.\x0c"],
  ["U+2028", "\xe2\x80\xa8.\xe2\x80\xa8", "data", null, "\xe2\x80\xa8.\xe2\x80\xa8"],
  ["U+2029", "\xe2\x80\xa9.\xe2\x80\xa9", "data", null, "\xe2\x80\xa9.\xe2\x80\xa9"],
];

describe("end of data, under every cut", () => {
  test.each(table)("%s", (_name, octets, is, fault, stored) => {
    const before = "Subject: x\r\n\r\nbody";
    const sent = `${before}${octets}${SECOND}`;
    const rest = is === "end" ? SECOND : "";
    for (let first = 0; first <= sent.length; first++) {
      for (const cuts of [[first], [first, first + 1], [first, first + 2]]) {
        const read = scan(
          sent,
          cuts.filter((cut) => cut <= sent.length),
        );
        expect(read.fault).toBe(fault);
        expect(read.rest).toBe(rest);
        if (stored !== undefined) expect(read.content.startsWith(before + stored)).toBe(true);
      }
    }
  });

  test("right behind DATA's line end a dot is enough, and a stuffed one is none", () => {
    expect(scan(`.\r\n${SECOND}`)).toMatchObject({ content: "", fault: null, rest: SECOND });
    for (const cuts of [[], [1], [2], [3], [1, 2, 3, 4]]) {
      expect(scan(`..\r\nx${END}`, cuts)).toMatchObject({ content: ".\r\nx\r\n", fault: null, rest: "" });
    }
  });

  test("a dot in front of anything else goes away", () => {
    expect(scan(`.foo\r\n.bar${END}`).content).toBe("foo\r\nbar\r\n");
  });
});

describe("limits at n-1, n, n+1", () => {
  test("size", () => {
    for (const [n, fault] of [
      [9, null],
      [10, null],
      [11, "tooLarge"],
    ] as const) {
      expect(scan(`${"x".repeat(n - 2)}${END}`, [], { ...limits, size: 10 }).fault).toBe(fault);
    }
  });

  test("stuffed dots are not counted", () => {
    expect(scan(`..\r\n..\r\n..${END}`, [], { ...limits, size: 9 }).fault).toBe(null);
  });

  test("line, without its CRLF, finished or not", () => {
    for (const [n, fault] of [
      [9, null],
      [10, null],
      [11, "lineTooLong"],
    ] as const) {
      const given = { ...limits, line: 10 };
      expect(scan(`${"x".repeat(n)}${END}`, [], given).fault).toBe(fault);
      expect(scan(`a\r\n${"x".repeat(n)}`, [], given).fault).toBe(fault);
      for (let cut = 1; cut < n; cut++) expect(scan(`.${"x".repeat(n)}\r\nz${END}`, [cut], given).fault).toBe(fault);
    }
  });

  test("header section with its empty line", () => {
    for (const [n, fault] of [
      [9, null],
      [10, null],
      [11, "headerTooLarge"],
    ] as const) {
      expect(scan(`${"x".repeat(n - 4)}\r\n\r\nlong body${END}`, [], { ...limits, header: 10 }).fault).toBe(fault);
    }
  });
});

test("octets above 7F are noticed wherever they stand", () => {
  for (const octets of ["\x80", "\r\n..ab\x80c", "a\x80", "\x80a", "\r\n\x80", "\r\n.\x80", "ab\x80\r\n"]) {
    const scanner = new ContentScanner(limits);
    scanner.scan(Buffer.from(octets, "latin1"), 0);
    expect(scanner.eightBit).toBe(true);
  }
  const scanner = new ContentScanner(limits);
  scanner.scan(Buffer.from("all of it is ASCII\r\n.\x7f\r\n.\r\n", "latin1"), 0);
  expect(scanner.eightBit).toBe(false);
});
