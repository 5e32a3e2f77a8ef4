/** An import, large or edited since, taken back. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { deleteEntry, getEntry, setAlias } from "../../src/actions/aliases.ts";
import { changeSet, changeSetsPage } from "../../src/actions/changes.ts";
import { addDomain } from "../../src/actions/domains.ts";
import { runImport } from "../../src/actions/import/import.ts";
import { previewChange } from "../../src/actions/preview.ts";
import { undoChange } from "../../src/actions/undo.ts";
import type { Db } from "../../src/db/client.ts";
import type { TestDatabase } from "../support/database.ts";
import { author, emptied, hastyDatabase, refusal } from "./support.ts";

let database: TestDatabase;
let folder: string;
beforeAll(async () => {
  database = await hastyDatabase();
  folder = await mkdtemp(join(tmpdir(), "mailroom-undo-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await database.drop();
});
beforeEach(async () => {
  await emptied(database.db);
  await addDomain(database.db, author, { domain: "campus.test" });
});

async function importRows(db: Db, rows: readonly string[], replaces = false) {
  const path = join(folder, "people.csv");
  await writeFile(path, ["address,kind,targets,owner", ...rows].join("\n"));
  const input = { format: "csv", path, replaces, problemsPath: join(folder, "problems.csv"), problemsShown: 5 } as const;
  const result = await runImport(db, author, input, { ifVersion: null }, () => {});
  expect(result.problems).toEqual([]);
  return { ...result, warnings: result.warnings };
}

const count = async (table: string): Promise<number> =>
  Number((await database.db.query<{ n: number }>({ text: `select count(*)::int as n from ${table}` })).rows[0]?.n);
const newest = async () => {
  const [set] = await changeSetsPage(database.db, { limit: 1 });
  if (set === undefined) throw new Error("nothing was changed");
  return set;
};
const undo = (changeNo: number, overwrite: "none" | "all" | readonly string[] = "none") =>
  undoChange(database.db, author, changeNo, { overwrite });

test("later edits are listed and asked about one by one; all else goes", async () => {
  await setAlias(database.db, author, { address: "old@campus.test", targets: ["old@far.test"] });
  await setAlias(database.db, author, { address: "gone@campus.test", targets: ["gone@far.test"] });
  await importRows(
    database.db,
    [
      "a@campus.test,alias,a@far.test,",
      "b@campus.test,alias,b@far.test,",
      "c@campus.test,alias,c@far.test,",
      "old@campus.test,alias,new@far.test,",
      "l@campus.test,list,m@far.test n@far.test,",
    ],
    true,
  );
  const imported = await newest();
  expect(imported).toMatchObject({ action: "import csv", object: join(folder, "people.csv"), count: 7, undoable: true, undone_by: null });
  const bob = { actor: "bob", why: null };
  await setAlias(database.db, bob, { address: "a@campus.test", targets: ["elsewhere@far.test"] });
  await setAlias(database.db, bob, { address: "old@campus.test", targets: ["new@far.test"], note: "seen" });
  await deleteEntry(database.db, bob, "alias", "c@campus.test");
  const { conflicts, conflictCount, changed } = await undo(imported.change_no);
  expect(changed).toBe(false);
  expect(conflictCount).toBe(conflicts.length);
  expect([...new Set(conflicts.map(({ key }) => key))]).toEqual(["a@campus.test"]);
  expect(conflicts.every(({ by }) => by === "bob")).toBe(true);
  const undone = await undo(imported.change_no, []);
  expect(undone).toMatchObject({ changed: true, kept: ["a@campus.test"], addresses: 4 });
  expect((await getEntry(database.db, "alias", "a@campus.test")).targets).toEqual(["elsewhere@far.test"]);
  expect(await getEntry(database.db, "alias", "old@campus.test")).toMatchObject({ targets: ["old@far.test"], note: "seen" });
  expect((await getEntry(database.db, "alias", "gone@campus.test")).targets).toEqual(["gone@far.test"]);
  expect(await count("entries")).toBe(3);
  expect(await newest()).toMatchObject({ action: `undo of #${imported.change_no}`, undo_of: imported.change_no, count: 5 });
  expect(await undo(imported.change_no, ["a@campus.test"])).toMatchObject({ changed: true, kept: [], addresses: 1 });
  expect(await count("entries")).toBe(2);
  expect((await refusal(undo(imported.change_no))).message).toContain("undone already");
});

test("a mended file can be imported again after the undo", async () => {
  await importRows(database.db, ["a@campus.test,alias,wrong@far.test,"]);
  await undo((await newest()).change_no);
  await importRows(database.db, ["a@campus.test,alias,right@far.test,"]);
  expect((await getEntry(database.db, "alias", "a@campus.test")).targets).toEqual(["right@far.test"]);
});

/** Of 40,000 rows (2 busy cores): import 10 s, preview 10 s, undo 18 s, undo of that 20 s. */
const ROWS = 4_000;

test("many rows are previewed by samples, undone and done again", async () => {
  const patient = database.open({ statementMs: 120_000, lockMs: 60_000 });
  const rows = Array.from({ length: ROWS }, (_, i) => `p${i}@campus.test,alias,p${i}@mbx.test,`);
  const { preview } = await previewChange(patient, (db) => importRows(db, rows));
  expect(preview).toMatchObject({ gain: { count: 2000 }, lose: { count: 0 }, sampled: { looked: 2000, of: ROWS }, refusal: null });
  expect(await count("entries")).toBe(0);
  await importRows(patient, rows);
  const { change_no } = await newest();
  await setAlias(database.db, author, { address: "p7@campus.test", targets: ["p8@campus.test"] });
  expect(await undo(change_no)).toMatchObject({
    changed: false,
    conflicts: [
      { key: "p7@campus.test", member: "p7@mbx.test" },
      { key: "p7@campus.test", member: "p8@campus.test" },
    ],
  });
  const undone = await undo(change_no, "all");
  expect(undone).toMatchObject({ changed: true, addresses: ROWS });
  expect([await count("entries"), await count("targets"), await count("tombstones")]).toEqual([0, 0, 0]);
  expect(await undo(undone.changeNo ?? 0)).toMatchObject({ changed: true, addresses: ROWS });
  expect([await count("entries"), await count("targets")]).toEqual([ROWS, ROWS]);
  const actions = async (asked: { object?: string; after?: number }) =>
    (await changeSetsPage(database.db, { limit: 50, ...asked })).map(({ action }) => action);
  const newer = [`undo of #${undone.changeNo}`, `undo of #${change_no}`];
  expect(await actions({})).toEqual([...newer, "alias change", "import csv", "domain add"]);
  expect(await actions({ object: "p9@campus.test" })).toEqual([...newer, "import csv"]);
  expect(await actions({ after: change_no })).toEqual(["domain add"]);
  const shown = await changeSet(database.db, change_no + 5, { after: change_no + ROWS - 2, limit: 100 });
  expect(shown).toMatchObject({ change_no, count: ROWS + 1 });
  expect(shown.records).toHaveLength(2);
}, 120_000);
