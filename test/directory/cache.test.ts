import { describe, expect, it } from "vitest";
import { DirectoryCache } from "../../src/directory/cache.ts";
import type { Entry } from "../../src/directory/directory.ts";
import type { Domains } from "../../src/directory/tables.ts";
import { mailbox } from "../support/mailbox.ts";

const entry = (address: string, ...targets: string[]): Entry => ({
  address: mailbox(address),
  kind: "alias",
  owner: null,
  expiresAt: null,
  posting: null,
  list: null,
  targets: targets.map(mailbox),
  badTargets: [],
  oversized: false,
});
const a = entry("a@campus.test", "ann@mbx.test");
const answer = new Map([["a@campus.test", a]]);
const noDomains: Domains = {
  byName: new Map(),
  routes: new Map(),
  forwarding: { forbidden: new Set<string>(), routed: new Set<string>() },
};

describe("the cache keeps", () => {
  it("what was found, and what was absent", () => {
    const cache = new DirectoryCache(100);
    cache.keepEntries(cache.begin(), ["a@campus.test", "b@campus.test"], answer);
    expect([cache.entry("a@campus.test"), cache.entry("b@campus.test"), cache.entry("c@campus.test")]).toEqual([a, null, undefined]);
  });

  it("only as much as its weight, and nothing heavier than that", () => {
    const cache = new DirectoryCache(100);
    for (let i = 0; i < 500; i++) cache.keepEntries(cache.begin(), [`x${i}@campus.test`], new Map());
    const known = Array.from({ length: 500 }, (_, i) => cache.entry(`x${i}@campus.test`)).filter((one) => one === null);
    expect(known.length).toBe(100);
    const targets = Array.from({ length: 100 }, (_, i) => `m${i}@mbx.test`);
    cache.keepEntries(cache.begin(), ["l@campus.test"], new Map([["l@campus.test", entry("l@campus.test", ...targets)]]));
    expect(cache.entry("l@campus.test")).toBeUndefined();
    cache.keepEntries(cache.begin(), ["l@campus.test"], new Map([["l@campus.test", entry("l@campus.test", ...targets.slice(1))]]));
    expect(cache.entry("l@campus.test")?.targets.length).toBe(99);
    expect(cache.entry("x499@campus.test")).toBeUndefined();
  });
});

describe("an answer whose question was sent before a change was heard of is not kept", () => {
  const cases: readonly (readonly [what: string, change: (cache: DirectoryCache) => void, a: Entry | undefined, b: null | undefined])[] = [
    ["of that address", (cache) => cache.forgetEntries(["a@campus.test"]), undefined, null],
    ["of others it is", (cache) => cache.forgetEntries(["z@campus.test"]), a, null],
    ["of anything", (cache) => cache.forgetEverything(), undefined, undefined],
  ];
  it.each(cases)("%s", (_, change, keptA, keptB) => {
    const cache = new DirectoryCache(100);
    const read = cache.begin();
    change(cache);
    cache.keepEntries(read, ["a@campus.test", "b@campus.test"], answer);
    expect([cache.entry("a@campus.test"), cache.entry("b@campus.test")]).toEqual([keptA, keptB]);
    cache.keepEntries(cache.begin(), ["a@campus.test"], answer);
    expect(cache.entry("a@campus.test")).toBe(a);
  });

  it("of the domains", () => {
    const cache = new DirectoryCache(100);
    const read = cache.begin();
    cache.forgetDomains();
    cache.keepDomains(read, noDomains);
    expect(cache.domains).toBeNull();
    cache.keepDomains(cache.begin(), noDomains);
    expect(cache.domains).toBe(noDomains);
  });
});

it("each change makes the generation grow", () => {
  const cache = new DirectoryCache(100);
  const seen = [cache.generation];
  for (const change of [() => cache.forgetEntries(["a@campus.test"]), () => cache.forgetDomains(), () => cache.forgetEverything()]) {
    change();
    seen.push(cache.generation);
  }
  expect(seen).toEqual([0, 1, 2, 3]);
});
