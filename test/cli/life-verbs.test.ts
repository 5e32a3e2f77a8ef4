/** The verbs of the life cycle as a person types them: what is printed, what is refused, and with which exit status. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { mailroom } from "./support.ts";

let database: TestDatabase;
let cwd: string;
beforeAll(async () => {
  database = await createDatabase();
  cwd = await mkdtemp(join(tmpdir(), "mailroom-cli-"));
  for (const line of ["domain add life.test", "route set mbx.test smtp://127.0.0.1:9", "list create all@life.test"]) await done(line);
}, 120_000);
afterAll(async () => {
  await rm(cwd, { recursive: true });
  await database.drop();
});

const run = (line: string, ...more: string[]) =>
  mailroom([...line.split(" "), ...more], { cwd, env: { MAILROOM_DATABASE_URL: database.url } });

async function done(line: string, ...more: string[]): Promise<string> {
  const { code, out, err } = await run(line, ...more);
  expect(code, `${line}: ${err}`).toBe(0);
  return out;
}

test("an alias is switched off and on, retired and told of, and its history says who did it and why", async () => {
  await done("alias set desk@life.test --to a@mbx.test --why T-1");
  expect(await done("alias disable desk@life.test --answer text --why T-2 --text", "Closed until September")).toContain(
    "Closed until September",
  );
  expect(await run("explain desk@life.test")).toMatchObject({ code: 2, out: expect.stringContaining("(5.2.1)") });
  expect(await done("alias enable desk@life.test")).not.toContain("Closed");
  expect(await done("alias retire desk@life.test --moved-to b@mbx.test")).toContain("b@mbx.test");
  expect(await run("explain desk@life.test")).toMatchObject({ code: 2, out: expect.stringContaining("moved to b@mbx.test (5.1.6)") });
  expect(await done("alias retire desk@life.test --moved-to b@mbx.test --deliver")).toContain("b@mbx.test");
  expect((await run("explain desk@life.test")).code).toBe(0);
  const history = await done("alias history desk@life.test");
  expect(history).toMatch(/ {2}created {2}.*by .* via cli \(alias create\): T-1\n/);
  expect(history).toMatch(/ {2}changed {2}.*disabled=text.*: T-2\n/);
  expect((await run("alias history never@life.test")).code).toBe(1);
}, 120_000);

test("targets and members have dates", async () => {
  await done("alias set two@life.test --to a@mbx.test --to b@mbx.test");
  expect(await done("alias dates two@life.test b@mbx.test --starts 2126-09-01")).toContain("two@life.test");
  expect((await run("explain two@life.test")).out).toContain("does not begin before 2126-09-01");
  await done("list add all@life.test a@mbx.test");
  await done("list dates all@life.test a@mbx.test --expires 2126-12-31");
  expect(await done("list show all@life.test")).toContain("2126-12-31");
}, 120_000);

test("explain --as-of answers with the directory of that moment", async () => {
  await done("alias set was@life.test --to old@mbx.test");
  const then = new Date().toISOString();
  await new Promise((resolve) => setTimeout(resolve, 50));
  await done("alias set was@life.test --to new@mbx.test");
  expect(await done(`explain was@life.test --as-of ${then}`)).toContain("old@mbx.test");
  expect(await done("explain was@life.test")).toContain("new@mbx.test");
  expect(await run("explain was@life.test --as-of 2001-01-01")).toMatchObject({ code: 1, err: expect.stringContaining("history begins") });
}, 120_000);

test("who may forward off campus is a policy with exceptions that end", async () => {
  await done("policy set staff --off-campus no --why BOARD-4");
  const wish = "alias set sue@life.test --to sue@gmail.test --affiliation staff";
  expect(await run(wish)).toMatchObject({ code: 1, err: expect.stringContaining("off campus") });
  await done("alias set sue@life.test --to sue@mbx.test --affiliation staff");
  await done("policy except sue@life.test --until 2126-06-30");
  await done(wish);
  expect(await done("policy list")).toContain("staff  may not forward off campus");
  await done("policy except sue@life.test --no-until");
  expect(await run("explain sue@life.test")).toMatchObject({ code: 2, out: expect.stringContaining("NOT ALLOWED off campus") });
  await done("policy remove staff");
  expect((await run("explain sue@life.test")).code).toBe(0);
}, 120_000);

test("names are reserved everywhere or in one domain, and are not given away again", async () => {
  expect(await done("domain reserve life.test president Registrar")).toContain("reserved: president, registrar");
  for (const name of ["president", "abuse"])
    expect(await run(`alias set ${name}@life.test --to a@mbx.test`)).toMatchObject({ code: 1, err: expect.stringContaining("reserved") });
  await done("alias set president@life.test --to a@mbx.test --role");
  expect(await done("domain unreserve life.test registrar")).not.toContain("registrar");
  await done("alias set registrar@life.test --to a@mbx.test");
  await done("alias delete registrar@life.test");
  expect(await run("alias set registrar@life.test --to b@mbx.test")).toMatchObject({ code: 1, err: expect.stringContaining("--reuse") });
  expect((await run("alias set registrar@life.test --to b@mbx.test --reuse")).code).toBe(65);
  await done("alias set registrar@life.test --to b@mbx.test --reuse --why T-9");
  expect((await run("domain reserve life.test", "a@b")).code).toBe(65);
  expect((await run("domain reserve else.test x")).code).toBe(1);
}, 120_000);

test("domain check says who answers the addresses that strangers expect", async () => {
  expect(await run("domain check life.test")).toMatchObject({ code: 2, out: expect.stringContaining("NOBODY") });
  for (const name of ["postmaster", "security", "hostmaster", "webmaster", "noc", "abuse"])
    await done(`alias set ${name}@life.test --to a@mbx.test --role`);
  expect(await done("domain check life.test")).not.toContain("NOBODY");
}, 120_000);

describe("bad input", () => {
  test.each([
    ["alias dates two@life.test b@mbx.test --starts 2026-13-45", 65],
    ["alias dates two@life.test nobody@mbx.test --starts 2126-01-01", 1],
    ["alias set x@life.test --to a@mbx.test --starts 2126-02-01 --expires 2126-01-01", 65],
    ["alias retire two@life.test --moved-to two@life.test", 65],
    ["alias retire two@life.test", 64],
    ["alias disable two@life.test --answer loud", 64],
    ["alias disable none@life.test", 1],
    ["list disable two@life.test", 1],
    ["policy set staff", 64],
    ["policy except two@life.test", 64],
    ["explain two@life.test --as-of yesterday", 64],
    ["domain check else.test", 1],
  ])("%s: %i", async (line, code) => expect((await run(line)).code).toBe(code));

  test("words that would break a reply are refused", async () => {
    for (const words of ["two\r\nlines", "naïve", " ", "x".repeat(201)])
      expect((await run("alias disable two@life.test --answer text --text", words)).code).toBe(65);
  });
});
