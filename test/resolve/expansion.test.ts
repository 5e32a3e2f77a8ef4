/** Expansion against a naive reference on random directories, and what it costs on large ones. The directory is in memory: rows are another test's. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Domain, Entry } from "../../src/directory/directory.ts";
import { found } from "../../src/mail/lookup.ts";
import { loopsThrough } from "../../src/resolve/loop-check.ts";
import { openResolve, type ResolveDirectory } from "../../src/resolve/resolve.ts";
import { walk } from "../../src/resolve/walk.ts";
import { mailbox } from "../support/mailbox.ts";
import { canonical, follow, meaning, type RefDirectory, type RefEntry } from "./reference.ts";

const NOW = new Date("2026-08-01T00:00:00Z");
const NO_LIMITS = { depth: 1000, recipients: 100_000, hops: 1_000_000 };

/** The same directory as the code sees it. */
function directoryOf(reference: RefDirectory): ResolveDirectory & { asked: number } {
  const domains = new Map<string, Domain>();
  for (const [domain, { aliasOf, catchAll, subaddressing }] of Object.entries(reference.domains)) {
    domains.set(domain, { domain, aliasOf, catchAll: catchAll === null ? null : mailbox(catchAll), subaddressing, isRouted: false });
  }
  const entries = new Map<string, Entry>();
  for (const [address, { list, owner, expired, targets }] of Object.entries(reference.entries)) {
    entries.set(address, {
      address: mailbox(address),
      kind: list ? "list" : "alias",
      owner: owner === null ? null : mailbox(owner),
      expiresAt: expired ? new Date("2020-01-01") : null,
      posting: list ? "anyone" : null,
      list: list ? { ownCopy: true, mayLeave: false, memberLimit: null, senders: [], excluded: [] } : null,
      targets: targets.map(mailbox),
      badTargets: [],
      oversized: false,
    });
  }
  return {
    asked: 0,
    domains: async () => found(domains),
    forwarding: async () => found({ forbidden: new Set<string>(), routed: new Set<string>() }),
    async entries(addresses) {
      this.asked++;
      return found(new Map(addresses.flatMap(({ key }) => (entries.has(key) ? [[key, entries.get(key) as Entry]] : []))));
    },
    generation: () => null,
  };
}

const localParts = [
  "a",
  "b",
  "c",
  "d",
  "a+x",
  "b-bounces",
  "b-bounces+x",
  "owner-b",
  "a-owner",
  "b-request",
  "b-request-owner",
  "A",
  "postmaster",
];
const addressArb = fc
  .tuple(fc.constantFrom(...localParts), fc.constantFrom("one.test", "two.test", "far.test"))
  .map((parts) => parts.join("@"));
const ownAddressArb = fc
  .tuple(fc.constantFrom(...localParts), fc.constantFrom("one.test", "two.test"))
  .map((parts) => parts.join("@").toLowerCase());
const maybe = <T>(arb: fc.Arbitrary<T>) => fc.option(arb, { nil: null, freq: 2 });
const domainArb = (other: string) =>
  fc.record({
    aliasOf: fc.option(fc.constantFrom(other, "far.test"), { nil: null, freq: 3 }),
    catchAll: maybe(addressArb),
    subaddressing: fc.boolean(),
  });
const entryArb: fc.Arbitrary<RefEntry> = fc.record({
  list: fc.boolean(),
  owner: maybe(addressArb),
  expired: fc.integer({ min: 0, max: 5 }).map((n) => n === 0),
  targets: fc.uniqueArray(addressArb, { maxLength: 5 }),
});
const directoryArb: fc.Arbitrary<RefDirectory> = fc.record({
  domains: fc.record(
    { "one.test": domainArb("two.test"), "two.test": domainArb("one.test") },
    { requiredKeys: ["one.test"] },
  ) as fc.Arbitrary<RefDirectory["domains"]>,
  entries: fc.dictionary(ownAddressArb, entryArb, { maxKeys: 12, noNullPrototype: true }),
});

/** Whether one address leads to the next, by the reference. */
function isStep(directory: RefDirectory, from: string, to: string): boolean {
  const answer = meaning(directory, from);
  if (answer.kind !== "leads") return false;
  return (answer.via.length > 0 ? [answer.via[0] as string] : answer.to.map((one) => canonical(directory, one))).includes(to);
}

const RUNS = { numRuns: 3000 };

describe("against the reference", () => {
  it("the same final recipients, dead ends and answer", async () => {
    await fc.assert(
      fc.asyncProperty(directoryArb, addressArb, async (reference, start) => {
        const expected = follow(reference, start, 20_000);
        fc.pre(expected.ways !== null);
        const resolution = await openResolve(directoryOf(reference), { limits: NO_LIMITS, now: () => NOW })(
          mailbox(start),
          mailbox("s@far.test"),
        );
        if (resolution.kind !== "expanded" && resolution.kind !== "absent" && resolution.kind !== "onlyItself")
          throw new Error(resolution.kind);
        const recipients = resolution.kind === "expanded" ? resolution.recipients.map((one) => one.mailbox.key) : [];
        expect(new Set(recipients)).toEqual(expected.finals);
        expect(recipients.length).toBe(expected.finals.size); // each once
        const why = new Set<string>(resolution.deadEnds.map((one) => one.why));
        expect(why.delete("loop")).toBe(expected.hasLoop);
        expect(why).toEqual(expected.kinds);
        if (recipients.length === 0 && !("ofList" in resolution))
          expect(resolution.kind).toBe(expected.kinds.size > 0 ? "absent" : "onlyItself");
      }),
      RUNS,
    );
  });

  it("each path leads from the asked address to the recipient, by real steps, past no address twice; without loops all are counted", async () => {
    await fc.assert(
      fc.asyncProperty(directoryArb, addressArb, async (reference, start) => {
        const expected = follow(reference, start, 20_000);
        fc.pre(expected.ways !== null && expected.finals.size > 0);
        const resolution = await openResolve(directoryOf(reference), { limits: NO_LIMITS, now: () => NOW })(
          mailbox(start),
          mailbox("s@far.test"),
        );
        if (resolution.kind !== "expanded") throw new Error(resolution.kind);
        for (const { mailbox: final, paths, morePaths } of resolution.recipients) {
          const all = expected.ways?.get(final.key) ?? [];
          for (const path of paths) {
            expect([path[0], path.at(-1)]).toEqual([canonical(reference, start), final.key]);
            expect(new Set(path).size).toBe(path.length);
            for (let i = 1; i < path.length; i++) expect(isStep(reference, path[i - 1] as string, path[i] as string)).toBe(true);
          }
          expect(new Set(paths.map((path) => path.join(" "))).size).toBe(paths.length);
          if (!expected.hasLoop) expect([paths.length, morePaths]).toEqual([Math.min(10, all.length), Math.max(0, all.length - 10)]);
        }
      }),
      RUNS,
    );
  });

  it("an address that is on a loop is found to be, with a way round that is one", async () => {
    await fc.assert(
      fc.asyncProperty(directoryArb, addressArb, async (reference, start) => {
        const { graph } = await walk(directoryOf(reference), [mailbox(start)], NO_LIMITS, NOW);
        const loops = loopsThrough(graph, () => true);
        for (const [key, text] of loops) {
          const ring = text.split(" → ");
          expect([ring[0], ring.at(-1)]).toEqual([key, key]);
          for (let i = 1; i < ring.length; i++) expect(isStep(reference, ring[i - 1] as string, ring[i] as string)).toBe(true);
        }
        const expected = follow(reference, start, 20_000);
        fc.pre(expected.ways !== null);
        expect(loops.size > 0).toBe(expected.hasLoop);
      }),
      RUNS,
    );
  });
});

/** `levels` levels of `width` lists, each of which leads to all lists of the next. */
function lattice(levels: number, width: number): RefDirectory {
  const entries: Record<string, RefEntry> = {};
  const level = (n: number) => Array.from({ length: width }, (_, i) => (n < levels ? `l${n}x${i}@one.test` : `m${i}@far.test`));
  for (let n = 0; n < levels; n++)
    for (const address of level(n)) entries[address] = { list: true, owner: null, expired: false, targets: level(n + 1) };
  entries["top@one.test"] = { list: true, owner: null, expired: false, targets: level(0) };
  return { domains: { "one.test": { aliasOf: null, catchAll: null, subaddressing: true } }, entries };
}

describe("work grows with edges, not with paths", () => {
  it("9 levels of 10 lists: 10^9 ways to each of ten, counted and not walked", async () => {
    const resolution = await openResolve(directoryOf(lattice(9, 10)))(mailbox("top@one.test"), mailbox("s@far.test"));
    if (resolution.kind !== "expanded") throw new Error(resolution.kind);
    expect(resolution.recipients.map(({ paths, morePaths }) => [paths.length, morePaths])).toEqual(Array(10).fill([10, 10 ** 9 - 10]));
  });

  it("20 levels of 10 lists are too deep, and without that limit counted as far as numbers go", async () => {
    const directory = directoryOf(lattice(20, 10));
    expect(await openResolve(directory)(mailbox("top@one.test"), mailbox("s@far.test"))).toMatchObject({
      kind: "tooLarge",
      limit: "depth",
    });
    expect(directory.asked).toBe(11); // and nobody asked for the levels behind
    const whole = await openResolve(directoryOf(lattice(20, 10)), { limits: NO_LIMITS })(mailbox("top@one.test"), mailbox("s@far.test"));
    expect(whole.kind === "expanded" && whole.recipients[0]?.morePaths).toBe(Number.MAX_SAFE_INTEGER - 10);
  });

  it("10^5 edges take one question per level", async () => {
    const directory = directoryOf(lattice(9, 105)); // 9 × 105² + 105 edges
    const resolution = await openResolve(directory)(mailbox("top@one.test"), mailbox("s@far.test"));
    expect(resolution.kind === "expanded" && resolution.recipients.length).toBe(105);
    expect(directory.asked).toBe(10);
  });

  it("more hops than anybody's mail needs are refused before they are all followed", async () => {
    const resolution = await openResolve(directoryOf(lattice(9, 160)))(mailbox("top@one.test"), mailbox("s@far.test"));
    expect(resolution).toMatchObject({ kind: "tooLarge", limit: "hops" });
  });

  it("a loop of 50,000 addresses is found without recursion", async () => {
    const entries: Record<string, RefEntry> = {};
    for (let i = 0; i < 50_000; i++)
      entries[`c${i}@one.test`] = { list: false, owner: null, expired: false, targets: [`c${(i + 1) % 50_000}@one.test`] };
    const directory = directoryOf({ domains: lattice(1, 1).domains, entries });
    const { graph } = await walk(directory, [mailbox("c0@one.test")], { ...NO_LIMITS, depth: 100_000 }, NOW);
    expect(loopsThrough(graph, (node) => node.mailbox.key === "c7@one.test").get("c7@one.test")).toMatch(
      /^c7@one.test → c8@one.test .* → c7@one.test$/,
    );
  });
});
