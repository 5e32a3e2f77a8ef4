import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { firstIdAt, idMaker, parseQueueId, queueIdOf, timeOfId } from "../../src/mail/queue-id.ts";

const ids = fc.bigInt({ min: 1n, max: (1n << 63n) - 1n });

describe("queue ids", () => {
  it("print and read back, in their own order", () => {
    fc.assert(
      fc.property(ids, ids, (a, b) => {
        const [textA, textB] = [queueIdOf(a), queueIdOf(b)];
        expect(textA).toMatch(/^[0-9B-Zb-z]{1,12}$/);
        expect(parseQueueId(textA)).toBe(a);
        const byText = textA.length - textB.length || (textA < textB ? -1 : textA > textB ? 1 : 0);
        expect(Math.sign(byText)).toBe(a < b ? -1 : a > b ? 1 : 0);
      }),
    );
  });

  it("have one printed form each", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(..."0123456789BCZbczAa-".split("")), maxLength: 14 }), (text) => {
        const id = parseQueueId(text);
        expect(id === null || queueIdOf(id) === text).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  it.each(["", "0", "0B", "A", "3W!", " B", "B\n", "zzzzzzzzzzzz", "BBBBBBBBBBBBB"])("%j is none", (text) =>
    expect(parseQueueId(text)).toBeNull(),
  );

  it("always grow, are never 0 and stay near the clock, whatever the clock does", () => {
    const clocks = fc.array(fc.oneof(fc.double({ min: 0, max: 3.9e12, noNaN: true }), fc.constantFrom(0, 1.73e12, 1.73e12 + 0.5)), {
      minLength: 2,
      maxLength: 200,
    });
    fc.assert(
      fc.property(clocks, fc.integer({ min: 0, max: 1023 }), (times, node) => {
        let at = 0;
        const next = idMaker(node, () => times[at] ?? 0);
        let last = 0n;
        let latest = 0;
        for (; at < times.length; at++) {
          const id = next();
          latest = Math.max(latest, Math.trunc(times[at] ?? 0), Date.UTC(2024));
          expect(id > last && id < 1n << 63n).toBe(true);
          expect((id >> 12n) & 1023n).toBe(BigInt(node));
          expect(timeOfId(id)).toBe(latest);
          last = id;
        }
      }),
    );
  });

  it("are 100,000 different ones within one millisecond, and two nodes never make the same", () => {
    const made = new Set<bigint>();
    const [one, two] = [idMaker(1, () => 1.73e12), idMaker(2, () => 1.73e12)];
    for (let n = 0; n < 50_000; n++) made.add(one()).add(two());
    expect(made.size).toBe(100_000);
  });

  it("of a day lie between the first ids of two days", () => {
    const time = Date.UTC(2026, 5, 1, 12);
    const id = idMaker(1023, () => time)();
    expect(firstIdAt(time) <= id && id < firstIdAt(time + 1)).toBe(true);
    expect(firstIdAt(Date.UTC(1970, 0, 1))).toBe(0n);
  });
});
