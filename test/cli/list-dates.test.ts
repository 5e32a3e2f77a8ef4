/** Members with dates from the command line, and moments that nobody can mean. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { mailroom } from "./support.ts";

let database: TestDatabase;
let cwd: string;
beforeAll(async () => {
  database = await createDatabase();
  cwd = await mkdtemp(join(tmpdir(), "mailroom-cli-"));
  for (const line of [
    "domain add dates.test",
    "list create club@dates.test",
    "alias set soon@dates.test --to a@mbx.test --starts 2126-01-01",
  ])
    expect(await run(line)).toMatchObject({ code: 0 });
}, 120_000);
afterAll(async () => {
  await rm(cwd, { recursive: true });
  await database.drop();
});

const run = (line: string) => mailroom(line.split(" "), { cwd, env: { MAILROOM_DATABASE_URL: database.url } });
const dates = async () => {
  const { rows } = await database.db.query<{ target: string; starts_at: Date | null; expires_at: Date | null }>({
    text: "select target, starts_at, expires_at from targets where address = 'club@dates.test' order by target",
  });
  return rows.map((row) => [row.target, row.starts_at?.toISOString() ?? null, row.expires_at?.toISOString() ?? null]);
};

test("members are added with their dates; who is one already keeps theirs", async () => {
  expect(await run("list add club@dates.test a@mbx.test b@mbx.test --starts 2126-09-01 --expires 2127-01-31")).toMatchObject({ code: 0 });
  expect(await run("list add club@dates.test a@mbx.test c@mbx.test")).toMatchObject({ code: 0 });
  expect(await dates()).toEqual([
    ["a@mbx.test", "2126-09-01T00:00:00.000Z", "2127-02-01T00:00:00.000Z"],
    ["b@mbx.test", "2126-09-01T00:00:00.000Z", "2127-02-01T00:00:00.000Z"],
    ["c@mbx.test", null, null],
  ]);
  const { rows } = await database.db.query<{ after: unknown }>({
    text: "select after from change_records where action = 'list add' order by change_no",
  });
  expect(rows.map(({ after }) => after)).toEqual([
    { members: ["a@mbx.test", "b@mbx.test"], starts_at: "2126-09-01T00:00:00.000Z", expires_at: "2127-02-01T00:00:00.000Z" },
    { members: ["c@mbx.test"] },
  ]);
}, 120_000);

test.each([
  ["list add club@dates.test d@mbx.test --starts 2026-13-45", 65],
  ["list add club@dates.test d@mbx.test --starts 2026-02-30", 65],
  ["list add club@dates.test d@mbx.test --expires 2001-01-01", 65],
  ["list add club@dates.test d@mbx.test --starts 2127-01-01 --expires 2126-01-01", 65],
  ["list add club@dates.test d@mbx.test --exclude --starts 2126-01-01", 65],
  ["list remove club@dates.test d@mbx.test --starts 2126-01-01", 64],
])(
  "%s: %i, and nothing is written",
  async (line, code) => {
    const before = await dates();
    expect(await run(line)).toMatchObject({ code, err: expect.stringMatching(/./) });
    expect(await dates()).toEqual(before);
  },
  120_000,
);

test("explain --as-of a moment ahead: what has begun by then", async () => {
  expect(await run("explain soon@dates.test")).toMatchObject({ code: 2 });
  expect(await run("explain soon@dates.test --as-of 2126-06-01")).toMatchObject({ code: 0, out: expect.stringContaining("a@mbx.test") });
  expect(await run("explain soon@dates.test --as-of 2126-13-45")).toMatchObject({ code: 64 });
}, 120_000);
