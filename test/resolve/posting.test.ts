import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readDirectory } from "../../src/directory/open-directory.ts";
import { decideRecipient } from "../../src/receive/decide-recipient.ts";
import type { Resolution, Resolve } from "../../src/resolve/resolution.ts";
import { openResolve } from "../../src/resolve/resolve.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { type HandEntry, writeDirectory } from "../support/directory-rows.ts";
import { mailbox } from "../support/mailbox.ts";

let database: TestDatabase;
let resolve: Resolve;

beforeAll(async () => {
  database = await createDatabase();
  resolve = openResolve(readDirectory(database.db));
});
afterAll(() => database.drop());

type Entries = Readonly<Record<string, readonly string[] | HandEntry>>;

const write = (entries: Entries) =>
  writeDirectory(database.db, { domains: [{ domain: "campus.test" }, { domain: "old.test", aliasOf: "campus.test" }], entries });

/** `ann@mbx.test, bob@mbx.test (held: why)`, or the refusal. */
const post = async (to: string, from: string | null): Promise<string> =>
  textOf(await resolve(mailbox(to), from === null ? null : mailbox(from)));

function textOf(resolution: Resolution): string {
  if (resolution.kind === "mayNotPost") return `mayNotPost ${resolution.list}`;
  if (resolution.kind !== "expanded") return resolution.kind;
  return resolution.recipients.map(({ mailbox: { key }, held }) => (held === null ? key : `${key} (held: ${held.reason})`)).join(", ");
}

const list = (posting: string): Entries => ({
  "l@campus.test": { list: posting, owner: "boss@campus.test", targets: ["ann@campus.test", "out@else.test", "sub@campus.test"] },
  "sub@campus.test": { list: "anyone", targets: ["carl@campus.test"] },
  "ann@campus.test": ["ann@mbx.test"],
  "carl@campus.test": ["carl@mbx.test"],
  "boss@campus.test": ["boss@mbx.test"],
});
const all = "out@else.test, ann@mbx.test, carl@mbx.test";
const held = all
  .split(", ")
  .map((to) => `${to} (held: l@campus.test is moderated)`)
  .join(", ");

describe("who may post to a list", () => {
  const cases: readonly (readonly [posting: string, from: string | null, expected: string])[] = [
    ["anyone", "stranger@else.test", all],
    ["anyone", null, "mayNotPost l@campus.test"],
    ["campus", "nobody.at.all@campus.test", all],
    ["campus", "X@Old.test", all],
    ["campus", "stranger@else.test", "mayNotPost l@campus.test"],
    ["campus", "out@else.test", "mayNotPost l@campus.test"],
    ["campus", "boss@mbx.test", all], // an owner's mailbox elsewhere
    ["campus", null, "mayNotPost l@campus.test"],
    ["members", "ann@campus.test", all],
    ["members", "Ann+tag@campus.test", all],
    ["members", "ann@old.test", all],
    ["members", "ann@mbx.test", all],
    ["members", "carl@campus.test", all], // of a list in the list
    ["members", "out@else.test", all],
    ["members", "OUT@else.test", "mayNotPost l@campus.test"], // foreign local parts keep their case
    ["members", "boss@campus.test", all],
    ["members", "boss@mbx.test", all],
    ["members", "stranger@campus.test", "mayNotPost l@campus.test"],
    ["members", null, "mayNotPost l@campus.test"],
    ["owners", "boss@campus.test", all],
    ["owners", "boss+x@old.test", all],
    ["owners", "boss@mbx.test", all],
    ["owners", "ann@campus.test", "mayNotPost l@campus.test"],
    ["moderated", "boss@campus.test", held], // anybody can write that into an envelope
    ["moderated", "ann@campus.test", held],
    ["moderated", null, "mayNotPost l@campus.test"],
  ];
  it.each(cases)("%s, from %s", async (posting, from, expected) => {
    await write(list(posting));
    expect(await post("l@campus.test", from)).toBe(expected);
  });

  it.each([
    ["boss@campus.test", ["boss@campus.test"], all],
    ["desk@campus.test", ["boss@campus.test"], all], // writes under another of their addresses
    ["boss@campus.test", ["ann@campus.test"], all], // sends in the owner's name, as somebody let them
    ["ann@campus.test", ["ann@campus.test"], held],
  ])("moderated, from %s who signed in as %j", async (from, own, expected) => {
    await write(list("moderated"));
    const resolution = await resolve(mailbox("l@campus.test"), mailbox(from), own.map(mailbox));
    expect(textOf(resolution)).toBe(expected);
  });

  it("a list without an owner, posted to by somebody who is nobody's owner", async () => {
    await write({ "l@campus.test": { list: "owners", targets: ["ann@mbx.test"] } });
    expect(await post("l@campus.test", "ann@mbx.test")).toBe("mayNotPost l@campus.test");
  });

  it("the owner may be a list of owners", async () => {
    await write({
      "l@campus.test": { list: "owners", owner: "bosses@campus.test", targets: ["ann@mbx.test"] },
      "bosses@campus.test": { list: "owners", targets: ["one@mbx.test", "two@campus.test"] },
    });
    expect(await post("l@campus.test", "two@campus.test")).toBe("ann@mbx.test");
    expect(await post("l@campus.test", "three@campus.test")).toBe("mayNotPost l@campus.test");
  });
});

describe("a list that others lead to", () => {
  const entries: Entries = {
    "all@campus.test": { list: "anyone", targets: ["staff@campus.test", "ann@mbx.test"] },
    "only@campus.test": ["staff@campus.test"],
    "staff@campus.test": { list: "members", targets: ["carl@mbx.test", "ann@mbx.test", "sub@campus.test"] },
    "sub@campus.test": { list: "moderated", targets: ["dora@mbx.test"] },
    "mod@campus.test": { list: "moderated", targets: ["staff@campus.test", "eve@mbx.test"] },
  };
  const may = "the sender may not post to staff@campus.test, which another address leads to";
  it.each([
    // nobody gets round staff@'s policy by putting it in another list, and nothing is lost without a word
    ["all@campus.test", "s@else.test", `ann@mbx.test, carl@mbx.test (held: ${may}), dora@mbx.test (held: ${may})`],
    ["all@campus.test", "carl@mbx.test", "ann@mbx.test, carl@mbx.test, dora@mbx.test (held: sub@campus.test is moderated)"],
    ["only@campus.test", "s@else.test", "mayNotPost staff@campus.test"],
    ["staff@campus.test", "s@else.test", "mayNotPost staff@campus.test"],
    [
      "mod@campus.test",
      "s@else.test",
      `eve@mbx.test (held: mod@campus.test is moderated), ann@mbx.test (held: ${may}), carl@mbx.test (held: ${may}), dora@mbx.test (held: ${may})`,
    ],
  ])("%s from %s", async (to, from, expected) => {
    await write(entries);
    expect(await post(to, from)).toBe(expected);
  });
});

describe("bounces of a list's copies", () => {
  const owned: Entries = {
    "l@campus.test": { list: "members", owner: "bosses@campus.test", targets: ["ann@mbx.test"] },
    "bosses@campus.test": { list: "members", targets: ["boss@mbx.test"] },
  };
  it("reach the owner, a list too, whatever its policy says of null senders", async () => {
    await write(owned);
    expect(await post("l-bounces@campus.test", null)).toBe("boss@mbx.test");
    expect(await post("l-bounces@old.test", null)).toBe("boss@mbx.test");
    expect(await post("bosses@campus.test", null)).toBe("mayNotPost bosses@campus.test");
  });

  it("but give nobody a way past that policy", async () => {
    await write(owned);
    expect(await post("l-bounces@campus.test", "spam@else.test")).toBe("mayNotPost bosses@campus.test");
  });

  it("of an expired list still reach it", async () => {
    await write({ "l@campus.test": { list: "anyone", owner: "boss@mbx.test", targets: [], expires: "2020-01-01" } });
    expect(await post("l-bounces@campus.test", null)).toBe("boss@mbx.test");
  });

  it.each([
    ["without an owner", { "l@campus.test": { list: "anyone", targets: ["ann@mbx.test"] } }],
    ["whose owner leads nowhere", { "l@campus.test": { list: "anyone", owner: "gone@campus.test", targets: ["ann@mbx.test"] } }],
  ] as const)("of a list %s go to whoever answers for postmaster", async (_, entries) => {
    await write(entries);
    const answer = async (to: string, from: string | null) => {
      const decided = await decideRecipient(
        {
          directory: readDirectory(database.db),
          resolve,
          postmaster: async () => ({ address: mailbox("postmaster@campus.test"), fallback: mailbox("pm@mbx.test") }),
          unavailable: () => {},
        },
        {
          path: { kind: "mailbox", mailbox: mailbox(to) },
          reversePath: from === null ? null : mailbox(from),
          trustedNetwork: false,
          signedIn: false,
          ownAddress: "192.0.2.1",
          ownAddresses: [],
        },
      );
      return decided.accepted === true
        ? decided.recipients.map((one) => one.mailbox.key).join()
        : decided.accepted === false
          ? decided.reply.enhancedStatus
          : decided.accepted;
    };
    expect(await answer("l-bounces@campus.test", null)).toBe("pm@mbx.test");
    expect(await answer("l-bounces@old.test", null)).toBe("pm@mbx.test");
    expect(await answer("l-bounces@campus.test", "spam@else.test")).toBe("5.1.1");
    expect(await answer("nothing-bounces@campus.test", null)).toBe("5.1.1");
  });
});

describe("what a list says besides who posts", () => {
  it("named senders, under any of their names", async () => {
    await write({ "l@campus.test": { list: "named", senders: ["Ann@campus.test", "news@else.test"], targets: ["out@else.test"] } });
    for (const [from, expected] of [
      ["ann+x@old.test", "out@else.test"],
      ["news@else.test", "out@else.test"],
      ["News@else.test", "mayNotPost l@campus.test"],
      ["out@else.test", "mayNotPost l@campus.test"],
    ] as const)
      expect(await post("l@campus.test", from), from).toBe(expected);
  });

  it("no copy for the member who posts, under whatever name; but one if nobody else would get any", async () => {
    await write({
      "l@campus.test": { list: "anyone", ownCopy: false, targets: ["ann@campus.test", "out@else.test"] },
      "ann@campus.test": ["ann@mbx.test", "ann@home.test"],
      "only@campus.test": { list: "anyone", ownCopy: false, targets: ["ann@campus.test"] },
      "yes@campus.test": { list: "anyone", targets: ["ann@campus.test"] },
    });
    expect(await post("l@campus.test", "ann+x@old.test")).toBe("out@else.test");
    expect(await post("l@campus.test", "ann@mbx.test")).toBe("out@else.test, ann@home.test");
    expect(await post("l@campus.test", "out@else.test")).toBe("ann@home.test, ann@mbx.test");
    expect(await post("l@campus.test", "x@else.test")).toBe("out@else.test, ann@home.test, ann@mbx.test");
    expect(await post("only@campus.test", "ann@campus.test")).toBe("ann@home.test, ann@mbx.test");
    expect(await post("yes@campus.test", "ann@campus.test")).toBe("ann@home.test, ann@mbx.test");
  });

  it("members minus those excluded: an address in any form, and the members of a list, one level deep", async () => {
    await write({
      "l@campus.test": {
        list: "anyone",
        excluded: ["BOB@campus.test", "leave@campus.test", "gone@else.test"],
        targets: ["ann@campus.test", "Bob@campus.test", "carl@campus.test", "dora@campus.test", "gone@else.test"],
      },
      "leave@campus.test": { list: "anyone", targets: ["Carl@campus.test", "inner@campus.test"] },
      "inner@campus.test": { list: "anyone", targets: ["dora@campus.test"] },
      "ann@campus.test": ["ann@mbx.test"],
      "bob@campus.test": ["bob@mbx.test"],
      "carl@campus.test": ["carl@mbx.test"],
      "dora@campus.test": ["dora@mbx.test"],
      "none@campus.test": { list: "anyone", excluded: ["ann@campus.test"], targets: ["ann@campus.test"] },
    });
    expect(await post("l@campus.test", "x@else.test")).toBe("ann@mbx.test, dora@mbx.test");
    expect(await post("none@campus.test", "x@else.test")).toBe("absent");
    expect(await post("bob@campus.test", "x@else.test")).toBe("bob@mbx.test");
  });

  it("a limit of its own, which what leads to it shares", async () => {
    const members = Array.from({ length: 10_050 }, (_, i) => `m${i}@else.test`);
    await write({
      "large@campus.test": { list: "anyone", limit: 60_000, targets: members },
      "to-large@campus.test": ["large@campus.test"],
      "plain@campus.test": { list: "anyone", targets: members },
    });
    expect((await post("large@campus.test", "x@else.test")).split(", ")).toHaveLength(10_050);
    expect((await post("to-large@campus.test", "x@else.test")).split(", ")).toHaveLength(10_050);
    expect(await post("plain@campus.test", "x@else.test")).toBe("tooLarge");
  });
});

describe("the addresses a list has by itself", () => {
  it.each(["l-owner@campus.test", "owner-l@campus.test", "l-request@campus.test", "L-Request@old.test"])(
    "%s leads to the owner",
    async (address) => {
      await write({ "l@campus.test": { list: "members", owner: "boss@mbx.test", targets: ["ann@mbx.test"] } });
      expect(await post(address, "stranger@else.test")).toBe("boss@mbx.test");
      expect(await post(address, null)).toBe("boss@mbx.test");
    },
  );

  it("an entry of that name wins; an alias has none", async () => {
    await write({
      "l@campus.test": { list: "anyone", owner: "boss@mbx.test", targets: [] },
      "l-owner@campus.test": ["x@mbx.test"],
      "a@campus.test": ["b@mbx.test"],
    });
    expect(await post("l-owner@campus.test", "s@else.test")).toBe("x@mbx.test");
    expect(await post("a-owner@campus.test", "s@else.test")).toBe("absent");
  });

  it("without an owner the postmaster gets what anybody writes there", async () => {
    await write({ "l@campus.test": { list: "anyone", targets: ["ann@mbx.test"] } });
    const decided = await decideRecipient(
      {
        directory: readDirectory(database.db),
        resolve,
        postmaster: async () => ({ address: mailbox("postmaster@campus.test"), fallback: mailbox("pm@mbx.test") }),
        unavailable: () => {},
      },
      {
        path: { kind: "mailbox", mailbox: mailbox("l-request@campus.test") },
        reversePath: mailbox("s@else.test"),
        trustedNetwork: false,
        signedIn: false,
        ownAddress: "192.0.2.1",
        ownAddresses: [],
      },
    );
    expect(decided.accepted === true && decided.recipients.map((one) => one.mailbox.key)).toEqual(["pm@mbx.test"]);
  });
});
