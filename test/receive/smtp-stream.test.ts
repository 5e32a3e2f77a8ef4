import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ContentScanner } from "../../src/receive/content-scanner.ts";
import { SmtpStream } from "../../src/receive/smtp-stream.ts";

const COMMAND_LENGTH = 40;
const limits = { size: 1e9, line: 1e9, header: 1e9 };

/** What the stream makes of segments. Commands, faults and content take their turn at once, or `later`. */
async function read(segments: readonly Buffer[], later: () => boolean = () => false): Promise<string[]> {
  const heard: string[] = [];
  const stream = new SmtpStream(COMMAND_LENGTH);
  const soon = (done: () => void) => (later() ? void setImmediate(done) : done());
  stream.onfault = (fault, done) => {
    heard.push(`fault ${fault}`);
    soon(done);
  };
  stream.oncommand = (line, done = () => {}) => {
    const text = line.toString("latin1");
    heard.push(`command ${JSON.stringify(text)}`);
    if (text === "DATA") readContent();
    soon(done);
  };
  const readContent = () => {
    const scanner = new ContentScanner(limits);
    let content = "";
    stream.readContent(scanner, {
      take: (octets) => {
        content += octets.toString("latin1");
        return later() ? new Promise((resolve) => setImmediate(resolve)) : undefined;
      },
      end: (done) => {
        const fault = scanner.fault();
        heard.push(`message ${JSON.stringify(fault === null ? content : fault)}`);
        soon(done);
      },
    });
  };
  for (const segment of segments) stream.write(Buffer.from(segment));
  await new Promise<void>((resolve) => stream.end(resolve));
  return heard;
}

const cut = (octets: Buffer, at: readonly number[]): Buffer[] => {
  const edges = [0, ...[...new Set(at)].filter((edge) => edge > 0 && edge < octets.length).sort((a, b) => a - b), octets.length];
  return edges.slice(1).map((edge, i) => octets.subarray(edges[i], edge));
};

const part = fc.constantFrom(
  "NOOP\r\n",
  "DATA\r\n",
  "DATA\r\n.\r\n",
  "DATA\r\nx: y\r\n\r\n..\r\n.\r\n",
  "DATA\r\nbad\n.\r\n.\r\n",
  ".\r\n",
  "\r\n",
  "\n",
  "\r",
  "RCPT TO:<a@b>\n",
  "NO\rOP\r\n",
  `${"x".repeat(38)}\r\n`,
  `${"x".repeat(39)}\r\n`,
  `${"x".repeat(100)}`,
  "M",
);
const dialogue = fc.array(part, { maxLength: 12 }).map((parts) => Buffer.from(parts.join(""), "latin1"));

describe("however the octets are cut, and whoever is slow", () => {
  test("every cut, and one octet at a time", async () => {
    await fc.assert(
      fc.asyncProperty(dialogue, async (octets) => {
        const whole = await read([octets]);
        expect(
          await read(
            cut(
              octets,
              Array.from(octets, (_, i) => i),
            ),
          ),
        ).toEqual(whole);
        for (let at = 1; at < octets.length; at += 1 + Math.floor(octets.length / 20)) expect(await read(cut(octets, [at]))).toEqual(whole);
      }),
      { numRuns: 150 },
    );
  });

  test("commands and content that take their time", async () => {
    await fc.assert(
      fc.asyncProperty(
        dialogue,
        fc.array(fc.nat(200), { maxLength: 6 }),
        fc.array(fc.boolean(), { minLength: 1 }),
        async (octets, at, slow) => {
          let turn = 0;
          const later = () => slow[turn++ % slow.length] === true;
          expect(await read(cut(octets, at), later)).toEqual(await read([octets]));
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe("command lines", () => {
  test("end with CRLF; a bare LF ends a faulty one, a bare CR makes one", async () => {
    expect(await read([Buffer.from("A\r\nB\nC\rD\r\n\n\r\r\n\r\nE\r")])).toEqual([
      'command "A"',
      "fault bareLineEnd",
      "fault bareLineEnd",
      "fault bareLineEnd",
      "fault bareLineEnd",
      'command ""',
    ]);
  });

  test("of n-1, n and n+1 octets with CRLF, whole or in pieces", async () => {
    for (const [n, heard] of [
      [39, "command"],
      [40, "command"],
      [41, "fault"],
    ] as const) {
      const line = Buffer.from(`${"x".repeat(n - 2)}\r\n`);
      for (let at = 0; at < n; at++) expect((await read(cut(line, [at])))[0]?.split(" ")[0]).toBe(heard);
    }
  });

  test("without an end are not kept, not even their last segment", () => {
    const endless = Buffer.alloc(64 * 1024, "x");
    const before = process.memoryUsage().arrayBuffers;
    const streams = Array.from({ length: 100 }, () => new SmtpStream(COMMAND_LENGTH));
    for (let i = 0; i < 20; i++) for (const stream of streams) stream.write(endless); // kept, it would be 131 MB
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2e6);
  });

  test("a TLS handshake is one only as the first octet", async () => {
    expect(await read([Buffer.from("\x16\x03\x01", "latin1"), Buffer.from("\r\n")])).toEqual(["fault tls", 'command ""']);
    expect(await read([Buffer.from("A\r\n\x16\r\n", "latin1")])).toEqual(['command "A"', 'command "\\u0016"']);
  });
});

test("thousands of pipelined commands leave others their turn", async () => {
  let turns = 0;
  const ticker = setInterval(() => turns++, 0);
  const heard = await read([Buffer.from("NOOP\r\n".repeat(20_000))]);
  clearInterval(ticker);
  expect(heard.length).toBe(20_000);
  expect(turns).toBeGreaterThan(5);
});

test("what is thrown while reading ends the stream, not the process", async () => {
  const stream = new SmtpStream(COMMAND_LENGTH);
  stream.oncommand = () => {
    throw new Error("a fault of ours");
  };
  const failed = new Promise<Error>((resolve) => stream.once("error", resolve));
  stream.write("NOOP\r\n");
  expect((await failed).message).toBe("a fault of ours");
});
