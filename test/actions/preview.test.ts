import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { deleteEntry, setAlias } from "../../src/actions/aliases.ts";
import { addDomain } from "../../src/actions/domains.ts";
import { disableEntry } from "../../src/actions/life.ts";
import { addMembers, createList, removeMembers } from "../../src/actions/lists.ts";
import { setPolicy } from "../../src/actions/policies.ts";
import { previewChange } from "../../src/actions/preview.ts";
import { Refusal } from "../../src/actions/refusal.ts";
import { setRoute } from "../../src/actions/routes.ts";
import type { Db } from "../../src/db/client.ts";
import type { Entry, People } from "../../src/directory/directory.ts";
import type { TestDatabase } from "../support/database.ts";
import { mailbox } from "../support/mailbox.ts";
import { author, emptied, hastyDatabase, refusal } from "./support.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await hastyDatabase();
});
afterAll(() => database.drop());
beforeEach(async () => {
  await emptied(database.db);
  await addDomain(database.db, author, { domain: "campus.test" });
  await setRoute(database.db, author, "mbx.test", "smtp://10.0.0.1:25", { hostname: "mail.campus.test", listeners: [] });
  await set("ann@campus.test", ["ann@mbx.test"]);
  await set("bob@campus.test", ["bob@mbx.test"]);
  await createList(database.db, author, { address: "l@campus.test" });
  await addMembers(database.db, author, "l@campus.test", ["ann@campus.test"]);
});

const set = (address: string, targets: readonly string[], db: Db = database.db, more = {}) =>
  setAlias(db, author, { address, targets, ...more });
const preview = async (work: (db: Db) => Promise<object>, options = {}) => (await previewChange(database.db, work, options)).preview;
const nobody = { count: 0, first: [] };
const quiet = {
  gain: nobody,
  lose: nobody,
  outside: nobody,
  breaks: [],
  mended: [],
  loop: null,
  refusal: null,
  warnings: [],
  sampled: null,
};

test("who gains and who loses, what leaves campus and what is a dead end; and nothing was done", async () => {
  const before = await database.db.query({ text: "select * from directory_history order by 1, 2, 3, 4" });
  const added = await previewChange(database.db, (db) =>
    addMembers(db, author, "l@campus.test", ["bob@campus.test", "x@gmail.test", "nobody@campus.test", "ann@mbx.test"]),
  );
  expect(added.outcome).toMatchObject({ members: 5 });
  expect(added.preview).toEqual({
    ...quiet,
    gain: { count: 2, first: ["bob@mbx.test", "x@gmail.test"] },
    reach: 3,
    outside: { count: 1, first: ["x@gmail.test"] },
    breaks: [{ address: "nobody@campus.test", from: "l@campus.test", why: "unknown" }],
    warnings: ["nobody@campus.test has no entry here: mail to it is refused until it has one"],
  });
  expect(await database.db.query({ text: "select * from directory_history order by 1, 2, 3, 4" })).toEqual(before);
});

test("what is removed, switched off, deleted or mended", async () => {
  expect(await preview((db) => removeMembers(db, author, "l@campus.test", ["ann@campus.test"]))).toMatchObject({
    lose: { count: 1, first: ["ann@mbx.test"] },
    reach: 0,
    breaks: [{ address: "l@campus.test", from: null, why: "empty" }],
  });
  expect(await preview((db) => disableEntry(db, author, "alias", "ann@campus.test", "hard", undefined))).toMatchObject({
    lose: { count: 1 },
    breaks: [{ address: "ann@campus.test", why: "disabled" }],
  });
  expect(await preview((db) => deleteEntry(db, author, "alias", "ann@campus.test"))).toMatchObject({
    lose: { count: 1 },
    breaks: [{ address: "ann@campus.test", why: "unknown" }],
    warnings: ["still a target of l@campus.test: a dead end there now"],
  });
  await deleteEntry(database.db, author, "alias", "ann@campus.test");
  const back = (db: Db) => set("ann@campus.test", ["ann@mbx.test"], db, { allow: { reuse: true } });
  expect(await preview(back, { addresses: [mailbox("l@campus.test")] })).toMatchObject({
    gain: { count: 1 },
    mended: [{ address: "ann@campus.test", from: "l@campus.test", why: "unknown" }],
  });
  expect(await preview((db) => set("bob@campus.test", ["bob@mbx.test"], db))).toEqual({ ...quiet, reach: 0 });
});

test("a refused change is an answer; bad input is none", async () => {
  const loop = await previewChange(database.db, (db) => set("ann@campus.test", ["l@campus.test"], db));
  expect(loop.outcome).toBeNull();
  expect(loop.preview).toMatchObject({
    loop: "ann@campus.test → l@campus.test → ann@campus.test",
    refusal: { message: expect.stringContaining("would make a loop"), hint: expect.any(String) },
  });
  await setPolicy(database.db, author, "student", false);
  expect(await preview((db) => set("s@campus.test", ["s@far.test"], db, { affiliation: "student" }))).toMatchObject({
    loop: null,
    refusal: { message: "student may not forward off campus: s@far.test" },
  });
  expect((await refusal(preview((db) => set("no address", ["s@far.test"], db)))).kind).toBe("badData");
  await expect(preview(() => Promise.reject(new Error("broken")))).rejects.toThrow("broken");
  await expect(preview((db) => db.query({ text: "select nothing from nowhere" }))).rejects.toThrow("nowhere");
});

test("people of LDAP are asked between rehearsals, and who cannot be asked is not called unknown", async () => {
  const asked: string[][] = [];
  const person = (key: string, targets: readonly string[]): Entry => ({
    address: mailbox(key),
    kind: "person",
    owner: null,
    expiresAt: null,
    posting: null,
    list: null,
    targets: targets.map(mailbox),
    badTargets: [],
    oversized: false,
  });
  const known = new Map([
    ["group@campus.test", person("group@campus.test", ["pat@campus.test", "away@campus.test"])],
    ["pat@campus.test", person("pat@campus.test", ["pat@mbx.test"])],
  ]);
  const people = async (addresses: readonly { readonly key: string }[]): Promise<People> => {
    const open = await database.db.query<{ n: number }>({
      text: "select count(*)::int as n from pg_stat_activity where datname = current_database() and state = 'idle in transaction'",
    });
    expect(open.rows[0]?.n).toBe(0);
    asked.push(addresses.map(({ key }) => key));
    return { byKey: known, unavailable: new Map([["away@campus.test", new Error("away")]]), freshUntil: 0 };
  };
  const shown = await preview((db) => addMembers(db, author, "l@campus.test", ["group@campus.test", "other@campus.test"]), { people });
  expect(shown).toMatchObject({
    gain: { count: 1, first: ["pat@mbx.test"] },
    breaks: [
      { address: "other@campus.test", why: "unknown" },
      { address: "away@campus.test", why: "lookupFailed" },
    ],
  });
  expect(asked.flat().filter((key, i, all) => all.indexOf(key) !== i)).toEqual([]);
});

test("many names are counted and fifty are named", async () => {
  const members = Array.from({ length: 120 }, (_, i) => `m${String(i).padStart(3, "0")}@mbx.test`);
  const { gain, reach } = await preview((db) => addMembers(db, author, "l@campus.test", members));
  expect(gain.count).toBe(120);
  expect(gain.first).toEqual(members.slice(0, 50));
  expect(reach).toBe(121);
  expect(await preview(() => Promise.reject(new Refusal("refused", "no", "do not")))).toEqual({
    ...quiet,
    reach: 0,
    refusal: { message: "no", hint: "do not" },
  });
});
