import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { deleteEntry, getEntry, setAlias } from "../../src/actions/aliases.ts";
import { addDomain } from "../../src/actions/domains.ts";
import { createList } from "../../src/actions/lists.ts";
import type { TestDatabase } from "../support/database.ts";
import { author, emptied, hastyDatabase, records, refusal } from "./support.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await hastyDatabase();
});
afterAll(() => database.drop());
beforeEach(async () => {
  await emptied(database.db);
  await addDomain(database.db, author, { domain: "campus.test" });
  await addDomain(database.db, author, { domain: "old.test", aliasOf: "campus.test" });
});

const set = (address: string, targets: readonly string[], more = {}) => setAlias(database.db, author, { address, targets, ...more });

test("an alias is made with its targets, and the record says who, why and what", async () => {
  const made = await set("Help@Campus.TEST", ["Ann@Far.Test", "ann@far.test", "Ann@far.test"], {
    owner: "boss@far.test",
    note: " front desk ",
  });
  expect(made.changed).toBe(true);
  expect(made.before).toBeNull();
  expect(made.after).toMatchObject({
    address: "help@campus.test",
    kind: "alias",
    targets: ["Ann@far.test", "ann@far.test"], // foreign local parts keep their case and are two; the same twice is one
    owner: "boss@far.test",
    note: "front desk",
    version: 1,
  });
  const [record] = await records(database.db, "help@campus.test");
  expect(record).toMatchObject({ actor: author.actor, why: author.why, action: "alias create", before: null });
  expect(record?.after).toMatchObject({ targets: ["Ann@far.test", "ann@far.test"] });
});

test("the same again changes nothing and leaves no record", async () => {
  await set("help@campus.test", ["a@far.test", "b@far.test"]);
  const again = await set("HELP@campus.test", ["b@far.test", "a@far.test"]);
  expect(again.changed).toBe(false);
  expect(again.after?.version).toBe(1);
  expect(await records(database.db, "help@campus.test")).toHaveLength(1);
});

test("setting replaces the targets; what is not said stays, null takes away", async () => {
  await set("help@campus.test", ["a@far.test", "b@far.test"], { owner: "boss@far.test", expires: "2099-01-31", note: "x" });
  const kept = await set("help@campus.test", ["b@far.test", "c@far.test"]);
  expect(kept.after).toMatchObject({
    targets: ["b@far.test", "c@far.test"],
    owner: "boss@far.test",
    expires_at: "2099-02-01T00:00:00.000Z",
    note: "x",
    version: 2,
  });
  const bare = await set("help@campus.test", ["b@far.test"], { owner: null, expires: null, note: null });
  expect(bare.after).toMatchObject({ owner: null, expires_at: null, note: null, version: 3 });
});

test("an address at a domain that is not ours is refused with the next step", async () => {
  const refused = await refusal(set("x@far.test", ["a@far.test"]));
  expect(refused).toMatchObject({
    kind: "refused",
    message: "far.test is not one of our domains",
    hint: expect.stringContaining("domain add far.test"),
  });
});

describe("loops", () => {
  const loops: [name: string, before: [string, string[]][], address: string, targets: string[], loop: string][] = [
    ["to itself", [], "a@campus.test", ["a@campus.test"], "a@campus.test → a@campus.test"],
    ["to itself beside others", [], "a@campus.test", ["x@far.test", "A@campus.test"], "a@campus.test → a@campus.test"],
    [
      "by another",
      [["b@campus.test", ["a@campus.test"]]],
      "a@campus.test",
      ["b@campus.test"],
      "a@campus.test → b@campus.test → a@campus.test",
    ],
    [
      "by a subaddress",
      [["b@campus.test", ["a+tag@campus.test"]]],
      "a@campus.test",
      ["b@campus.test"],
      "a@campus.test → b@campus.test → a+tag@campus.test → a@campus.test",
    ],
    [
      "by a domain alias",
      [["b@campus.test", ["a@old.test"]]],
      "a@campus.test",
      ["b@campus.test"],
      "a@campus.test → b@campus.test → a@old.test → a@campus.test",
    ],
    ["by a subaddress of its own", [], "a@campus.test", ["a+x@campus.test"], "a@campus.test → a+x@campus.test → a@campus.test"],
  ];
  test.each(loops)("%s: refused, shown, nothing written", async (_name, before, address, targets, loop) => {
    for (const [one, its] of before) await set(one, its);
    const refused = await refusal(set(address, targets));
    expect(refused.message).toBe(`this would make a loop: ${loop}`);
    expect((await refusal(getEntry(database.db, "alias", address))).kind).toBe("notFound");
    expect(await records(database.db, address)).toHaveLength(0);
  });

  test("a loop of 300 addresses is found, and shown shortened", async () => {
    const { db } = database;
    await db.query({
      text: "insert into entries (address, domain, kind) select 'c' || n || '@campus.test', 'campus.test', 'alias' from generate_series(1, 300) n",
    });
    await db.query({
      text: "insert into targets select 'c' || n || '@campus.test', 'c' || n + 1 || '@campus.test' from generate_series(1, 299) n",
    });
    const refused = await refusal(set("c300@campus.test", ["c1@campus.test"]));
    expect(refused.message).toMatch(/^this would make a loop: c\d+@campus.test → .* more .*→ c\d+@campus.test/);
  });

  test("a loop that was there already does not stop an address that leads into it", async () => {
    const { db } = database;
    await db.query({ text: "insert into entries (address, domain, kind) values ('l@campus.test', 'campus.test', 'alias')" });
    await db.query({ text: "insert into targets (address, target) values ('l@campus.test', 'l@campus.test')" });
    expect((await set("a@campus.test", ["l@campus.test"])).changed).toBe(true);
  });

  test("two changes at the same moment cannot make a loop together", async () => {
    const ends = await Promise.allSettled([set("a@campus.test", ["b@campus.test"]), set("b@campus.test", ["a@campus.test"])]);
    expect(ends.map((end) => end.status).sort()).toEqual(["fulfilled", "rejected"]);
  });
});

test.each([
  ["2020-01-01", "badData", '"2020-01-01" is in the past'],
  ["2099-02-30", "badData", "is no date"],
  ["tomorrow", "badData", "is no date"],
  ["2099-01-01T25:00Z", "badData", "is no date"],
  ["2099-01-01T10:00", "badData", "is no date"], // no zone: whose ten o'clock?
])("expiry %s: %s", async (expires, kind, message) => {
  expect(await refusal(set("a@campus.test", ["x@far.test"], { expires }))).toMatchObject({
    kind,
    message: expect.stringContaining(message),
  });
});

test.each([
  ["no @", "campus.test"],
  ["a trailing dot", "a@campus.test."],
  ["two @", "a@b@campus.test"],
  ["a blank", "a b@campus.test"],
  ["a NUL", "a\u0000@campus.test"],
  ["a line end", "a@campus.test\r\nRCPT TO:<x@y.test>"],
  ["half a surrogate pair", "\ud800@campus.test"],
  ["300 octets", `${"a".repeat(300)}@campus.test`],
  ["a million letters", `${"a".repeat(1_000_000)}@campus.test`],
  ["a literal", "a@[127.0.0.1]"],
  ["letters we cannot have", "mañana@campus.test"],
  ["a slash", "a/b@campus.test"],
  ["nothing", ""],
])("an address with %s is refused, and the message stays short", async (_name, address) => {
  const attempts = [
    () => set(address, ["x@far.test"]),
    () => set("ok@campus.test", [address]),
    () => set("ok@campus.test", ["x@far.test"], { owner: address }),
  ];
  for (const attempt of attempts) {
    const end = await attempt().then(
      () => null,
      (error: Error) => error,
    );
    if (end === null) continue; // foreign addresses may be odder than ours
    expect(end.name).toBe("Refusal");
    expect(end.message.length).toBeLessThan(400);
  }
  expect((await refusal(set(address, ["x@far.test"]))).kind).toMatch(/badData|refused/);
});

test.each([["a\u0000b"], ["a\u001b[31mb"], ["a\nb"], ["x".repeat(1001)]])("the note %j is refused", async (note) => {
  expect((await refusal(set("a@campus.test", ["x@far.test"], { note }))).kind).toBe("badData");
});

test("reserved names are refused, list forms and targets that mean nothing are warned about", async () => {
  expect((await refusal(set("Abuse@campus.test", ["x@far.test"]))).message).toContain("abuse@ is a reserved name (RFC 2142,");
  expect((await set("abuse@campus.test", ["x@far.test"], { allow: { reserved: true } })).warnings).toEqual([]);
  expect((await set("owner-staff@campus.test", ["x@far.test"])).warnings.join()).toContain("a list's own");
  expect((await set("a@campus.test", ["nobody@campus.test", "abuse@campus.test"])).warnings).toEqual([
    "nobody@campus.test has no entry here: mail to it is refused until it has one",
  ]);
  expect((await set("b@campus.test", ["abuse+tag@old.test"])).warnings).toEqual([]);
});

test("an alias is not made over a list, nor found or deleted as one", async () => {
  await createList(database.db, author, { address: "staff@campus.test" });
  expect((await refusal(set("staff@campus.test", ["x@far.test"]))).message).toBe("staff@campus.test is a list");
  expect((await refusal(getEntry(database.db, "alias", "staff@campus.test"))).kind).toBe("notFound");
  expect((await refusal(deleteEntry(database.db, author, "alias", "staff@campus.test"))).kind).toBe("notFound");
});

test("deleting keeps what it was in the record and names who still points there", async () => {
  await set("a@campus.test", ["x@far.test"]);
  await set("b@campus.test", ["a@campus.test"]);
  const { before, warnings } = await deleteEntry(database.db, author, "alias", "A@campus.test");
  expect(before.targets).toEqual(["x@far.test"]);
  expect(warnings.join()).toContain("still a target of b@campus.test");
  expect(await records(database.db, "a@campus.test")).toMatchObject([
    { action: "alias create" },
    { action: "alias delete", before: { targets: ["x@far.test"] }, after: null },
  ]);
  expect((await refusal(deleteEntry(database.db, author, "alias", "a@campus.test"))).kind).toBe("notFound");
});
