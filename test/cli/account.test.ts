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
});
afterAll(async () => {
  await rm(cwd, { recursive: true });
  await database.drop();
});

const run = (...args: string[]) => mailroom(args, { cwd, env: { MAILROOM_DATABASE_URL: database.url } });

test("an account from nothing: addresses, a password shown once, a grant, and the end of each", async () => {
  const set = await run("account", "set", "ann", "--address", "ann@campus.test", "--affiliation", "staff", "--why", "T-1");
  expect(set).toMatchObject({ code: 0, out: "account ann  ann@campus.test  (staff)\n" });
  const made = await run("app-password", "create", "ann", "--device", "phone");
  expect(made).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^(?:[a-z0-9]{4}-){4}[a-z0-9]{4}\n$/),
    err: expect.stringContaining("this once"),
  });
  const listed = await run("app-password", "list", "ann");
  expect(listed.out).toMatch(/^1 {2}phone {2}made \S+, never used\n$/);
  expect(listed.out).not.toContain(made.out.trim());
  expect(await run("app-password", "revoke", "1")).toMatchObject({ code: 0, out: "app password 1 of ann (phone) revoked\n" });
  expect((await run("app-password", "list", "ann")).out).toContain(", revoked ");
  const granted = await run("send-as", "grant", "ann", "help@campus.test", "--until", "2099-06-30", "--json");
  expect(JSON.parse(granted.out)).toMatchObject({ changed: true, after: { login: "ann", address: "help@campus.test" } });
  expect((await run("send-as", "list")).out).toBe("ann  help@campus.test  until 2099-07-01T00:00:00.000Z\n");
  expect((await run("send-as", "revoke", "ann", "help@campus.test")).code).toBe(0);
  expect(JSON.parse((await run("account", "list", "--json")).out)).toEqual({
    login: "ann",
    affiliation: "staff",
    addresses: ["ann@campus.test"],
    stopped_at: null,
  });
  expect(await run("account", "remove", "ann")).toMatchObject({ code: 0, out: "account ann removed\n" });
  const { rows } = await database.db.query<{ text: string }>({
    text: "select string_agg(change_records::text, ' ') as text from change_records",
  });
  expect(rows[0]?.text).toContain("app-password create");
  expect(rows[0]?.text).not.toContain(made.out.trim());
  expect(rows[0]?.text).not.toContain("argon2");
}, 120_000);

test.each([
  [["account", "set", "a b", "--address", "x@campus.test"], 65, "no login"],
  [["account", "set", "ann"], 64, "--address"],
  [["account", "resume", "nobody"], 1, "not stopped"],
  [["app-password", "create", "nobody", "--device", "x"], 1, "there is no account"],
  [["app-password", "revoke", "x"], 64, "whole number"],
  [["app-password", "revoke", "99"], 1, "no app password 99"],
  [["send-as", "grant", "ann", "x", "--until", "2099-01-01"], 65, "no address"],
  [["send-as", "grant", "ann", "x@campus.test", "--until", "soon"], 65, "no date"],
])("%j ends with %i", async (args, code, words) => {
  const ended = await run(...args);
  expect(ended.code).toBe(code);
  expect(ended.err).toContain(words);
});
