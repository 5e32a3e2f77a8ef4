import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { getEntry, setAlias } from "../../src/actions/aliases.ts";
import { type BulkAction, bulkChange } from "../../src/actions/bulk.ts";
import { countEntries, type Selection } from "../../src/actions/bulk-selection.ts";
import { changeSetsPage } from "../../src/actions/changes.ts";
import { addDomain } from "../../src/actions/domains.ts";
import { dateTarget } from "../../src/actions/life.ts";
import { addMembers, createList } from "../../src/actions/lists.ts";
import { setPolicy } from "../../src/actions/policies.ts";
import { undoChange } from "../../src/actions/undo.ts";
import type { TestDatabase } from "../support/database.ts";
import { author, emptied, hastyDatabase, records, refusal } from "./support.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await hastyDatabase();
});
afterAll(() => database.drop());
beforeEach(async () => {
  await emptied(database.db);
  for (const domain of ["campus.test", "old.test"]) await addDomain(database.db, author, { domain });
  for (const name of ["a", "b", "c"]) await set(`${name}@old.test`, [`${name}@far.test`, "x@far.test"]);
  await set("a@campus.test", ["x@far.test"]);
});

const set = (address: string, targets: readonly string[], more = {}) => setAlias(database.db, author, { address, targets, ...more });
const bulk = (selection: Selection, action: BulkAction) => bulkChange(database.db, author, selection, action);
const old: Selection = { filter: { domain: "old.test" }, expected: 3 };
const alias = (address: string) => getEntry(database.db, "alias", address);
const sql = async (text: string) => (await database.db.query<Record<string, unknown>>({ text })).rows;

/** Does it, looks, and undoes it: the directory is as it was. */
async function undone(action: BulkAction, seen: object, selection = old): Promise<void> {
  const all =
    "select to_jsonb(e) - '{version,changed_at}'::text[] as row, array(select to_jsonb(t) from targets t where t.address = e.address order by target) from entries e order by address";
  const before = await sql(all);
  expect(await bulk(selection, action)).toMatchObject({ changed: true, matched: 3, done: 3 });
  if (action.kind !== "delete") expect(await alias("b@old.test")).toMatchObject(seen);
  expect(await bulk(selection, action).catch(() => ({ changed: false }))).toMatchObject({ changed: false });
  const [change] = await changeSetsPage(database.db, { limit: 1 });
  expect(change).toMatchObject({ action: `bulk ${action.kind}`, object: "3 entries", count: 4, undoable: true });
  expect((await records(database.db, "b@old.test")).at(-1)).toMatchObject({ action: `bulk ${action.kind}`, why: author.why });
  await undoChange(database.db, author, change?.change_no ?? 0, { overwrite: "none" });
  expect(await sql(all)).toEqual(before);
}

test("each action, for all or none, and undone as one", async () => {
  const { version } = await alias("b@old.test");
  await undone({ kind: "disable", answer: "text", text: "Closed" }, { disabled: "text", disabled_text: "Closed", version: version + 1 });
  await undone({ kind: "owner", owner: "o@campus.test" }, { owner: "o@campus.test" });
  await undone({ kind: "expiry", expires: "2126-01-31" }, { expires_at: "2126-02-01T00:00:00.000Z" });
  await undone({ kind: "replace", from: "x@far.test", to: "y@far.test" }, { targets: ["b@far.test", "y@far.test"] });
  await undone({ kind: "delete" }, {}, { addresses: ["a@old.test", "b@old.test", "C@old.test"] });
  await bulk(old, { kind: "disable", answer: "hard" });
  await undone({ kind: "enable" }, { disabled: null });
});

test("a target that is replaced keeps its dates, and is there once", async () => {
  await dateTarget(database.db, author, "alias", "a@old.test", "x@far.test", { expires: "2126-01-31" });
  await set("b@old.test", ["x@far.test", "y@far.test"]);
  const all: Selection = { filter: { target: "x@far.test" }, expected: 4 };
  expect(await bulk(all, { kind: "replace", from: "x@far.test", to: "y@far.test" })).toMatchObject({ done: 4 });
  expect(await alias("a@old.test")).toMatchObject({ target_dates: { "y@far.test": [null, expect.stringContaining("2126-02-01")] } });
  expect((await alias("b@old.test")).targets).toEqual(["y@far.test"]);
});

test("what the single action refuses of one is refused for all", async () => {
  const before = await sql("select * from entries");
  await set("postmaster@old.test", ["p@far.test"], { allow: { reserved: true } });
  const four: Selection = { filter: { domain: "old.test" }, expected: 4 };
  expect((await refusal(bulk(four, { kind: "disable", answer: "hard" }))).message).toContain("postmaster@old.test must take mail");
  expect((await refusal(bulk(four, { kind: "replace", from: "x@far.test", to: "b@old.test" }))).loop).toBe("b@old.test → b@old.test");
  await set("a@campus.test", ["x@far.test"], { affiliation: "student", owner: "o@far.test" });
  await addMembers(database.db, author, (await createList(database.db, author, { address: "l@campus.test" })).after?.address ?? "", [
    "m@campus.test",
  ]);
  await setPolicy(database.db, author, "student", false);
  const one: Selection = { addresses: ["a@campus.test"] };
  expect((await refusal(bulk(one, { kind: "replace", from: "x@far.test", to: "y@far.test" }))).message).toContain(
    "student may not forward off campus",
  );
  await set("late@campus.test", ["l@far.test"], { starts: "2126-06-01" });
  expect((await refusal(bulk({ addresses: ["late@campus.test"] }, { kind: "expiry", expires: "2126-01-01" }))).kind).toBe("badData");
  expect((await sql("select * from entries where domain = 'old.test' and address <> 'postmaster@old.test'")).length).toBe(
    before.length - 1,
  );
});

test("a count that moved, too many, none, names that are none, and filters that say nothing", async () => {
  expect(await countEntries(database.db, { domain: "OLD.test", owner: null, off: false, kind: "alias", target: "x@far.test" })).toBe(3);
  const moved = await refusal(bulk({ filter: { domain: "old.test" }, expected: 4 }, { kind: "delete" }));
  expect(moved.message).toBe("3 entries match now, and not 4");
  expect((await refusal(bulk({ filter: {}, expected: 4 }, { kind: "delete" }))).kind).toBe("badData");
  expect((await refusal(bulk({ addresses: [] }, { kind: "delete" }))).kind).toBe("badData");
  expect((await refusal(bulk({ addresses: ["a@old.test", "z@old.test"] }, { kind: "delete" }))).message).toBe(
    "there is no alias or list z@old.test",
  );
  expect((await refusal(bulk({ addresses: ["' or true --"] }, { kind: "delete" }))).kind).toBe("badData");
  expect((await refusal(bulk({ filter: { domain: "x' or true" }, expected: 0 }, { kind: "delete" }))).kind).toBe("badData");
  await sql(
    "insert into entries (address, domain, kind) select 'n' || i || '@campus.test', 'campus.test', 'alias' from generate_series(1, 5001) i",
  );
  expect((await refusal(bulk({ filter: { domain: "campus.test" }, expected: 5002 }, { kind: "delete" }))).message).toContain("5,000");
  const many = Array.from({ length: 5001 }, (_, i) => `n${i}@campus.test`);
  expect((await refusal(bulk({ addresses: many }, { kind: "delete" }))).message).toContain("5,001");
  expect(await bulk({ addresses: many.slice(1, 5001) }, { kind: "owner", owner: "o@far.test" })).toMatchObject({ done: 5000 });
});
