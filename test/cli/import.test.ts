import { spawnSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { addDomain } from "../../src/actions/domains.ts";
import { author, emptied } from "../actions/support.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { commandLine, mailroom, onTerminal } from "./support.ts";

let database: TestDatabase;
let cwd: string;
beforeAll(async () => {
  database = await createDatabase();
});
afterAll(() => database.drop());
beforeEach(async () => {
  await emptied(database.db);
  await addDomain(database.db, author, { domain: "campus.test" });
  cwd = await mkdtemp(join(tmpdir(), "mailroom-cli-import-"));
  return () => rm(cwd, { recursive: true });
});

const env = () => ({ MAILROOM_DATABASE_URL: database.url });
const run = (...args: string[]) => mailroom(["import", ...args], { cwd, env: env() });
const count = async () => (await database.db.query({ text: "select from entries" })).rowCount;
const GOOD = "address,targets,kind\na@campus.test,x@far.test,alias\nl@campus.test,x@far.test y@far.test,list\n";
const BAD = `${GOOD}ann,x@far.test,alias\nb@far.test,x@far.test,alias\n`;

test("--dry-run previews and stops, --yes imports; the numbers are data, the rest is words", async () => {
  await writeFile(join(cwd, "people.csv"), GOOD);
  const dry = await run("csv", "people.csv", "--dry-run");
  expect(dry).toMatchObject({ code: 0, out: "+2 new  ~0 changed  −0 removed  0 same  0 problems\n" });
  expect(dry.err).toContain("Nothing was changed.");
  expect(await count()).toBe(0);
  const done = await run("csv", "people.csv", "--yes", "--why", "MOVE-3");
  expect(done).toMatchObject({ code: 0, out: dry.out });
  expect(done.err).toContain("Imported.");
  expect(await count()).toBe(2);
  const { rows } = await database.db.query({ text: "select why, after from change_records where object = 'people.csv'" });
  expect(rows).toMatchObject([{ why: "MOVE-3", after: { new: 2 } }]);
  expect((await run("csv", "people.csv")).code).toBe(0); // all the same: nothing to ask
}, 60_000);

test("bad rows: listed with line, reason and suggestion, written to a file here, 65, nothing imported", async () => {
  await mkdir(join(cwd, "in"));
  await writeFile(join(cwd, "in", "people.csv"), BAD);
  for (const flag of ["--dry-run", "--yes"]) {
    const ended = await run("csv", "in/people.csv", flag);
    expect(ended.code).toBe(65);
    expect(ended.out).toBe(
      'line 4: address "ann": the domain is missing; write ann@domain, or name the domain with --domain\n' +
        "line 5: far.test is not one of our domains; mailroom domain add far.test, or take the row out\n" +
        "+2 new  ~0 changed  −0 removed  0 same  2 problems (people.problems.csv)\n",
    );
  }
  expect(await readdir(cwd)).toEqual(["in", "people.problems.csv"]);
  expect(await readFile(join(cwd, "people.problems.csv"), "utf8")).toContain("ann,x@far.test,alias,");
  expect(await count()).toBe(0);
}, 60_000);

test("progress counts the rows that were read, and is no part of what --json prints", async () => {
  await writeFile(join(cwd, "people.csv"), GOOD);
  const dry = await run("csv", "people.csv", "--dry-run", "--json");
  expect(dry.err).toContain("70 % 2 rows read\n");
  expect(dry.err).toContain("100 % compared; nothing is written\n");
  expect(dry.err).not.toContain("0 rows");
  expect(JSON.parse(dry.out)).toMatchObject({ applied: false, new: 2 }); // one value and nothing beside it
  await writeFile(join(cwd, "one.csv"), "address,targets\na@campus.test,x@far.test\n");
  expect((await run("csv", "one.csv", "--dry-run")).err).toContain("70 % 1 row read\n");
}, 60_000);

test("--json: each problem, then the numbers", async () => {
  await writeFile(join(cwd, "people.csv"), BAD);
  const ended = await mailroom(["--json", "import", "csv", "people.csv", "--yes"], { cwd, env: env() });
  expect(ended.code).toBe(65);
  const values = ended.out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as unknown);
  expect(values).toMatchObject([
    { line: 4, problem: expect.any(String), fix: expect.any(String) },
    { line: 5 },
    { new: 2, problems: 2, applied: false, problems_file: "people.problems.csv" },
  ]);
}, 60_000);

test("without --yes and without a terminal: the preview, then 64 naming the flag", async () => {
  await writeFile(join(cwd, "people.csv"), GOOD);
  const ended = await run("csv", "people.csv");
  expect(ended).toMatchObject({ code: 64, out: "+2 new  ~0 changed  −0 removed  0 same  0 problems\n" });
  expect(ended.err).toContain("--yes");
  expect(await count()).toBe(0);
}, 60_000);

test("on a terminal: a bar, a question, and what the answer says", async () => {
  await writeFile(join(cwd, "people.csv"), GOOD);
  const no = await onTerminal(["import", "csv", "people.csv"], "n\n", { cwd, env: { ...env(), TERM: "xterm" } });
  expect(no.out).toContain("Import people.csv? [y/N]");
  expect(no).toMatchObject({ code: 1 });
  expect(await count()).toBe(0);
  const yes = await onTerminal(["import", "csv", "people.csv"], "y\n", { cwd, env: { ...env(), TERM: "xterm" } });
  expect(yes).toMatchObject({ code: 0 });
  expect(yes.out).toContain("█");
  expect(await count()).toBe(2);
}, 60_000);

test("not on a terminal the progress is one plain line for each 10 %", async () => {
  const rows = Array.from({ length: 20_000 }, (_, n) => `a${n}@campus.test,x@far.test,alias\n`).join("");
  await writeFile(join(cwd, "many.csv"), `address,targets,kind\n${rows}`);
  const ended = await run("csv", "many.csv", "--yes");
  expect(ended.code).toBe(0);
  const shares = [...ended.err.matchAll(/^(\d+) % .+$/gm)].map((match) => Number(match[1]));
  expect(shares.length).toBeGreaterThan(3);
  expect(shares).toEqual([...new Set(shares)].sort((a, b) => a - b));
  expect(shares.at(-1)).toBe(100);
  expect(ended.err).not.toContain("\u001b");
}, 60_000);

test.each([
  ["a file that is not there", "none.csv", 1, /there is no none\.csv/],
  ["a directory", ".", 65, /is a directory/],
  ["a device that never ends", "/dev/zero", 65, /no regular file/],
  ["a fifo nobody writes to", "fifo", 65, /no regular file/],
  ["a program", process.execPath, 65, /no text file/],
])(
  "%s: its exit code and a sentence",
  async (_name, path, code, err) => {
    if (path === "fifo") spawnSync("mkfifo", [join(cwd, path)]);
    const ended = await run("csv", path, "--yes");
    expect(ended).toMatchObject({ code, out: "" });
    expect(ended.err).toMatch(err);
  },
  60_000,
);

test("a file one may not read: 77", async () => {
  await writeFile(join(cwd, "secret.csv"), GOOD, { mode: 0o000 });
  const line = [...commandLine(["import", "csv", "secret.csv", "--yes"])];
  // Root may read everything, so it becomes nobody; the database is reached over the socket by a role without password.
  const asNobody = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
  await chmod(cwd, 0o755);
  const ended = spawnSync(line[0] ?? "", line.slice(1), {
    cwd,
    env: { PATH: process.env["PATH"], ...env() },
    encoding: "utf8",
    ...asNobody,
  });
  expect(ended.stderr).toMatch(/secret\.csv: not allowed \(EACCES\)/);
  expect(ended.status).toBe(77);
}, 60_000);
