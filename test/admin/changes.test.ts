import { afterAll, beforeAll, expect, test } from "vitest";
import { setAlias } from "../../src/actions/aliases.ts";
import { bulkChange } from "../../src/actions/bulk.ts";
import { addDomain } from "../../src/actions/domains.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { AUTHOR, type Caller, openPanel, type TestPanel } from "./support.ts";

let database: TestDatabase;
let panel: TestPanel;
let admin: Caller;
let ours: Caller;
let others: Caller;
let owner: Caller;

beforeAll(async () => {
  database = await createDatabase();
  panel = openPanel(database);
  for (const domain of ["own.example", "other.example"]) await addDomain(database.db, AUTHOR, { domain });
  admin = await panel.as("root", [{ role: "superadmin" }]);
  ours = await panel.as("ours", [{ role: "department-admin", domain: "own.example" }]);
  others = await panel.as("others", [{ role: "department-admin", domain: "other.example" }]);
  owner = await panel.as("boss", [], ["boss@own.example"]);
});
afterAll(async () => {
  await panel.close();
  await database.drop();
});

const make = async (by: Caller, address: string, more: object = {}): Promise<number> => {
  const answer = await by("PUT", `/aliases/${address}`, { targets: ["a@elsewhere.example"], ...more });
  expect(answer.status, JSON.stringify(answer.body)).toBe(201);
  return answer.body.change_no;
};
const edit = async (by: Caller, address: string, patch: object) => {
  const { headers } = await by("GET", `/aliases/${address}`);
  const answer = await by("PATCH", `/aliases/${address}`, patch, { "if-match": headers.get("etag") ?? "" });
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  return answer.body.change_no as number;
};
/** One change set that touches both departments. */
async function shared(name: string): Promise<number> {
  for (const domain of ["own.example", "other.example"])
    await setAlias(database.db, AUTHOR, { address: `${name}@${domain}`, targets: ["a@elsewhere.example"] });
  await bulkChange(
    database.db,
    AUTHOR,
    { addresses: [`${name}@own.example`, `${name}@other.example`] },
    { kind: "disable", answer: "soft" },
  );
  const { body } = await admin("GET", "/changes?limit=1");
  return body.items[0].change_no;
}

test("change sets come newest first, page by page, and each once", async () => {
  for (let i = 0; i < 5; i++) await make(admin, `page${i}@own.example`);
  const seen: number[] = [];
  let cursor: string | null = "";
  for (let pages = 0; cursor !== null && pages < 50; pages++) {
    const answer: Awaited<ReturnType<Caller>> = await admin("GET", `/changes?limit=2${cursor === "" ? "" : `&cursor=${cursor}`}`);
    expect(answer.status).toBe(200);
    seen.push(...answer.body.items.map(({ change_no }: { change_no: number }) => change_no));
    cursor = answer.body.next_cursor;
  }
  expect(seen).toEqual([...new Set(seen)].toSorted((a, b) => b - a));
  expect(seen.length).toBeGreaterThanOrEqual(8);
});

test("filters: an address, an author, a day", async () => {
  const no = await make(admin, "filtered@own.example");
  const numbers = async (query: string) =>
    (await admin("GET", `/changes?${query}`)).body.items.map(({ change_no }: { change_no: number }) => change_no);
  expect(await numbers("object=Filtered@own.example")).toEqual([no]);
  expect(await numbers(`actor=${encodeURIComponent("ldap:root via panel")}`)).toContain(no);
  expect(await numbers("actor=nobody")).toEqual([]);
  expect(await numbers("since=2999-01-01")).toEqual([]);
  for (const query of ["since=yesterday", "cursor=abc", "limit=1000000000", "nonsense=1"])
    expect((await admin("GET", `/changes?${query}`)).status, query).toBe(400);
});

test("a department sees what touches its domains; what else a set touched is counted and not named", async () => {
  const foreign = await make(admin, "secret@other.example");
  const both = await shared("both");
  const list = await ours("GET", "/changes?limit=200");
  const numbers = list.body.items.map(({ change_no }: { change_no: number }) => change_no);
  expect(numbers).toContain(both);
  expect(numbers).not.toContain(foreign);
  expect(JSON.stringify(list.body)).not.toMatch(/@other\.example/);
  const set = await ours("GET", `/changes/${both}`);
  expect(set.body).toMatchObject({ hidden: 1, object: null });
  expect(set.body.records.map(({ object }: { object: string }) => object)).toEqual(["both@own.example"]);
  expect((await admin("GET", `/changes/${both}`)).body).toMatchObject({ hidden: 0, count: 3 });
});

test("another department's change set is not there: for looking, undoing and exporting the same as one that does not exist", async () => {
  const foreign = await make(admin, "closed@other.example");
  for (const caller of [ours, owner])
    for (const [method, path] of [
      ["GET", ""],
      ["POST", "/revert"],
    ] as const) {
      const ask = (no: number) => caller(method, `/changes/${no}${path}`, method === "POST" ? { overwrite: "all" } : undefined);
      const [there, nowhere] = [await ask(foreign), await ask(99_999_999)];
      expect([there.status, nowhere.status]).toEqual([404, 404]);
      expect(there.body.detail.replace(String(foreign), "N")).toBe(nowhere.body.detail.replace("99999999", "N"));
    }
  const exported = await ours("GET", "/changes/export");
  expect(exported.body).toContain("@own.example");
  expect(exported.body).not.toMatch(/"object":"[^"]*other\.example"/);
});

test("numbers that are none are refused", async () => {
  for (const id of ["0", "-1", "1.5", "x", "1e99", "9007199254740993"])
    expect([400, 404], id).toContain((await admin("GET", `/changes/${id}`)).status);
});

test("undo: the address is as it was, and the undo can be undone", async () => {
  await make(admin, "undone@own.example");
  const no = await edit(admin, "undone@own.example", { targets: ["b@elsewhere.example"] });
  const dry = await admin("POST", `/changes/${no}/revert?dry_run=true`, {});
  expect(dry.body).toMatchObject({ dry_run: true, change_no: null, preview: { gain: { first: ["a@elsewhere.example"] } } });
  const undone = await admin("POST", `/changes/${no}/revert`, {});
  expect(undone).toMatchObject({ status: 200, body: { changed: true, undone: no, change_no: expect.any(Number) } });
  expect((await admin("GET", "/aliases/undone@own.example")).body.targets).toEqual(["a@elsewhere.example"]);
  expect((await admin("POST", `/changes/${no}/revert`, {})).status).toBe(422);
  await admin("POST", `/changes/${undone.body.change_no}/revert`, {});
  expect((await admin("GET", "/aliases/undone@own.example")).body.targets).toEqual(["b@elsewhere.example"]);
});

test("later edits are listed and nothing is done, until somebody says what becomes of them", async () => {
  await make(admin, "later@own.example");
  const no = await edit(admin, "later@own.example", { note: "first" });
  await edit(ours, "later@own.example", { note: "second" });
  const refused = await admin("POST", `/changes/${no}/revert`, {});
  expect(refused).toMatchObject({
    status: 409,
    body: { type: "/docs/problems#later-edits", conflicts: [{ key: "later@own.example", by: "ldap:ours via panel" }], conflict_count: 1 },
  });
  expect((await admin("GET", "/aliases/later@own.example")).body.note).toBe("second");
  const done = await admin("POST", `/changes/${no}/revert`, { overwrite: ["later@own.example"] });
  expect(done.body).toMatchObject({ changed: true, kept: [] });
  expect((await admin("GET", "/aliases/later@own.example")).body.note).toBeNull();
});

test("a department undoes what its own people did in its own domains, and nothing else", async () => {
  const own = await edit(ours, "later@own.example", { note: "ours" });
  expect((await ours("POST", `/changes/${own}/revert`, {})).status).toBe(200);
  const ofRoot = await edit(admin, "later@own.example", { note: "root's" });
  expect((await ours("POST", `/changes/${ofRoot}/revert`, {})).status).toBe(422);
  const both = await shared("mixed");
  const answer = await ours("POST", `/changes/${both}/revert`, { overwrite: "all" });
  expect(answer.status).toBe(422);
  expect(JSON.stringify(answer.body)).not.toMatch(/@other\.example/);
  expect((await others("GET", "/aliases/mixed@other.example")).body.disabled).toBe("soft");
});

test("an owner sees the changes of what they own and undoes their own ones", async () => {
  await make(admin, "mine@own.example", { owner: "boss@own.example" });
  const no = await edit(owner, "mine@own.example", { note: "by its owner" });
  const list = await owner("GET", "/changes");
  expect(list.body.items.map(({ object }: { object: string }) => object)).toEqual(["mine@own.example", "mine@own.example"]);
  expect((await owner("POST", `/changes/${no}/revert`, {})).status).toBe(200);
  const ofAdmin = await edit(ours, "mine@own.example", { note: "by the department" });
  expect((await owner("POST", `/changes/${ofAdmin}/revert`, {})).status).toBe(422);
  const gone = await owner("DELETE", "/aliases/mine@own.example", undefined, {
    "if-match": (await owner("GET", "/aliases/mine@own.example")).headers.get("etag") ?? "",
  });
  expect(gone.status).toBe(200);
  expect((await owner("POST", `/changes/${gone.body.change_no}/revert`, {})).status).toBe(200);
});

test("every write rehearsed says what it would do to mail, and a loop is an answer", async () => {
  await make(admin, "b@own.example", { targets: ["c@own.example"] });
  await make(admin, "c@own.example", { targets: ["d@elsewhere.example"] });
  const gain = await admin("PUT", "/aliases/new@own.example?dry_run=true", { targets: ["c@own.example"] });
  expect(gain).toMatchObject({
    status: 200,
    body: { dry_run: true, change_no: null, preview: { gain: { count: 1, first: ["d@elsewhere.example"] }, outside: { count: 1 } } },
  });
  expect((await admin("GET", "/aliases/new@own.example")).status).toBe(404);
  const { headers } = await admin("GET", "/aliases/c@own.example");
  const etag = { "if-match": headers.get("etag") ?? "" };
  const loop = await admin("PATCH", "/aliases/c@own.example?dry_run=true", { targets: ["b@own.example"] }, etag);
  expect(loop).toMatchObject({ status: 200, body: { changed: false, preview: { refusal: { message: expect.any(String) } } } });
  expect(loop.body.preview.loop).toMatch(/b@own\.example/);
  expect((await admin("PATCH", "/aliases/c@own.example", { targets: ["b@own.example"] }, etag)).status).toBe(422);
});

test("a preview names nobody outside of the scope", async () => {
  await make(admin, "hidden-list@other.example", { targets: ["hidden.person@other.example"] });
  await make(admin, "hidden.person@other.example", { targets: ["hidden@mailbox.example"] });
  const { body } = await ours("PUT", "/aliases/curious@own.example?dry_run=true", { targets: ["hidden-list@other.example"] });
  expect(body.preview.gain).toEqual({ count: 1, first: [] });
  expect(JSON.stringify(body.preview)).not.toMatch(/hidden@mailbox/);
});

test("what is none of the directory's is listed, and cannot be undone", async () => {
  const { body } = await admin("GET", "/changes?object=ldap:ours");
  expect(body.items[0]).toMatchObject({ action: "role grant", undoable: false });
  expect((await admin("POST", `/changes/${body.items[0].change_no}/revert`, {})).status).toBe(422);
});

test("the export is lines of JSON, and no record holds a secret", async () => {
  const exported = await admin("GET", "/changes/export");
  expect(exported.headers.get("content-disposition")).toContain("changes.jsonl");
  const lines = exported.body
    .trimEnd()
    .split("\n")
    .map((text: string) => JSON.parse(text));
  expect(lines.length).toBeGreaterThan(10);
  expect(lines[0]).toMatchObject({ change_no: expect.any(Number), at: expect.any(String), actor: expect.any(String) });
  expect(exported.body).not.toMatch(/argon2|hash"/);
});
