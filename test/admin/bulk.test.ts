import { afterAll, beforeAll, expect, test } from "vitest";
import { addDomain } from "../../src/actions/domains.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { AUTHOR, type Caller, openPanel, type TestPanel } from "./support.ts";

let database: TestDatabase;
let panel: TestPanel;
let admin: Caller;
let ours: Caller;

beforeAll(async () => {
  database = await createDatabase();
  panel = openPanel(database);
  for (const domain of ["own.example", "other.example"]) await addDomain(database.db, AUTHOR, { domain });
  admin = await panel.as("root", [{ role: "superadmin" }]);
  ours = await panel.as("ours", [{ role: "department-admin", domain: "own.example" }]);
  for (const address of ["a@own.example", "b@own.example", "c@own.example", "a@other.example"])
    await admin("PUT", `/aliases/${address}`, { targets: ["old@mail.example"], note: "bulky" });
});
afterAll(async () => {
  await panel.close();
  await database.drop();
});

const disabled = async (address: string) => (await admin("GET", `/aliases/${address}`)).body.disabled;
const off = { kind: "disable", answer: "soft" };

test("chosen addresses: rehearsed with its reach, done as one change, undone as one", async () => {
  const body = { addresses: ["a@own.example", "b@own.example"], action: off };
  const dry = await ours("POST", "/aliases/bulk?dry_run=true", body);
  expect(dry).toMatchObject({
    status: 200,
    body: { matched: 2, done: 2, dry_run: true, change_no: null, preview: { lose: { count: 1 } } },
  });
  expect(await disabled("a@own.example")).toBeNull();
  const done = await ours("POST", "/aliases/bulk", body);
  expect(done.body).toMatchObject({ changed: true, done: 2, change_no: expect.any(Number) });
  expect(await disabled("b@own.example")).toBe("soft");
  expect((await ours("POST", `/changes/${done.body.change_no}/revert`, {})).body).toMatchObject({ changed: true });
  expect(await disabled("b@own.example")).toBeNull();
});

test("all that a search finds, as many as somebody has seen", async () => {
  const filter = { q: "bulky to:mail.example" };
  expect((await ours("GET", `/aliases/count?q=${encodeURIComponent(filter.q)}`)).body).toEqual({ count: 3, most: 5000 });
  const moved = await ours("POST", "/aliases/bulk", { filter, expected: 2, action: off });
  expect(moved).toMatchObject({ status: 409, body: { type: "/docs/problems#count-changed" } });
  expect(await disabled("a@own.example")).toBeNull();
  const replace = { kind: "replace", from: "old@mail.example", to: "new@mail.example" };
  expect((await ours("POST", "/aliases/bulk", { filter, expected: 3, action: replace })).body).toMatchObject({ matched: 3, done: 3 });
  expect((await admin("GET", "/aliases/a@own.example")).body.targets).toEqual(["new@mail.example"]);
  expect((await admin("GET", "/aliases/a@other.example")).body.targets).toEqual(["old@mail.example"]);
});

test("what lies in another department is not there, for every action", async () => {
  const actions = [
    off,
    { kind: "enable" },
    { kind: "owner", owner: "x@own.example" },
    { kind: "expiry", expires: "2127-01-01" },
    { kind: "delete" },
  ];
  for (const action of actions) {
    const ask = (address: string) => ours("POST", "/aliases/bulk", { addresses: ["a@own.example", address], action });
    const [foreign, none] = [await ask("a@other.example"), await ask("nobody@other.example")];
    expect([foreign.status, none.status], action.kind).toEqual([404, 404]);
    expect(foreign.body.detail.replace("a@", "nobody@")).toBe(none.body.detail);
  }
  expect((await admin("GET", "/aliases/a@own.example")).status).toBe(200);
  expect((await admin("GET", "/aliases/a@other.example")).body.owner).toBeNull();
});

test("one that a rule forbids keeps all from being changed", async () => {
  await admin("PUT", "/aliases/loop1@own.example", { targets: ["loop2@own.example"] });
  await admin("PUT", "/aliases/loop2@own.example", { targets: ["end@mail.example"] });
  const body = {
    addresses: ["loop2@own.example"],
    action: { kind: "replace", from: "end@mail.example", to: "loop1@own.example" },
  };
  const dry = await admin("POST", "/aliases/bulk?dry_run=true", body);
  expect(dry).toMatchObject({ status: 200, body: { changed: false, preview: { loop: expect.stringContaining("loop1@own.example") } } });
  expect((await admin("POST", "/aliases/bulk", body)).status).toBe(422);
});

test("hostile requests are refused, and owners have no bulk change", async () => {
  const bodies: unknown[] = [
    {},
    { addresses: [], action: off },
    { addresses: ["a@own.example"] },
    { addresses: ["a@own.example"], action: { kind: "drop" } },
    { addresses: ["a@own.example"], action: { ...off, version: 1 } },
    { addresses: ["a@own.example"], filter: { q: "" }, expected: 1, action: off },
    { filter: { q: "a" }, action: off },
    { filter: { q: "a", sql: "x" }, expected: 1, action: off },
    { filter: { q: "nonsense:1" }, expected: 1, action: off },
    { addresses: Array.from({ length: 5001 }, () => "a@own.example"), action: off },
  ];
  for (const body of bodies) expect((await admin("POST", "/aliases/bulk", body)).status, JSON.stringify(body).slice(0, 90)).toBe(400);
  const owner = await panel.as("boss", [], ["boss@own.example"]);
  expect((await owner("POST", "/aliases/bulk", { addresses: ["a@own.example"], action: off })).status).toBe(403);
});

test("an export holds what its reader may see, formulas disarmed", async () => {
  for (const [i, note] of ["=1", "+1", "-1", "@x", "＝1"].entries())
    await admin("PUT", `/aliases/formula${i}@own.example`, { targets: ["x@mail.example"], note });
  const csv = await ours("GET", "/aliases/export");
  expect(csv.body).not.toContain("other.example");
  for (const note of ["'=1", "'+1", "'-1", "'@x", "'＝1"]) expect(csv.body).toContain(note);
  const lines = (await ours("GET", "/aliases/export?format=jsonl")).body
    .trimEnd()
    .split("\n")
    .map((text: string) => JSON.parse(text));
  expect(lines.find(({ address }: { address: string }) => address === "formula0@own.example").note).toBe("=1");
});
