import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { deleteEntry, getEntry, setAlias } from "../../src/actions/aliases.ts";
import { addDomain } from "../../src/actions/domains.ts";
import { entriesPage, inPages, membersPage } from "../../src/actions/entries.ts";
import { addMembers, createList, existingList, removeMembers } from "../../src/actions/lists.ts";
import type { TestDatabase } from "../support/database.ts";
import { author, emptied, hastyDatabase, records, refusal } from "./support.ts";

let database: TestDatabase;
const list = "staff@campus.test";
beforeAll(async () => {
  database = await hastyDatabase();
});
afterAll(() => database.drop());
beforeEach(async () => {
  await emptied(database.db);
  await addDomain(database.db, author, { domain: "campus.test" });
});

const create = (more = {}) => createList(database.db, author, { address: list, ...more });
const add = (...members: string[]) => addMembers(database.db, author, list, members);

test("a list is made for anyone to post to, and made again it keeps its members", async () => {
  expect((await create()).after).toMatchObject({ kind: "list", posting: "anyone", targets: [], owner: null });
  await add("a@far.test");
  const again = await create({ posting: "members", owner: "boss@far.test" });
  expect(again).toMatchObject({ changed: true, after: { posting: "members", owner: "boss@far.test", targets: ["a@far.test"] } });
  expect((await create()).changed).toBe(false);
});

test("adding and removing name who changed sides, and the record holds only them", async () => {
  await create();
  expect(await add("a@far.test", "B@Far.Test", "a@far.test")).toMatchObject({
    done: ["a@far.test", "B@far.test"],
    already: [],
    members: 2,
  });
  expect(await add("c@far.test", "a@far.test")).toMatchObject({ done: ["c@far.test"], already: ["a@far.test"], members: 3 });
  expect(await removeMembers(database.db, author, list, ["a@far.test", "x@far.test"])).toMatchObject({
    done: ["a@far.test"],
    already: ["x@far.test"],
    members: 2,
  });
  const [, , added, removed] = await records(database.db, list);
  expect(added).toMatchObject({ action: "list add", before: null, after: { members: ["c@far.test"] } });
  expect(removed).toMatchObject({ action: "list remove", before: { members: ["a@far.test"] }, after: null });
});

test("adding those who are members already changes nothing and leaves no record", async () => {
  await create();
  await add("a@far.test");
  expect((await add("a@far.test")).done).toEqual([]);
  expect((await getEntry(database.db, "list", list)).version).toBe(2);
  expect(await records(database.db, list)).toHaveLength(2);
});

test("a list in itself, directly or by another, is refused with the loop", async () => {
  await create();
  await createList(database.db, author, { address: "all@campus.test" });
  await addMembers(database.db, author, "all@campus.test", [list]);
  expect((await refusal(add(list))).message).toBe(`this would make a loop: ${list} → ${list}`);
  expect((await refusal(add("x@far.test", "all@campus.test"))).message).toBe(`this would make a loop: ${list} → all@campus.test → ${list}`);
  expect((await getEntry(database.db, "list", list)).targets).toEqual([]);
});

test("the last member gone, or a member without an entry, is warned about", async () => {
  await create();
  expect((await add("nobody@campus.test")).warnings.join()).toContain("nobody@campus.test has no entry");
  expect((await removeMembers(database.db, author, list, ["nobody@campus.test"])).warnings.join()).toContain("nobody is on it now");
});

test("members of what is no list are refused", async () => {
  await setAlias(database.db, author, { address: list, targets: ["a@far.test"] });
  expect((await refusal(add("b@far.test"))).message).toContain("is an alias, no list");
  expect((await refusal(addMembers(database.db, author, "no@campus.test", ["b@far.test"]))).kind).toBe("notFound");
  expect((await refusal(existingList(database.db, list))).kind).toBe("notFound");
});

test("10,000 members are added in one call, listed in pages in order, and deleted into the record", async () => {
  await create();
  const members = Array.from({ length: 10_000 }, (_, n) => `m${n}@far.test`);
  expect((await add(...members)).members).toBe(10_000);
  const listed: string[] = [];
  const pages = inPages(
    (after) => membersPage(database.db, list, "member", after, 999),
    (item) => item.member,
  );
  for await (const item of pages) listed.push(item.member);
  expect(listed).toEqual([...members].sort());
  const { before } = await deleteEntry(database.db, author, "list", list);
  expect(before.targets).toHaveLength(10_000);
  expect((await database.db.query({ text: "select from targets" })).rowCount).toBe(0);
});

test("listings page by key, filter by kind and domain, and name only the first targets", async () => {
  await addDomain(database.db, author, { domain: "dept.test" });
  for (let n = 0; n < 25; n++) await setAlias(database.db, author, { address: `a${n}@campus.test`, targets: ["x@far.test"] });
  await setAlias(database.db, author, { address: "z@dept.test", targets: Array.from({ length: 30 }, (_, n) => `t${n}@far.test`) });
  await create();
  const page = await entriesPage(database.db, { kind: "alias", domain: "campus.test", after: "a24@campus.test", limit: 3 });
  expect(page.map((entry) => entry.address)).toEqual(["a2@campus.test", "a3@campus.test", "a4@campus.test"]);
  const [long] = await entriesPage(database.db, { domain: "dept.test", limit: 10 });
  expect(long).toMatchObject({ target_count: 30 });
  expect(long?.targets).toHaveLength(10);
  expect(await entriesPage(database.db, { kind: "list", limit: 10 })).toHaveLength(1);
});
