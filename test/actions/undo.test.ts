import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { deleteEntry, getEntry, setAlias } from "../../src/actions/aliases.ts";
import type { Author } from "../../src/actions/change.ts";
import { addDomain, listDomains, removeDomain, reserveNames } from "../../src/actions/domains.ts";
import { dateTarget, disableEntry } from "../../src/actions/life.ts";
import { addFilter, filtersOf } from "../../src/actions/list-filters.ts";
import { addMembers, createList, removeMembers } from "../../src/actions/lists.ts";
import { listPolicies, removePolicy, setPolicy } from "../../src/actions/policies.ts";
import { rehearse, together } from "../../src/actions/rehearse.ts";
import { listRoutes, removeRoute, setRoute } from "../../src/actions/routes.ts";
import { type UndoOptions, undoChange } from "../../src/actions/undo.ts";
import type { TestDatabase } from "../support/database.ts";
import { author, emptied, hastyDatabase, records, refusal } from "./support.ts";

const us = { hostname: "mail.campus.test", listeners: [] };
const bob: Author = { actor: "bob@mx2 via test", why: null };

let database: TestDatabase;
beforeAll(async () => {
  database = await hastyDatabase();
});
afterAll(() => database.drop());
beforeEach(async () => {
  await emptied(database.db);
  await addDomain(database.db, author, { domain: "campus.test" });
});

const sql = async (text: string, values: readonly unknown[] = []) =>
  (await database.db.query<Record<string, unknown>>({ text, values })).rows;
const set = (address: string, targets: readonly string[] = ["ann@far.test"], more = {}, by = author) =>
  setAlias(database.db, by, { address, targets, ...more });
const lastChange = async (): Promise<number> => Number((await sql("select max(change_no) as n from change_sets"))[0]?.["n"]);
const undo = async (overwrite: UndoOptions["overwrite"] = "none", changeNo?: number) =>
  undoChange(database.db, author, changeNo ?? (await lastChange()), { overwrite });

/** All of the directory, without what says only that a row was written. */
async function directory(): Promise<unknown> {
  const tables = ["entries", "targets", "list_roles", "list_filters", "domains", "routes", "forwarding_policies"];
  const all = tables.map((table) => `select '${table}' as t, to_jsonb(r) - '{version,changed_at}'::text[] as row from ${table} r`);
  return sql(`select * from (${all.join(" union all ")}) a order by t, row::text`);
}

/** Does something and undoes it, and finds the directory as it was; undoes that, and finds it as it became. */
async function thereAndBack(work: () => Promise<unknown>): Promise<void> {
  const before = await directory();
  await work();
  const after = await directory();
  expect(after).not.toEqual(before);
  const undone = await undo();
  expect(undone).toMatchObject({ changed: true, conflicts: [], conflictCount: 0, kept: [] });
  expect(await directory()).toEqual(before);
  const again = await undo();
  expect(again).toMatchObject({ changed: true, undone: undone.changeNo, conflictCount: 0 });
  expect(await directory()).toEqual(after);
  await undo();
  expect(await directory()).toEqual(before);
}

describe("each kind of change comes undone, and the undo too", () => {
  test("making, changing, disabling and deleting an alias", async () => {
    await thereAndBack(() => set("a@campus.test", ["x@far.test", "y@far.test"], { owner: "o@far.test" }));
    await set("b@campus.test", ["x@far.test", "y@far.test"], { note: "n", expires: "2126-01-01" });
    await thereAndBack(() => set("b@campus.test", ["y@far.test", "z@far.test"], { note: null, owner: "o@far.test" }));
    await thereAndBack(() => disableEntry(database.db, author, "alias", "b@campus.test", "text", "Closed"));
    await thereAndBack(() => deleteEntry(database.db, author, "alias", "b@campus.test"));
  });

  test("lists with members, dates, senders, exclusions and filters", async () => {
    await thereAndBack(() => createList(database.db, author, { address: "l@campus.test", posting: "named" }));
    await createList(database.db, author, { address: "l@campus.test", posting: "named" });
    await thereAndBack(() => addMembers(database.db, author, "l@campus.test", ["a@far.test", "b@far.test"]));
    await addMembers(database.db, author, "l@campus.test", ["a@far.test", "b@far.test"], "member", { expires: "2126-01-01" });
    await addMembers(database.db, author, "l@campus.test", ["s@far.test"], "sender");
    await addMembers(database.db, author, "l@campus.test", ["e@far.test"], "excluded");
    await addFilter(database.db, author, "l@campus.test", "people", "(ou=cs)");
    await thereAndBack(() => removeMembers(database.db, author, "l@campus.test", ["a@far.test"]));
    await thereAndBack(() =>
      dateTarget(database.db, author, "list", "l@campus.test", "a@far.test", { expires: null, starts: "2026-01-01" }),
    );
    await thereAndBack(() => removeMembers(database.db, author, "l@campus.test", ["e@far.test"], "excluded"));
    await thereAndBack(() => addFilter(database.db, author, "l@campus.test", "people", "(ou=ee)"));
    const before = await getEntry(database.db, "list", "l@campus.test");
    await thereAndBack(() => deleteEntry(database.db, author, "list", "l@campus.test"));
    const { version, changed_at: _, ...back } = await getEntry(database.db, "list", "l@campus.test");
    const { version: was, changed_at: __, ...had } = before;
    expect(back).toEqual(had);
    expect(version).toBeGreaterThan(was);
    expect(await filtersOf(database.db, "l@campus.test")).toHaveLength(1);
  });

  test("domains with their entries, routes and policies", async () => {
    await thereAndBack(() => addDomain(database.db, author, { domain: "new.test", aliasOf: "campus.test" }));
    await thereAndBack(() => reserveNames(database.db, author, "campus.test", ["president"], true));
    await set("a@campus.test");
    await addDomain(database.db, author, { domain: "alumni.test", aliasOf: "campus.test" });
    await thereAndBack(() => removeDomain(database.db, author, "campus.test", true));
    await thereAndBack(() => setRoute(database.db, author, "mbx.test", "smtp://10.0.0.1:25", us));
    await setRoute(database.db, author, "mbx.test", "smtp://10.0.0.1:25", us);
    await thereAndBack(() => setRoute(database.db, author, "mbx.test", "lmtp://10.0.0.2:24", us));
    await thereAndBack(() => removeRoute(database.db, author, "mbx.test"));
    await thereAndBack(() => setPolicy(database.db, author, "student", false));
    await setPolicy(database.db, author, "student", false);
    await thereAndBack(() => removePolicy(database.db, author, "student"));
    expect(await listDomains(database.db)).toHaveLength(2);
    expect(await listRoutes(database.db)).toHaveLength(1);
    expect(await listPolicies(database.db)).toHaveLength(1);
  });

  test("several actions in one transaction are one change set", async () => {
    await set("a@campus.test");
    await thereAndBack(() =>
      together(database.db, async (db) => {
        await deleteEntry(db, author, "alias", "a@campus.test");
        await setAlias(db, author, { address: "a@campus.test", targets: ["b@far.test"], allow: { reuse: true } });
        await createList(db, author, { address: "l@campus.test" });
        await addMembers(db, author, "l@campus.test", ["a@campus.test"]);
        await setRoute(db, author, "mbx.test", "mx:", us);
      }),
    );
  });
});

describe("later edits", () => {
  test("stop the undo and are listed; overwritten or kept as asked", async () => {
    await set("a@campus.test", ["one@far.test"], { owner: "o@far.test" });
    await set("a@campus.test", ["two@far.test"]);
    const changeNo = await lastChange();
    await set("a@campus.test", ["two@far.test"], { note: "mine" }, bob);
    const stopped = await undo("none", changeNo);
    expect(stopped).toMatchObject({ changed: true }); // the note is no edit of the targets
    await undo();
    await set("a@campus.test", ["two@far.test", "three@far.test"], {}, bob);
    await removeTarget("a@campus.test", "two@far.test");
    const before = await directory();
    const conflicted = await undo("none", changeNo);
    expect(conflicted).toMatchObject({ changed: false, changeNo: null, conflictCount: 1 });
    expect(conflicted.conflicts).toEqual([
      {
        relation: "targets",
        key: "a@campus.test",
        member: "two@far.test",
        by: bob.actor,
        at: expect.any(String),
        action: "alias change",
        changeNo: await lastChange(),
      },
    ]);
    expect(await directory()).toEqual(before);
    expect(await undo([], changeNo)).toMatchObject({ changed: false, kept: ["a@campus.test"] });
    expect(await directory()).toEqual(before);
    expect(await undo(["other@campus.test"], changeNo)).toMatchObject({ changed: false, kept: ["a@campus.test"] });
    expect(await undo(["a@campus.test"], changeNo)).toMatchObject({ changed: true, kept: [] });
    expect((await getEntry(database.db, "alias", "a@campus.test")).targets).toEqual(["one@far.test", "three@far.test"]);
    expect((await refusal(undo("none", changeNo))).message).toContain("undone already");
  });

  test("an alias that leads elsewhere by now does not get its old target besides", async () => {
    await set("a@campus.test", ["one@far.test"]);
    await set("a@campus.test", ["two@far.test"]);
    const changeNo = await lastChange();
    await set("a@campus.test", ["three@far.test"], {}, bob);
    expect((await undo("none", changeNo)).conflicts).toMatchObject([{ member: "two@far.test", by: bob.actor, action: "alias change" }]);
    await set("a@campus.test", ["one@far.test"], {}, bob);
    expect(await undo("none", changeNo)).toMatchObject({ changed: false, conflictCount: 0 });
  });

  const removeTarget = async (address: string, target: string): Promise<unknown> => {
    const { targets } = await getEntry(database.db, "alias", address);
    return set(
      address,
      targets.filter((one) => one !== target),
      {},
      bob,
    );
  };

  test("by hand are conflicts too, and members that came later are not lost without asking", async () => {
    await createList(database.db, author, { address: "l@campus.test" });
    const made = await lastChange();
    await sql("insert into targets (address, target) values ('l@campus.test', 'x@far.test')");
    const conflicted = await undo("none", made);
    expect(conflicted.conflicts).toMatchObject([{ relation: "targets", member: "x@far.test", action: null, changeNo: null }]);
    expect(conflicted.conflicts[0]?.by).toContain("mailroom test");
    expect(await undo("all", made)).toMatchObject({ changed: true, rows: 2 });
    expect(await sql("select from targets")).toEqual([]);
  });

  test("an address that was deleted since comes back with all it had", async () => {
    await createList(database.db, author, { address: "l@campus.test" });
    await addMembers(database.db, author, "l@campus.test", ["a@far.test", "b@far.test"]);
    const before = await directory();
    await removeMembers(database.db, author, "l@campus.test", ["a@far.test"]);
    const removed = await lastChange();
    await deleteEntry(database.db, bob, "list", "l@campus.test");
    expect((await undo("none", removed)).conflicts).toMatchObject([
      { relation: "entries", key: "l@campus.test", by: bob.actor, action: "list delete" },
    ]);
    expect(await undo([], removed)).toMatchObject({ changed: false, kept: ["l@campus.test"] });
    expect(await undo("all", removed)).toMatchObject({ changed: true });
    expect(await directory()).toEqual(before);
  });

  test("an address that somebody else held in between is not handed back unasked", async () => {
    await set("a@campus.test", ["ann@far.test"]);
    await deleteEntry(database.db, author, "alias", "a@campus.test");
    const deleted = await lastChange();
    await set("a@campus.test", ["bob@far.test"], { allow: { reuse: true } });
    await deleteEntry(database.db, bob, "alias", "a@campus.test");
    expect((await undo("none", deleted)).conflicts).toMatchObject([{ relation: "entries", key: "a@campus.test", by: bob.actor }]);
    expect((await undo("all", deleted)).changed).toBe(true);
    expect((await getEntry(database.db, "alias", "a@campus.test")).targets).toEqual(["ann@far.test"]);
  });

  test("other members of the list are no conflict, and the version grows", async () => {
    await createList(database.db, author, { address: "l@campus.test" });
    await addMembers(database.db, author, "l@campus.test", ["a@far.test"]);
    const added = await lastChange();
    await addMembers(database.db, bob, "l@campus.test", ["b@far.test"]);
    await createList(database.db, bob, { address: "l@campus.test", note: "n" });
    const { version } = await getEntry(database.db, "list", "l@campus.test");
    expect(await undo("none", added)).toMatchObject({ changed: true, conflictCount: 0 });
    const list = await getEntry(database.db, "list", "l@campus.test");
    expect(list).toMatchObject({ targets: ["b@far.test"], note: "n", version: version + 1 });
  });
});

describe("the rules hold", () => {
  test("a loop is refused, with the loop", async () => {
    await set("a@campus.test", ["b@campus.test"]);
    await set("a@campus.test", ["x@far.test"]);
    const changed = await lastChange();
    await set("b@campus.test", ["a@campus.test"]);
    const before = await directory();
    const refused = await refusal(undo("none", changed));
    expect(refused.message).toContain("would make a loop: ");
    expect(refused.loop).toBe("a@campus.test → b@campus.test → a@campus.test");
    expect(await directory()).toEqual(before);
  });

  test("names, domains, policies and catch-alls that are no longer free or there", async () => {
    await createList(database.db, author, { address: "l@campus.test" });
    await deleteEntry(database.db, author, "list", "l@campus.test");
    const deletedList = await lastChange();
    await set("l-owner@campus.test");
    expect((await refusal(undo("none", deletedList))).message).toBe("l-owner@campus.test belongs to the list l@campus.test");

    await addDomain(database.db, author, { domain: "old.test" });
    const added = await lastChange();
    await set("x@old.test");
    expect((await refusal(undo("none", added))).message).toBe("old.test has addresses by now, x@old.test for one");
    await deleteEntry(database.db, author, "alias", "x@old.test");
    const deleted = await lastChange();
    await removeDomain(database.db, author, "old.test", false);
    expect((await refusal(undo("none", deleted))).message).toContain("old.test is not one of our domains any more");

    await set("s@campus.test", ["s@far.test"], { affiliation: "student" });
    await deleteEntry(database.db, author, "alias", "s@campus.test");
    const student = await lastChange();
    await setPolicy(database.db, author, "student", false);
    expect((await refusal(undo("none", student))).message).toBe("student may not forward off campus: s@campus.test → s@far.test");

    await set("c@campus.test");
    await addDomain(database.db, author, { domain: "campus.test", catchAll: "c@campus.test" });
    await addDomain(database.db, author, { domain: "campus.test", catchAll: null });
    const off = await lastChange();
    await deleteEntry(database.db, author, "alias", "c@campus.test");
    expect((await refusal(undo("none", off))).message).toBe("the catch-all c@campus.test is itself unknown here");
  });

  test("domains that would be aliases of each other, or of none of ours", async () => {
    await addDomain(database.db, author, { domain: "b.test", aliasOf: "campus.test" });
    await addDomain(database.db, author, { domain: "b.test", aliasOf: null });
    const parted = await lastChange();
    await addDomain(database.db, author, { domain: "campus.test", aliasOf: "b.test" });
    expect((await refusal(undo("none", parted))).message).toContain("would be an alias of itself");
    await addDomain(database.db, author, { domain: "campus.test", aliasOf: null });
    await removeDomain(database.db, author, "campus.test", false);
    expect((await refusal(undo("none", parted))).message).toBe("b.test would be an alias of campus.test, which is not one of our domains");
  });

  test("a route that leads to this server by now", async () => {
    await setRoute(database.db, author, "mbx.test", "smtp://mail.campus.test:2525", us);
    await removeRoute(database.db, author, "mbx.test");
    const listeners = [{ address: "127.0.0.1", port: 2525 }];
    const work = undoChange(database.db, author, await lastChange(), { overwrite: "none", ourselves: { ...us, listeners } });
    expect((await refusal(work)).message).toContain("is this server's own smtp.listen");
  });

  test("what is undone already, is none of the directory's, or does not exist", async () => {
    await set("a@campus.test");
    const made = await lastChange();
    const undone = await undo("none", made);
    const twice = await refusal(undo("none", made));
    expect(twice.message).toBe(`change #${made} is undone already, by #${undone.changeNo}`);
    expect(twice.hint).toBe(`To make it again: mailroom undo ${undone.changeNo}`);
    await sql("insert into change_records (actor, action, object) values ('x', 'queue.delete', 'all')");
    expect((await refusal(undo())).message).toContain("none of the directory's");
    await sql("insert into change_records (actor, action, object, txid) values ('x', 'alias create', 'a@campus.test', null)");
    expect((await refusal(undo())).hint).toContain("mailroom changes show");
    for (const number of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, "1; drop table entries" as unknown as number])
      expect((await refusal(undo("none", number))).kind).toBe("badData");
    expect((await refusal(undo("none", 2 ** 53 - 1))).kind).toBe("notFound");
  });

  test("two undos at once are one", async () => {
    await set("a@campus.test");
    const made = await lastChange();
    const both = await Promise.allSettled([undo("none", made), undo("none", made)]);
    expect(both.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
    expect(await sql("select from change_records where action like 'undo%'")).toHaveLength(1);
  });

  test("an undo has its own records, and rehearsing one leaves nothing", async () => {
    await set("a@campus.test", ["x@far.test"], { owner: "o@far.test" });
    await set("a@campus.test", ["y@far.test"]);
    const changed = await lastChange();
    const before = [
      await directory(),
      await sql("select * from change_sets"),
      await sql("select * from directory_history order by 1, 2, 3, 4"),
    ];
    expect(await rehearse(database.db, (db) => undoChange(db, author, changed, { overwrite: "none" }))).toMatchObject({ changed: true });
    expect([
      await directory(),
      await sql("select * from change_sets"),
      await sql("select * from directory_history order by 1, 2, 3, 4"),
    ]).toEqual(before);
    const { changeNo } = await undo();
    expect((await records(database.db, "a@campus.test")).at(-1)).toEqual({
      actor: author.actor,
      action: `undo of #${changed}`,
      object: "a@campus.test",
      why: author.why,
      before: { targets: ["y@far.test"] },
      after: { targets: ["x@far.test"] },
    });
    expect(await sql("select undo_of::int, records from change_sets where change_no = $1", [changeNo])).toEqual([
      { undo_of: changed, records: 1 },
    ]);
  });

  test("tombstones: none of what lived for a moment, and that of a deletion bars no undo", async () => {
    await set("a@campus.test");
    await undo();
    expect(await sql("select from tombstones")).toEqual([]);
    await set("a@campus.test");
    await sql("update entries set created_at = now() - interval '2 days' where address = 'a@campus.test'");
    await deleteEntry(database.db, author, "alias", "a@campus.test");
    const { changeNo } = await undo();
    expect(await sql("select from tombstones")).toHaveLength(1);
    await undo("none", changeNo ?? 0);
    expect(await sql("select from tombstones")).toHaveLength(2);
    expect((await refusal(set("a@campus.test"))).message).toContain("was held by");
  });
});
