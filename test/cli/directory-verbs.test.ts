import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { commandLine, mailroom } from "./support.ts";

let database: TestDatabase;
let cwd: string;
beforeAll(async () => {
  database = await createDatabase();
  cwd = await mkdtemp(join(tmpdir(), "mailroom-cli-"));
});
afterAll(async () => {
  await rm(cwd, { recursive: true });
  await database.drop();
});

const run = (line: string, more: Record<string, string> = {}) =>
  mailroom(line.split(" "), { cwd, env: { MAILROOM_DATABASE_URL: database.url, ...more } });
const lines = (text: string): unknown[] =>
  text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as unknown);

test("one address from nothing: domain, route, alias, list, listings, deletion; data on stdout, words on stderr", async () => {
  expect(await run("domain add Campus.test")).toEqual({ code: 0, signal: null, out: "domain campus.test\n", err: "" });
  expect((await run("route set mbx.test smtp://127.0.0.1:2526")).out).toBe("route mbx.test → smtp://127.0.0.1:2526\n");
  const set = await run("alias set help@campus.test --to ann@mbx.test --to gone@campus.test --owner boss@mbx.test --why T-1");
  expect(set).toMatchObject({ code: 0, out: "help@campus.test → ann@mbx.test, gone@campus.test  (owner boss@mbx.test; new)\n" });
  expect(set.err).toBe("warning: gone@campus.test has no entry here: mail to it is refused until it has one\n");
  expect((await run("alias set help@campus.test --to ann@mbx.test --to gone@campus.test")).out).toContain("nothing to change");
  expect((await run("list create staff@campus.test --post members")).code).toBe(0);
  const added = await run("list add staff@campus.test ann@mbx.test raj@mbx.test");
  expect(added.out).toBe("staff@campus.test: 2 added, 2 members now\n");
  expect(await run("list add staff@campus.test ann@mbx.test")).toMatchObject({ code: 0, err: "ann@mbx.test is a member already\n" });
  expect((await run("list members staff@campus.test")).out).toBe("ann@mbx.test\nraj@mbx.test\n");
  expect((await run("list remove staff@campus.test raj@mbx.test")).out).toBe("staff@campus.test: 1 removed, 1 member now\n");
  expect((await run("alias get help@campus.test")).out).toContain("  → ann@mbx.test\n");
  expect((await run("domain list")).out).toBe("campus.test\n");
  expect((await run("route list")).out).toBe("mbx.test → smtp://127.0.0.1:2526\n");
  expect(await run("alias delete help@campus.test")).toMatchObject({ code: 0, out: "alias help@campus.test deleted (it had 2 targets)\n" });
  const { rows } = await database.db.query<{ actor: string; why: string }>({
    text: "select actor, why from change_records where action = 'alias create'",
  });
  expect(rows).toEqual([{ actor: expect.stringMatching(/^\S+@\S+ via cli$/), why: "T-1" }]);
}, 120_000);

test("--json gives one value per line, before or after the verb", async () => {
  await run("domain add json.test");
  const created = lines((await run("--json alias set a@json.test --to x@far.test")).out);
  expect(created).toMatchObject([
    { changed: true, before: null, after: { address: "a@json.test", kind: "alias", targets: ["x@far.test"] }, warnings: [] },
  ]);
  await run("alias set b@json.test --to x@far.test");
  const listed = lines((await run("alias list --domain json.test --json")).out);
  expect(listed).toMatchObject([{ address: "a@json.test", target_count: 1 }, { address: "b@json.test" }]);
  expect(lines((await run("alias list --domain json.test --after a@json.test --limit 1 --json")).out)).toMatchObject([
    { address: "b@json.test" },
  ]);
  expect(lines((await run("domain list --json")).out)).toContainEqual(
    expect.objectContaining({ domain: "json.test", subaddressing: true }),
  );
}, 60_000);

test("an address that needs quotes is printed with them, and can be typed back in", async () => {
  const odd = '"a b"@far.test';
  const cli = (...args: string[]) => mailroom(args, { cwd, env: { MAILROOM_DATABASE_URL: database.url } });
  await cli("domain", "add", "quotes.test");
  const set = await cli("alias", "set", "q@quotes.test", "--to", odd, "--owner", odd);
  expect(set.out).toBe(`q@quotes.test → ${odd}  (owner ${odd}; new)\n`);
  expect((await cli("alias", "get", "q@quotes.test")).out).toContain(`  → ${odd}\n`);
  expect((await cli("alias", "list", "--domain", "quotes.test")).out).toContain(`→ ${odd}  (owner ${odd})`);
  expect(lines((await cli("alias", "get", "q@quotes.test", "--json")).out)).toMatchObject([{ targets: [odd], owner: odd }]);
  await cli("list", "create", "l@quotes.test");
  expect((await cli("list", "add", "l@quotes.test", odd)).out).toBe("l@quotes.test: 1 added, 1 member now\n");
  expect((await cli("list", "add", "l@quotes.test", odd)).err).toBe(`${odd} is a member already\n`);
  expect((await cli("list", "members", "l@quotes.test")).out).toBe(`${odd}\n`);
  const explained = await cli("explain", "q@quotes.test", "--json");
  expect(lines(explained.out)).toMatchObject([{ leaves: [{ final_recipient: odd, path_taken: ["q@quotes.test", odd] }] }]);
  expect((await cli("explain", "q@quotes.test")).out).toContain(`─ ${odd}  <-- alias`);
  expect((await cli("domain", "add", "quotes.test", "--catch-all", odd)).out).toContain(`catch-all ${odd}`);
}, 60_000);

test("a day is printed as it was typed, a list of one has one member", async () => {
  await run("domain add day.test");
  expect((await run("alias set d@day.test --to x@far.test --expires 2127-06-30")).out).toContain("(until 2127-06-30; new)");
  expect((await run("alias get d@day.test")).out).toMatch(/expires: +2127-06-30\n/);
  expect((await run("explain d@day.test")).out).toContain("until 2127-06-30\n");
  expect((await run("alias delete d@day.test")).out).toContain("(it had 1 target)");
  await run("list create l@day.test");
  await run("list add l@day.test x@far.test");
  expect((await run("list list --domain day.test")).out).toContain("list, 1 member, ");
}, 60_000);

describe("exit codes", () => {
  const ends: [line: string, code: number, err: RegExp][] = [
    ["alias get nobody@campus.test", 1, /there is no alias nobody@campus\.test/],
    ["alias delete nobody@campus.test", 1, /there is no alias/],
    ["alias set x@far.test --to y@far.test", 1, /mailroom domain add far\.test/],
    ["alias set x@@campus.test --to y@far.test", 65, /is no address/],
    ["alias set x@campus.test --to y@far.test --expires soon", 65, /2027-06-30/],
    ["route set campus.test http://x", 65, /cannot be used/],
    ["alias set x@campus.test --to y@far.test --expires 2020-01-01", 65, /"2020-01-01" is in the past/],
    ["alias list --domain x_y", 65, /is no domain/],
    ["explain x@@campus.test", 65, /is not an address/],
    ["trace --to x@@campus.test", 65, /is not an address/],
    ["queue show aeiou", 65, /is not a queue id/],
    ["queue retry --id aeiou", 65, /is not a queue id/],
    ["test-relay --domain x_y", 65, /is no domain/],
    ["queue retry", 64, /exactly one of/],
    ["trace --since soon", 64, /2h/],
    ["route set mbx.test smtp://localhost:2525", 1, /smtp\.listen: its mail would come back[\s\S]*Name the server/],
    ["alias set x@campus.test", 64, /--to/],
    ["alias set --to y@far.test", 64, /address/],
    ["alias frobnicate", 64, /unknown command/],
    ["list create l@campus.test --post nobody", 64, /anyone/],
    ["alias list --limit none", 64, /whole number/],
    ["import csv", 64, /file/],
    ["export xml", 64, /csv/],
    ["--frobnicate", 64, /unknown option/],
  ];
  test.each(ends)("%s: %i", async (line, code, err) => {
    const ended = await run(line);
    expect(ended).toMatchObject({ code, out: "" });
    expect(ended.err).toMatch(err);
    expect(ended.err).not.toContain("    at "); // no stack
  });

  test.each(["\n", "\r", "\u001b[2J", "\u2028", "\u0085"])("a reason with %j: 65, and nothing is changed", async (odd) => {
    const ended = await mailroom(["domain", "add", "why.test", "--why", `TICKET${odd}1`], {
      cwd,
      env: { MAILROOM_DATABASE_URL: database.url },
    });
    expect(ended).toMatchObject({ code: 65, out: "" });
    expect(ended.err).toContain("the reason of --why holds control characters");
    expect((await run("domain list")).out).not.toContain("why.test");
  });

  test("the help and the handbook name all of them, and explain's own", async () => {
    const help = (await mailroom(["--help"], { cwd })).out;
    const table = readFileSync("docs/operations.md", "utf8");
    for (const code of [0, 1, 2, 64, 65, 69, 77, 78]) {
      expect(help).toMatch(new RegExp(`(^|\\s)${code} [a-z]`, "m"));
      expect(table).toContain(`| ${code} | `);
    }
  });

  test("nothing said at all: the help, as wrong usage", async () => {
    const ended = await mailroom([], { cwd });
    expect(ended).toMatchObject({ code: 64, out: "" });
    expect(ended.err).toContain("Usage: mailroom");
  });

  test("a database that is not there: 69 with the next step", async () => {
    const ended = await run("domain list", { MAILROOM_DATABASE_URL: "postgres://mailroom:geheim@127.0.0.1:1/x" });
    expect(ended).toMatchObject({ code: 69, out: "" });
    expect(ended.err).toMatch(/Is the database running/);
    expect(ended.err).not.toContain("geheim");
  });

  test("a database without tables: 78 and `mailroom migrate`", async () => {
    const empty = await createDatabase({ empty: true });
    const ended = await run("domain list", { MAILROOM_DATABASE_URL: empty.url });
    expect(ended).toMatchObject({ code: 78, out: "" });
    expect(ended.err).toContain("mailroom migrate");
    await empty.drop();
  });

  test("settings that are wrong: 78 with all faults", async () => {
    const ended = await run("domain list", { MAILROOM_SMTP_LISEN: "x", MAILROOM_WORKERS: "many" });
    expect(ended.code).toBe(78);
    expect(ended.err).toMatch(/MAILROOM_SMTP_LISEN[\s\S]*MAILROOM_WORKERS|MAILROOM_WORKERS[\s\S]*MAILROOM_SMTP_LISEN/);
  });

  test("a database URL that is none: 78, without its password", async () => {
    const ended = await run("domain list", { MAILROOM_DATABASE_URL: "postgres://u:geheim@h:99999/x" });
    expect(ended.code).toBe(78);
    expect(ended.err).not.toContain("geheim");
  });

  test("log.level debug shows where it happened", async () => {
    const ended = await run("domain list", { MAILROOM_DATABASE_URL: "postgres://127.0.0.1:1/x", MAILROOM_LOG_LEVEL: "debug" });
    expect(ended.code).toBe(69);
    expect(ended.err).toContain("    at ");
  });
}, 120_000);

test("removing a domain with something in it: listed and refused, 64 without --yes, done with it", async () => {
  await run("domain add gone.test");
  await run("alias set a@gone.test --to x@far.test");
  const refused = await run("domain remove gone.test");
  expect(refused).toMatchObject({ code: 1, out: "" });
  expect(refused.err).toContain("1 of its addresses stops working: a@gone.test");
  expect(refused.err).toContain("--force");
  const unasked = await run("domain remove gone.test --force");
  expect(unasked.code).toBe(64);
  expect(unasked.err).toContain("--yes");
  expect(await run("domain remove gone.test --force --yes")).toMatchObject({ code: 0, out: "domain gone.test removed\n" });
  expect((await run("domain remove gone.test")).code).toBe(1);
}, 60_000);

test("a reader that leaves ends the command quietly", async () => {
  await database.db.query({
    text: "insert into entries (address, domain, kind) select 'p' || n || '@campus.test', 'campus.test', 'alias' from generate_series(1, 20000) n on conflict do nothing",
  });
  const line = commandLine(["alias", "list", "--domain", "campus.test"])
    .map((word) => `'${word}'`)
    .join(" ");
  const ended = spawnSync("bash", ["-c", `${line} | head -n 2; echo "$\{PIPESTATUS[0]}"`], {
    cwd,
    env: { PATH: process.env["PATH"], MAILROOM_DATABASE_URL: database.url },
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"], // with a socket as stdin bash takes itself for a remote shell and reads ~/.bashrc
  });
  expect(ended.stdout.split("\n")).toEqual([expect.stringContaining("@campus.test"), expect.stringContaining("@campus.test"), "0", ""]);
  expect(ended.stderr).toBe("");
}, 60_000);
