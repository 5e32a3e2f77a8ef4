import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fieldText, type ReadHeader, readHeader } from "../../src/mail/header.ts";
import { countReceived, isAutomatic, isUnanswerable, listIdsOf, messageIdOf, subjectOf } from "../../src/mail/header-facts.ts";

const header = (text: string) => {
  const read = readHeader(Buffer.from(text));
  if (!read.ok) throw new Error(read.reply.text);
  return read.header;
};

const brief = (read: ReadHeader): string =>
  read.ok
    ? `${read.header.size} ${read.header.fields.map((field) => field.name).join()}`
    : `${read.reply.code} ${read.reply.enhancedStatus}`;

describe("the header section", () => {
  it("keeps each field's lines as they came", () => {
    const { fields, size, ambiguous } = header("Subject: one\r\n two\r\n\tthree\r\nX-\xe9:no\r\nFrom:a@x.test\r\n\r\nBody: no\r\n");
    expect(fields.map(({ name, raw }) => [name, raw.toString()])).toEqual([
      ["subject", "Subject: one\r\n two\r\n\tthree\r\n"],
      ["from", "From:a@x.test\r\n"],
    ]);
    expect(size).toBe(54);
    expect(ambiguous).toBe(true); // a name that is not ASCII is no field
    const [first] = fields;
    expect(first && fieldText(first)).toBe("one two\tthree");
  });

  it.each([
    ["\r\nbody", "2 "],
    ["", "0 "],
    ["A:1\r\n\r\n", "7 a"],
    ["A:1\r\n", "5 a"],
    ["A:1", "3 a"],
    ["A :1\r\n\r\n", "8 a"],
    ["A:\r\n\r\nB:\r\n\r\n", "6 a"],
    ["hello\r\n\r\n", "554 5.6.0"],
    [" A: 1\r\n\r\n", "554 5.6.0"],
    ["\tA: 1\r\n\r\n", "554 5.6.0"],
    [": 1\r\n\r\n", "554 5.6.0"],
    ["From ann@x.test Mon Jan  1\r\nA: 1\r\n\r\n", "554 5.6.0"],
    ["\xefA: 1\r\n\r\n", "554 5.6.0"],
    ["A\r\n: 1\r\n\r\n", "554 5.6.0"],
  ])("%j", (content, expected) => expect(brief(readHeader(Buffer.from(content, "latin1")))).toBe(expected));

  it("ends at the first empty line", () => {
    const pieces = fc.constantFrom("A: 1\r\n", "\r\n", " folded\r\n", "B:\r\n", "nothing\r\n", ".\r\n", "C :x\r\n\r\n");
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
        const content = `A:\r\n${parts.join("")}`;
        const end = content.indexOf("\r\n\r\n");
        expect(header(content).size).toBe(end < 0 ? content.length : end + 4);
      }),
      { numRuns: 1000 },
    );
  });

  it("gives back every octet: fields in order are the section", () => {
    const name = fc.string({ unit: fc.constantFrom(..."aZ-!~0".split("")), minLength: 1, maxLength: 8 });
    const value = fc.string({ unit: fc.constantFrom(..."aü:; \t".split("")), maxLength: 20 });
    const field = fc
      .tuple(name, value, fc.array(value, { maxLength: 2 }))
      .map(([n, v, more]) => `${n}:${[v, ...more.map((m) => `\t${m}.`)].join("\r\n")}\r\n`);
    fc.assert(
      fc.property(fc.array(field, { minLength: 1 }), (fields) => {
        const text = `${fields.join("")}\r\n`;
        const read = header(`${text}body`);
        expect(read.fields.map(({ raw }) => raw.toString())).toEqual(fields);
        expect(read.size).toBe(Buffer.byteLength(text));
        expect(read.ambiguous).toBe(false);
      }),
    );
  });

  it("never throws on any octets", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (octets) => {
        const read = readHeader(Buffer.from(octets));
        if (!read.ok) return;
        for (const field of read.header.fields) fieldText(field);
        messageIdOf(read.header);
      }),
    );
  });

  it("of 65,000 fields or folds takes milliseconds, not minutes", () => {
    for (const text of [
      "a:\r\n".repeat(65_000),
      `a:\r\n${" \r\n".repeat(80_000)}`,
      `a:\r\n${"b\r\n".repeat(80_000)}`,
      `from:${"(".repeat(32_000)}\r\n`,
    ]) {
      const started = performance.now();
      const read = readHeader(Buffer.from(text));
      if (read.ok) isAutomatic(read.header);
      expect(performance.now() - started).toBeLessThan(20_000);
    }
  });
});

describe("a header that readers differ about", () => {
  it.each([
    ["From : a@x.test\r\n\r\n", true],
    ["A: 1\r\nFrom\r\n : a@x.test\r\n\r\n", true],
    ["A: 1\r\n \r\nFrom: a@x.test\r\n\r\n", true],
    ["A: 1\r\n\t \r\n\r\n", true],
    ["A:\r\n", false],
    ["A: 1\r\n b\r\n\r\n \r\n", false],
    ["A: 1\r\n2\r\n\r\n", true],
  ])("%j is ambiguous: %j", (text, expected) => expect(header(text).ambiguous).toBe(expected));
});

describe("what the mail path wants to know", () => {
  it("counts Received fields", () => {
    const received = (n: number): string => "Received: by a\r\n".repeat(n);
    expect(countReceived(header(`${received(3)}X: 1\r\nreCEIVED: x\r\n\r\n${received(9)}`))).toBe(4);
  });

  it.each([
    ["Message-ID: <a.b@x.test>\r\n", "<a.b@x.test>"],
    ["Message-ID:\r\n <a@x.test> (why)\r\n", "<a@x.test>"],
    ["Message-ID: a@x.test\r\n", "a@x.test"],
    ["Message-ID: <a\0\x1b[31m ü@x.test>\r\n", "<a[31m@x.test>"],
    ["Message-ID: <one@x>\r\nMessage-ID: <two@x>\r\n", "<one@x>"],
    ["Message-ID: \r\n", null],
    ["Message-ID: ü\r\n", null],
    ["Subject: <a@x>\r\n", null],
  ])("finds the Message-ID: %j", (text, expected) => expect(messageIdOf(header(text))).toBe(expected));

  it("bounds the Message-ID", () => expect(messageIdOf(header(`Message-ID: <${"a".repeat(500)}>\r\n`))).toHaveLength(255));

  it.each([
    ["Auto-Submitted: no\r\n", false],
    ["Auto-Submitted: (person) NO ; x=y\r\n", false],
    ["Auto-Submitted: no\r\nAuto-Submitted: auto-replied\r\n", true],
    ["Auto-Submitted: Auto-Generated\r\n", true],
    ["Auto-Submitted:\r\n\tauto-replied (vacation)\r\n", true],
    ["Precedence: Bulk\r\n", true],
    ["Precedence: junk\r\n", true],
    ["Precedence: auto_reply\r\n", true],
    ["Precedence: list\r\n", false],
    ["Precedence: bulky\r\n", false],
    ["Subject: Precedence: bulk\r\n", false],
  ])("knows automatic mail: %j %j", (text, expected) => expect(isAutomatic(header(text))).toBe(expected));

  it.each([
    ["List-Id: <a.x.test>\r\n", true],
    ["List-Unsubscribe: <mailto:a@x.test>\r\n", true],
    ["Precedence: list\r\n", true],
    ["X-Auto-Response-Suppress: OOF\r\n", true],
    ["Auto-Submitted: auto-generated\r\n", true],
    ["Subject: list\r\n", false],
  ])("knows what no machine may answer: %j %j", (text, expected) => expect(isUnanswerable(header(text))).toBe(expected));

  it.each([
    ["List-Id: <Staff.Campus.test>\r\n", ["staff.campus.test"]],
    ["List-Id: The <staff> list\r\n <a.x.test> (really)\r\n", ["a.x.test"]],
    ["List-Id: <a.x.test>\r\nlist-id: <b.x.test>\r\n", ["a.x.test", "b.x.test"]],
    ["List-Id: A.x.test\r\n", ["a.x.test"]],
    ["List-Id: two words\r\n", []],
    [`List-Id: ${"<".repeat(50_000)}\r\n`, []],
  ])("reads list ids: %j", (text, expected) => expect(listIdsOf(header(text))).toEqual(expected));

  it("bounds a subject, and shows nothing of it that could move a cursor", () => {
    expect(subjectOf(header("Subject: a\x1b[2Jb\r\n\tc\r\n"))).toBe("a [2Jb c");
    expect(subjectOf(header(`Subject: ${"a".repeat(500)}\r\n`))).toHaveLength(200);
    expect(subjectOf(header("X: 1\r\n"))).toBe("");
  });
});
