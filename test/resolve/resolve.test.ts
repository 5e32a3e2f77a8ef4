import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readDirectory } from "../../src/directory/open-directory.ts";
import type { Resolution, Resolve } from "../../src/resolve/resolution.ts";
import { openResolve } from "../../src/resolve/resolve.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { type Rows, writeDirectory } from "../support/directory-rows.ts";
import { mailbox } from "../support/mailbox.ts";

let database: TestDatabase;
let resolve: Resolve;

beforeAll(async () => {
  database = await createDatabase();
  resolve = openResolve(readDirectory(database.db));
});
afterAll(() => database.drop());

/** What a resolution comes to, as short text: `ann@mbx.test, bob@mbx.test`, `absent (x@campus.test unknown)`. */
function shown(resolution: Resolution): string {
  if (resolution.kind === "unavailable") throw resolution.cause;
  if (resolution.kind === "tooLarge") return `tooLarge ${resolution.limit} at ${resolution.at}`;
  if (resolution.kind === "mayNotPost") return `mayNotPost ${resolution.list}`;
  const dead = resolution.deadEnds.map(({ address, why }) => `${address} ${why}`).join(", ");
  const what = resolution.kind === "expanded" ? resolution.recipients.map((final) => final.mailbox.key).join(", ") : resolution.kind;
  return dead === "" ? what : `${what} (${dead})`;
}

type Case = readonly [why: string, rows: Rows, asked: string, expected: string];
const campus = [{ domain: "campus.test" }];

const table: readonly Case[] = [
  ["a mailbox that is not ours is its own", {}, "Ann@elsewhere.test", "Ann@elsewhere.test"],
  ["nobody", { domains: campus }, "x@campus.test", "absent (x@campus.test unknown)"],
  ["an alias", { domains: campus, entries: { "a@campus.test": ["ann@mbx.test"] } }, "a@campus.test", "ann@mbx.test"],
  ["an alias, in capitals", { domains: campus, entries: { "a@campus.test": ["ann@mbx.test"] } }, "A@campus.test", "ann@mbx.test"],
  [
    "two hops, a case of its own abroad, and capitals in a target of ours",
    { domains: campus, entries: { "a@campus.test": ["B@campus.test"], "b@campus.test": ["Ann@mbx.test"] } },
    "a@campus.test",
    "Ann@mbx.test",
  ],
  [
    "one copy for two ways",
    { domains: campus, entries: { "a@campus.test": ["b@campus.test", "ann@mbx.test"], "b@campus.test": ["ann@mbx.test"] } },
    "a@campus.test",
    "ann@mbx.test",
  ],
  [
    "+tag, exact first",
    { domains: campus, entries: { "a@campus.test": ["ann@mbx.test"], "a+x@campus.test": ["x@mbx.test"] } },
    "a+x@campus.test",
    "x@mbx.test",
  ],
  ["+tag taken off", { domains: campus, entries: { "a@campus.test": ["ann@mbx.test"] } }, "a+y+z@campus.test", "ann@mbx.test"],
  [
    "+tag where the domain has none",
    { domains: [{ domain: "campus.test", subaddressing: false }], entries: { "a@campus.test": ["ann@mbx.test"] } },
    "a+y@campus.test",
    "absent (a+y@campus.test unknown)",
  ],
  [
    "nothing before +",
    { domains: campus, entries: { "a@campus.test": ["ann@mbx.test"] } },
    "+a@campus.test",
    "absent (+a@campus.test unknown)",
  ],
  [
    "domain alias",
    { domains: [...campus, { domain: "old.test", aliasOf: "campus.test" }], entries: { "a@campus.test": ["ann@mbx.test"] } },
    "a+t@old.test",
    "ann@mbx.test",
  ],
  [
    "an exact address in an alias domain wins",
    {
      domains: [...campus, { domain: "old.test", aliasOf: "campus.test" }],
      entries: { "a@campus.test": ["ann@mbx.test"], "a@old.test": ["other@mbx.test"] },
    },
    "a@old.test",
    "other@mbx.test",
  ],
  [
    "domains that are aliases of each other",
    {
      domains: [
        { domain: "one.test", aliasOf: "two.test" },
        { domain: "two.test", aliasOf: "one.test" },
      ],
    },
    "a@one.test",
    "absent (a@one.test unknown)",
  ],
  [
    "catch-all, tried last",
    { domains: [{ domain: "campus.test", catchAll: "all@mbx.test" }], entries: { "a@campus.test": ["ann@mbx.test"] } },
    "b@campus.test",
    "all@mbx.test",
  ],
  [
    "catch-all of the domain that this one is an alias of",
    {
      domains: [
        { domain: "campus.test", catchAll: "all@mbx.test" },
        { domain: "old.test", aliasOf: "campus.test" },
      ],
    },
    "b@old.test",
    "all@mbx.test",
  ],
  [
    "a catch-all that means itself",
    { domains: [{ domain: "campus.test", catchAll: "all@campus.test" }] },
    "b@campus.test",
    "onlyItself (all@campus.test loop)",
  ],
  [
    "an alias of itself",
    { domains: campus, entries: { "a@campus.test": ["a@campus.test"] } },
    "a@campus.test",
    "onlyItself (a@campus.test loop)",
  ],
  [
    "a circle with a way out",
    { domains: campus, entries: { "a@campus.test": ["b@campus.test"], "b@campus.test": ["a@campus.test", "ann@mbx.test"] } },
    "a@campus.test",
    "ann@mbx.test (a@campus.test loop)",
  ],
  [
    "dead ends beside a living one",
    {
      domains: campus,
      entries: {
        "a@campus.test": ["ann@mbx.test", "gone@campus.test", "old@campus.test", "|cmd", "void@campus.test"],
        "old@campus.test": { targets: ["x@mbx.test"], expires: "2020-01-01" },
        "void@campus.test": [],
      },
    },
    "a@campus.test",
    "ann@mbx.test (|cmd badTarget, gone@campus.test unknown, old@campus.test expired, void@campus.test empty)",
  ],
  [
    "nothing but dead ends",
    { domains: campus, entries: { "a@campus.test": ["gone@campus.test", "a@campus.test"] } },
    "a@campus.test",
    "absent (a@campus.test loop, gone@campus.test unknown)",
  ],
  [
    "expired: neither the address without its tag nor the catch-all gets the mail of somebody else",
    {
      domains: [{ domain: "campus.test", catchAll: "all@mbx.test" }],
      entries: { "a+t@campus.test": { targets: ["x@mbx.test"], expires: "2020-01-01" }, "a@campus.test": ["ann@mbx.test"] },
    },
    "a+t@campus.test",
    "absent (a+t@campus.test expired)",
  ],
  [
    "expires at infinity",
    { domains: campus, entries: { "a@campus.test": { targets: ["ann@mbx.test"], expires: "infinity" } } },
    "a@campus.test",
    "ann@mbx.test",
  ],
  [
    "a list's bounce address means its owner",
    { domains: campus, entries: { "l@campus.test": { targets: ["ann@mbx.test"], list: "anyone", owner: "boss@mbx.test" } } },
    "l-bounces@campus.test",
    "boss@mbx.test",
  ],
  [
    "or the postmaster",
    { domains: campus, entries: { "l@campus.test": { targets: [], list: "anyone" }, "postmaster@campus.test": ["pm@mbx.test"] } },
    "l-bounces@campus.test",
    "pm@mbx.test",
  ],
  [
    "an alias has no bounce address",
    { domains: campus, entries: { "a@campus.test": { targets: ["ann@mbx.test"], owner: "boss@mbx.test" } } },
    "a-bounces@campus.test",
    "absent (a-bounces@campus.test unknown)",
  ],
];

describe("what an address means", () => {
  it.each(table)("%s", async (_, rows, asked, expected) => {
    await writeDirectory(database.db, rows);
    expect(shown(await resolve(mailbox(asked), null))).toBe(expected);
  });
});

/** A chain of `length` aliases that ends abroad: c0 → c1 → … → end@mbx.test. */
const chain = (length: number): Rows => ({
  domains: campus,
  entries: Object.fromEntries(
    Array.from({ length }, (_, i) => [`c${i}@campus.test`, [i + 1 < length ? `c${i + 1}@campus.test` : "end@mbx.test"]]),
  ),
});

describe("limits", () => {
  it.each([
    [9, "end@mbx.test"],
    [10, "end@mbx.test"],
    [11, "tooLarge depth at end@mbx.test"],
  ])("a chain of %i", async (length, expected) => {
    await writeDirectory(database.db, chain(length));
    expect(shown(await resolve(mailbox("c0@campus.test"), null))).toBe(expected);
  });

  it("10,000 recipients are delivered, 10,001 are too many", async () => {
    await writeDirectory(database.db, { domains: campus, entries: { "l@campus.test": { targets: [], list: "anyone" } } });
    const add = (from: number, to: number) =>
      database.db.query({
        text: "insert into targets (address, target) select 'l@campus.test', 'm' || n || '@mbx.test' from generate_series($1::int, $2::int) n",
        values: [from, to],
      });
    await add(1, 9_999);
    const almost = await resolve(mailbox("l@campus.test"), mailbox("s@elsewhere.test"));
    expect(almost.kind === "expanded" && almost.recipients.length).toBe(9_999);
    await add(10_000, 10_000);
    const full = await resolve(mailbox("l@campus.test"), mailbox("s@elsewhere.test"));
    expect(full.kind === "expanded" && full.recipients.length).toBe(10_000);
    await add(10_001, 10_001);
    expect(await resolve(mailbox("l@campus.test"), mailbox("s@elsewhere.test"))).toMatchObject({ kind: "tooLarge", limit: "recipients" });
  });
});
