import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { setAlias } from "../../src/actions/aliases.ts";
import { addDomain } from "../../src/actions/domains.ts";
import { forgetUploads } from "../../src/actions/import/uploads.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { type Answer, AUTHOR, type Caller, openPanel, type TestPanel } from "./support.ts";

let database: TestDatabase;
let panel: TestPanel;
let admin: Caller;
let ours: Caller;
let others: Caller;

beforeAll(async () => {
  database = await createDatabase();
  panel = openPanel(database);
  for (const domain of ["own.example", "other.example"]) await addDomain(database.db, AUTHOR, { domain });
  admin = await panel.as("root", [{ role: "superadmin" }]);
  ours = await panel.as("ours", [{ role: "department-admin", domain: "own.example" }]);
  others = await panel.as("others", [{ role: "department-admin", domain: "other.example" }]);
});
afterAll(async () => {
  await panel.close();
  await database.drop();
});

/** Waits until a run has ended, as a closed tab that comes back would. */
async function ended(by: Caller, id: number): Promise<Answer> {
  for (const until = Date.now() + 120_000; ; await sleep(50)) {
    const answer = await by("GET", `/imports/${id}`);
    if (["ready", "applied", "failed"].includes(answer.body.state)) return answer;
    if (Date.now() > until) throw new Error(`still not done: ${JSON.stringify(answer.body)}`);
  }
}
async function preview(by: Caller, content: string, more: object = {}): Promise<Answer> {
  const posted = await by("POST", "/imports", { name: "people.csv", format: "csv", content, ...more });
  expect(posted.status, JSON.stringify(posted.body)).toBe(202);
  expect(posted.headers.get("location")).toBe(`/api/v1/operations/import-${posted.body.id}`);
  return ended(by, posted.body.id);
}
const apply = (by: Caller, { body, headers }: Answer) =>
  by("POST", `/imports/${body.id}/apply`, {}, { "if-match": headers.get("etag") ?? "" });
const problems = async (by: Caller, id: number) => (await by("GET", `/imports/${id}/lines?state=problem&limit=200`)).body.items;

test("a file is previewed with its reach, applied whole, and undone", async () => {
  const seen = await preview(admin, "address,targets,note\nann@own.example,ann@mail.example,hello\nraj@own.example,raj@mail.example,\n");
  expect(seen.body).toMatchObject({ state: "ready", found: { counts: { new: 2, problems: 0 }, reach: { gain: { count: 2 } } } });
  expect((await admin("GET", "/aliases/ann@own.example")).status).toBe(404);
  const rows = await admin("GET", `/imports/${seen.body.id}/lines?state=new`);
  expect(rows.body.items[0]).toMatchObject({ line: 2, address: "ann@own.example", before: null, after: { targets: ["ann@mail.example"] } });
  expect((await apply(admin, seen)).status).toBe(202);
  const done = await ended(admin, seen.body.id);
  expect(done.body).toMatchObject({ state: "applied", change_no: expect.any(Number) });
  expect((await admin("GET", "/aliases/ann@own.example")).body.note).toBe("hello");
  expect((await admin("GET", `/operations/import-${seen.body.id}`)).body).toMatchObject({ state: "applied", progress: 1 });
  expect((await admin("POST", `/changes/${done.body.change_no}/revert`, {})).body).toMatchObject({ changed: true, addresses: 2 });
  expect((await admin("GET", "/aliases/ann@own.example")).status).toBe(404);
  expect((await apply(admin, seen)).status).toBe(422);
});

test("bad rows keep all from being applied; mended from the file of problems, or left out, the rest is", async () => {
  const content = "address,targets,note\ngood@own.example,a@mail.example,\nbad@@own.example,b@mail.example,=cmd|'/c calc'!A1\n";
  const seen = await preview(admin, content);
  expect(seen.body).toMatchObject({ found: { counts: { new: 1, problems: 1 }, reach: null } });
  expect((await apply(admin, seen)).status).toBe(422);
  const csv = await admin("GET", `/imports/${seen.body.id}/problems.csv`);
  expect(csv.headers.get("content-type")).toContain("text/csv");
  expect(csv.body).toMatch(/^address,targets,note,problem\r\nbad@@own\.example,b@mail\.example,.?'=cmd/);
  const again = await admin("POST", `/imports/${seen.body.id}/preview`, { skip_problems: true });
  expect(again.status).toBe(202);
  const without = await ended(admin, seen.body.id);
  expect(without.body).toMatchObject({ skip_problems: true, found: { reach: { gain: { count: 1 } } } });
  expect((await apply(admin, without)).status).toBe(202);
  expect((await ended(admin, seen.body.id)).body.state).toBe("applied");
  expect((await admin("GET", "/aliases/good@own.example")).status).toBe(200);
});

test("a directory that moved since the preview: 412, and nothing is imported", async () => {
  const seen = await preview(admin, "address,targets\nmoved@own.example,a@mail.example\n");
  await setAlias(database.db, AUTHOR, { address: "between@own.example", targets: ["a@mail.example"] });
  expect(await apply(admin, seen)).toMatchObject({ status: 412, body: { type: "/docs/problems#stale-version" } });
  expect((await admin("POST", `/imports/${seen.body.id}/apply`, {})).status).toBe(428);
  expect((await admin("POST", `/imports/${seen.body.id}/apply`, {}, { "if-match": '"1"' })).status).toBe(412);
  expect((await admin("GET", "/aliases/moved@own.example")).status).toBe(404);
});

test("odd files: a BOM, NULs, duplicates, a loop, foreign names, and formulas come back as they were", async () => {
  const content = [
    "\ufeffaddress,targets,note",
    "bom@own.example,a@mail.example,'=1+1",
    "nul\u0000@own.example,a@mail.example,",
    "twice@own.example,a@mail.example,",
    "twice@own.example,b@mail.example,",
    "ring1@own.example,ring2@own.example,",
    "ring2@own.example,ring1@own.example,",
    "somebody@gmail.example,a@mail.example,",
    "ж@own.example,a@mail.example,",
  ].join("\n");
  const seen = await preview(admin, content);
  const found = await problems(admin, seen.body.id);
  expect(found.map(({ line }: { line: number }) => line)).toEqual([3, 5, 6, 7, 8, 9]);
  expect(found.find(({ line }: { line: number }) => line === 6).problem).toMatch(/loop: ring1@own\.example → ring2@own\.example/);
  await admin("POST", `/imports/${seen.body.id}/preview`, { skip_problems: true });
  await apply(admin, await ended(admin, seen.body.id));
  expect((await ended(admin, seen.body.id)).body.state).toBe("applied");
  expect((await admin("GET", "/aliases/bom@own.example")).body.note).toBe("=1+1");
  const csv = await admin("GET", "/aliases/export?format=csv");
  expect(csv.body).toContain("'=1+1");
  const json = await admin("GET", "/aliases/export?format=jsonl");
  expect(json.body).toContain('"note":"=1+1"');
});

test("a file in another encoding is read as it is, or as somebody says", async () => {
  const octets = Buffer.from("address;targets;note\numlaut@own.example;a@mail.example;Büro\n", "latin1");
  const posted = await admin("POST", "/imports", { name: "büro.csv", format: "csv", content_base64: octets.toString("base64") });
  const seen = await ended(admin, posted.body.id);
  expect(seen.body.found.remarks[0]).toMatch(/windows-1252, columns separated by semicolon/);
  expect((await admin("GET", `/imports/${seen.body.id}/lines?state=new`)).body.items[0].after.note).toBe("Büro");
  await admin("POST", `/imports/${seen.body.id}/preview`, { delimiter: "comma" });
  expect((await ended(admin, seen.body.id)).body).toMatchObject({
    state: "failed",
    failure: { message: expect.stringMatching(/no column address/) },
  });
});

test("an upload reads no file of the server", async () => {
  const posted = await admin("POST", "/imports", {
    name: "aliases",
    format: "aliases",
    domain: "own.example",
    content: "root: :include:/etc/passwd\nfile: :include:aliases\n",
  });
  const seen = await ended(admin, posted.body.id);
  const found = await problems(admin, seen.body.id);
  expect(found).toHaveLength(2);
  for (const { problem } of found) expect(problem).toMatch(/names a file of the server/);
  expect(JSON.stringify(found)).not.toMatch(/root:x|nologin/);
});

test("a department imports into its own domains, and sees nobody else's imports", async () => {
  const seen = await preview(
    ours,
    "address,targets\ndep@own.example,a@mail.example\ndep@other.example,a@mail.example\ndep@no.example,a@mail.example\n",
  );
  const found = await problems(ours, seen.body.id);
  expect(found.map(({ line }: { line: number }) => line)).toEqual([3, 4]);
  const [other, none] = found.map(({ problem }: { problem: string }) => problem.replace(/(other|no)\.example/, "X"));
  expect(other).toBe(none);
  for (const caller of [others])
    for (const [method, path] of [
      ["GET", ""],
      ["GET", "/lines"],
      ["GET", "/problems.csv"],
      ["POST", "/preview"],
      ["POST", "/apply"],
    ] as const) {
      const ask = (id: number) => caller(method, `/imports/${id}${path}`, method === "POST" ? {} : undefined, { "if-match": '"1"' });
      const [there, nowhere] = [await ask(seen.body.id), await ask(999_999)];
      expect([there.status, nowhere.status], `${method} ${path}`).toEqual([404, 404]);
    }
  expect((await others("GET", `/operations/import-${seen.body.id}`)).status).toBe(404);
  expect((await others("GET", "/imports")).body.items).toEqual([]);
  const replacing = await preview(ours, "address,targets\ndep@own.example,a@mail.example\n", { replaces: true, domain: "other.example" });
  expect(replacing.body.state).toBe("failed");
  const virtual = await preview(ours, "@own.example @other.example\n", { format: "postfix-virtual" });
  expect(virtual.body.found.counts).toMatchObject({ changed: 0, problems: 1 });
  const wide = await preview(
    ours,
    `address,targets\n${Array.from({ length: 5001 }, (_, i) => `w${i}@own.example,a@mail.example`).join("\n")}`,
  );
  expect(wide.body).toMatchObject({ state: "failed", failure: { message: expect.stringMatching(/more than 5,000 rows/) } });
});

test("a file that replaces says what share of the domain goes, and leaves no row out", async () => {
  await addDomain(database.db, AUTHOR, { domain: "small.example" });
  for (const name of ["a", "b", "c"])
    await setAlias(database.db, AUTHOR, { address: `${name}@small.example`, targets: ["x@mail.example"] });
  const seen = await preview(admin, "address,targets\na@small.example,x@mail.example\n", { replaces: true });
  expect(seen.body.found).toMatchObject({
    counts: { removed: 2, same: 1 },
    warnings: [expect.stringMatching(/removes 67 % of small\.example/)],
  });
  const removed = await admin("GET", `/imports/${seen.body.id}/lines?state=removed`);
  expect(removed.body.items.map(({ address }: { address: string }) => address)).toEqual(["b@small.example", "c@small.example"]);
  const skipping = await preview(admin, "address,targets\na@small.example,x@mail.example\nb@@small.example,x@mail.example\n", {
    replaces: true,
    skip_problems: true,
  });
  expect(skipping.body).toMatchObject({ state: "failed", failure: { message: expect.stringMatching(/cannot be left out/) } });
});

test("a server that died at it leaves an import broken off, which can be begun anew", async () => {
  const seen = await preview(admin, "address,targets\nphoenix@own.example,a@mail.example\n");
  const { id } = seen.body;
  await database.db.query({
    text: "update import_uploads set state = 'reading', round = round + 1, touched_at = now() - interval '5 seconds' where upload_no = $1",
    values: [id],
  });
  expect((await admin("POST", `/imports/${id}/preview`, {})).status).toBe(409);
  await database.db.query({
    text: "update import_uploads set touched_at = now() - interval '1 minute' where upload_no = $1",
    values: [id],
  });
  expect((await admin("GET", `/imports/${id}`)).body.state).toBe("broken-off");
  expect((await admin("POST", `/imports/${id}/preview`, {})).status).toBe(202);
  expect((await ended(admin, id)).body.state).toBe("ready");
});

test("hostile requests are refused, and other bodies keep their limit", async () => {
  const bodies: unknown[] = [
    {},
    { name: "x", format: "exe", content: "" },
    { name: "x", format: "csv" },
    { name: "x", format: "csv", content: "a", content_base64: "YQ==" },
    { name: "x", format: "csv", content_base64: "%%%" },
    { name: "x", format: "csv", content: "a", principal: "ldap:other" },
    { name: "x", format: "csv", content: "a", delimiter: "\n" },
  ];
  for (const body of bodies) expect((await admin("POST", "/imports", body)).status, JSON.stringify(body)).toBe(400);
  const big = "x".repeat(2_000_000);
  expect((await admin("POST", "/imports", { name: "x", format: "csv", content: big })).status).toBe(202);
  expect((await admin("PUT", "/aliases/x@own.example", { targets: [big] })).status).toBe(413);
  const binary = await admin("POST", "/imports", {
    name: "x.xlsx",
    format: "csv",
    content_base64: Buffer.alloc(2000, 1).toString("base64"),
  });
  expect((await ended(admin, binary.body.id)).body.failure.message).toMatch(/no text file/);
  const named = await admin("POST", "/imports", { name: "../../evil@other.example\n", format: "csv", content: "address,targets\n" });
  expect((await ended(admin, named.body.id)).body.name).toBe("file evil_other.example_");
});

test("20,000 rows are read and applied, and files of yesterday are gone", async () => {
  const rows = Array.from({ length: 20_000 }, (_, i) => `mass${i}@own.example,m${i}@mail.example`);
  const seen = await preview(admin, `address,targets\n${rows.join("\n")}\n`);
  expect(seen.body.found).toMatchObject({ counts: { new: 20_000, problems: 0 }, reach: null });
  await apply(admin, seen);
  const done = await ended(admin, seen.body.id);
  expect(done.body.state).toBe("applied");
  expect((await admin("GET", "/aliases/mass19999@own.example")).body.targets).toEqual(["m19999@mail.example"]);
  await database.db.query({
    text: "update import_uploads set made_at = now() - interval '25 hours' where upload_no = $1",
    values: [seen.body.id],
  });
  await forgetUploads(database.db);
  expect((await admin("GET", `/imports/${seen.body.id}`)).status).toBe(404);
}, 180_000);
