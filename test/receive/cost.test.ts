/** What content costs to read, in CPU time of this process: lines of dots and empty lines against plain text, through the reader and a hash. */
import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { Content } from "../../src/receive/content.ts";
import { defaultLimits } from "../../src/receive/limits.ts";
import { SmtpStream } from "../../src/receive/smtp-stream.ts";
import { silentLog } from "../support/sql.ts";

const OCTETS = 8_000_000;
const SEGMENT = 65_536;

/** CPU milliseconds to take a message of such lines, the least of some rounds. */
function cost(line: string): number {
  const costs = Array.from({ length: 6 }, () => {
    const body = Buffer.alloc(OCTETS, line);
    const segments = Array.from({ length: Math.ceil(OCTETS / SEGMENT) }, (_, i) =>
      Buffer.from(body.subarray(i * SEGMENT, (i + 1) * SEGMENT)),
    );
    const hash = createHash("sha256");
    const write = (octets: Buffer) => void hash.update(octets);
    const intake = { messageId: 1n, queueId: "1", write, commit: async () => {}, abort: async () => {} };
    const content = new Content(intake, defaultLimits, silentLog);
    const stream = new SmtpStream(2048);
    stream.readContent(content.scanner, { take: (octets) => content.take(octets), end: (done) => done() });
    stream.write(Buffer.from("Subject: x\r\n\r\n"));
    const before = process.cpuUsage();
    for (const segment of segments) stream.write(segment);
    hash.digest();
    const { user, system } = process.cpuUsage(before);
    expect(content.scanner.size).toBeGreaterThan(OCTETS / 2);
    expect(content.scanner.fault()).toBe(null);
    return (user + system) / 1000;
  });
  return Math.min(...costs);
}

test("lines of dots and empty lines cost at most three times what plain text costs", () => {
  const plain = cost("The quick brown fox jumps over the lazy dog, and then it does it again\r\n");
  const lines = { dots: cost("..\r\n"), empty: cost("\r\n"), short: cost("a\r\n"), longWithDots: cost(`..${"x".repeat(70)}\r\n`) };
  for (const [name, milliseconds] of Object.entries(lines)) {
    expect(milliseconds, `${name} against ${plain} ms for plain text`).toBeLessThan(3 * plain);
  }
});
