import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { deleteEntry, getEntry, setAlias } from "../../src/actions/aliases.ts";
import { changeSetsPage } from "../../src/actions/changes.ts";
import { addDomain } from "../../src/actions/domains.ts";
import { rehearse, together } from "../../src/actions/rehearse.ts";
import type { Db } from "../../src/db/client.ts";
import type { TestDatabase } from "../support/database.ts";
import { author, emptied, hastyDatabase, refusal } from "./support.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await hastyDatabase();
});
afterAll(() => database.drop());
beforeEach(async () => {
  await emptied(database.db);
  await addDomain(database.db, author, { domain: "campus.test" });
});

const set = (db: Db, address: string, target = "x@far.test") => setAlias(db, author, { address, targets: [target] });
const actions = async () => (await changeSetsPage(database.db, { limit: 10 })).map(({ action, count }) => `${action} ${count}`);

test("what is done together is one change set, or nothing", async () => {
  await together(database.db, async (db) => {
    await set(db, "a@campus.test");
    expect((await refusal(set(db, "b@campus.test", "b@campus.test"))).kind).toBe("refused"); // taken back, and the rest goes on
    await set(db, "c@campus.test");
  });
  expect(await actions()).toEqual(["alias create 2", "domain add 1"]);
  expect((await refusal(getEntry(database.db, "alias", "b@campus.test"))).kind).toBe("notFound");
  const failing = together(database.db, async (db) => {
    await deleteEntry(db, author, "alias", "a@campus.test");
    await db.transaction((tx) => tx.query({ text: "select nothing from nowhere" }));
  });
  await expect(failing).rejects.toThrow("nowhere");
  expect((await getEntry(database.db, "alias", "a@campus.test")).version).toBe(1);
});

test("a rehearsal gives what the actions gave, or throws what they threw, and leaves nothing", async () => {
  expect(await rehearse(database.db, (db) => set(db, "a@campus.test"))).toMatchObject({
    changed: true,
    after: { address: "a@campus.test" },
  });
  expect(await rehearse(database.db, async () => undefined)).toBeUndefined();
  expect((await refusal(rehearse(database.db, (db) => set(db, "a@campus.test", "a@campus.test")))).loop).toContain("a@campus.test → ");
  await expect(rehearse(database.db, () => Promise.reject(new Error("broken")))).rejects.toThrow("broken");
  const inner = await rehearse(database.db, async (db) => {
    await set(db, "a@campus.test");
    await rehearse(db, (deeper) => deleteEntry(deeper, author, "alias", "a@campus.test"));
    return getEntry(db, "alias", "a@campus.test");
  });
  expect(inner.targets).toEqual(["x@far.test"]);
  expect(await actions()).toEqual(["domain add 1"]);
});

test("a transaction of another node that waits is let in when the rehearsal is over", async () => {
  const other = database.open();
  let waiting: Promise<unknown> = Promise.resolve();
  await rehearse(database.db, async (db) => {
    await set(db, "a@campus.test", "rehearsed@far.test");
    waiting = set(other, "a@campus.test", "real@far.test");
  });
  await waiting;
  expect((await getEntry(database.db, "alias", "a@campus.test")).targets).toEqual(["real@far.test"]);
});
