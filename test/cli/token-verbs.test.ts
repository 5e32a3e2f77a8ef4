/** Tokens and second factors as a person types them. */
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
    "domain add token.test",
    "user add admin --role superadmin",
    "user add ldap:dora --role department-admin --domain token.test",
  ])
    expect(await run(line), line).toMatchObject({ code: 0 });
}, 120_000);
afterAll(async () => {
  await rm(cwd, { recursive: true });
  await database.drop();
});
const run = (line: string, ...more: string[]) =>
  mailroom([...line.split(" "), ...more], { cwd, env: { MAILROOM_DATABASE_URL: database.url } });

test("a token is made for the only superadmin or for who is named, listed without itself, and revoked", async () => {
  const made = await run("token create export --scope addresses:read --scope queue:read --network 192.0.2.0/24");
  expect(made).toMatchObject({ code: 0, out: expect.stringMatching(/^mrt_[\w-]{43}\n$/) });
  const theirs = await run("token create hr --scope aliases:write --domain token.test --for ldap:dora --json");
  expect(JSON.parse(theirs.out)).toMatchObject({
    token: expect.stringMatching(/^mrt_/),
    after: { principal: "ldap:dora", domain: "token.test" },
  });
  const { out } = await run("token list");
  expect(out).toContain("export  of local:admin  addresses:read queue:read from 192.0.2.0/24  never used");
  expect(out).not.toContain("mrt_");
  const { id } = JSON.parse(theirs.out).after;
  expect(await run(`token revoke ${id}`)).toMatchObject({ code: 0 });
  expect((await run(`token revoke ${id}`)).out).toContain("nothing to change");
  expect((await run("token revoke 999999")).code).toBe(1);
}, 120_000);

test("what cannot be is refused", async () => {
  expect((await run("token create x --scope everything")).code).toBe(64);
  expect((await run("token create x")).code).toBe(64);
  expect((await run("token create x --scope domains:write --for ldap:dora")).code).toBe(65);
  expect((await run("token create x --scope aliases:write --domain other.test --for ldap:dora")).code).toBe(65);
  expect((await run("token create x --scope aliases:write --ends 2126-01-01")).code).toBe(65);
  expect((await run("token create x --scope aliases:write --network campus")).code).toBe(65);
}, 120_000);

test("the second factor of a local account is reset", async () => {
  expect((await run("user totp-reset admin")).out).toContain("nothing to change");
  await database.db.query({ text: "update panel_users set totp_secret = '\\x00' where login = 'admin'" });
  expect(await run("user totp-reset admin")).toMatchObject({ code: 0, out: "second factor of admin removed\n" });
  expect((await run("user totp-reset nobody")).code).toBe(1);
}, 120_000);
