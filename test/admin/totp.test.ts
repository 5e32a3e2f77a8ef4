import { TOTP } from "otpauth";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { removeTotp } from "../../src/actions/access/totp.ts";
import { grantRole, setUser } from "../../src/actions/access/users.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { AUTHOR, makeAdmin, openPanel, PASSWORD, type TestPanel } from "./support.ts";

let database: TestDatabase;
let panel: TestPanel;
beforeAll(async () => {
  database = await createDatabase();
  panel = openPanel(database);
  await makeAdmin(database);
});
afterAll(async () => {
  await panel.close();
  await database.drop();
});
beforeEach(async () => {
  await database.db.query({ text: "delete from sign_in_attempts" });
});

const signIn = (login: string, more: object = {}) => panel.anonymous("POST", "/session", { login, password: PASSWORD, ...more });

async function signedIn(login: string, more: object = {}) {
  const answer = await signIn(login, more);
  expect(answer.status).toBe(200);
  const cookie = answer.headers.get("set-cookie")?.split(";")[0] ?? "";
  return (method: string, path: string, body?: unknown) => panel.anonymous(method, path, body, { cookie });
}

/** The code of now, or of some steps of 30 s away. */
const codeOf = (uri: string, steps = 0): string => {
  const totp = /secret=([A-Z2-7]+)/.exec(uri)?.[1] ?? "";
  return new TOTP({ secret: totp }).generate({ timestamp: Date.now() + steps * 30_000 });
};
/** Codes that were used count no more; a test cannot wait for the next. */
const forgetUsed = () => database.db.query({ text: "update panel_users set totp_step = null" });

async function withFactor(login: string) {
  await setUser(database.db, AUTHOR, login, PASSWORD);
  const call = await signedIn(login);
  const begun = await call("POST", "/me/totp", { password: PASSWORD });
  expect(begun.status).toBe(200);
  const { uri } = begun.body;
  expect((await call("POST", "/me/totp/confirm", { code: codeOf(uri) })).status).toBe(200);
  return { call, uri };
}

test("a second factor counts once a code of it was right; other sessions end, this one goes on", async () => {
  await setUser(database.db, AUTHOR, "ann", PASSWORD);
  const [call, elsewhere] = [await signedIn("ann"), await signedIn("ann")];
  expect((await call("GET", "/me/totp")).body).toEqual({ local: true, set: false });
  const begun = await call("POST", "/me/totp", { password: PASSWORD });
  expect(begun.body.uri).toMatch(/^otpauth:\/\/totp\/Mailroom%20mail\.campus\.example:ann\?/);
  expect(begun.body.secret).toMatch(/^[A-Z2-7]{32}$/);
  expect((await signIn("ann")).status).toBe(200);
  const wrong = codeOf(begun.body.uri, 20);
  expect((await call("POST", "/me/totp/confirm", { code: wrong })).status).toBe(422);
  expect((await call("GET", "/me/totp")).body.set).toBe(false);
  const code = codeOf(begun.body.uri);
  expect(await call("POST", "/me/totp/confirm", { code: `${code.slice(0, 3)} ${code.slice(3)}` })).toMatchObject({
    status: 200,
    body: { changed: true, after: { has_totp: true } },
  });
  expect((await call("GET", "/me/totp")).body.set).toBe(true);
  expect((await elsewhere("GET", "/me/totp")).status).toBe(401);
  expect(await signIn("ann")).toMatchObject({ status: 401, body: { type: "/docs/problems#code-needed" } });
  expect((await signIn("ann", { code })).status).toBe(401); // it was used to confirm
  await forgetUsed();
  expect((await signIn("ann", { code: codeOf(begun.body.uri) })).status).toBe(200);
});

test("setting one up needs the password, and a secret that was never confirmed is nothing", async () => {
  await setUser(database.db, AUTHOR, "bob", PASSWORD);
  const call = await signedIn("bob");
  expect((await call("POST", "/me/totp", { password: "wrong" })).status).toBe(401);
  expect((await call("POST", "/me/totp/confirm", { code: "123456" })).status).toBe(422);
  const first = await call("POST", "/me/totp", { password: PASSWORD });
  const second = await call("POST", "/me/totp", { password: PASSWORD });
  expect(second.body.secret).not.toBe(first.body.secret);
  expect((await call("POST", "/me/totp/confirm", { code: codeOf(first.body.uri) })).status).toBe(422);
  expect((await signIn("bob")).status).toBe(200);
});

test("taking it away needs the password and a code, and guessing is slowed", async () => {
  const { call, uri } = await withFactor("cleo");
  await forgetUsed();
  expect((await call("POST", "/me/totp", { password: PASSWORD })).status).toBe(422);
  expect((await call("DELETE", "/me/totp", { password: "wrong", code: codeOf(uri) })).status).toBe(401);
  expect((await call("DELETE", "/me/totp", { password: PASSWORD, code: codeOf(uri, 20) })).status).toBe(401);
  expect((await call("DELETE", "/me/totp", { password: PASSWORD, code: "" })).status).toBe(401);
  expect((await call("DELETE", "/me/totp", { password: PASSWORD })).status).toBe(400);
  await forgetUsed();
  expect((await call("DELETE", "/me/totp", { password: PASSWORD, code: codeOf(uri) })).status).toBe(200);
  expect((await signIn("cleo")).status).toBe(200);
  const answers = await Promise.all(Array.from({ length: 16 }, () => call("DELETE", "/me/totp", { password: "wrong", code: "000000" })));
  expect(answers.some(({ status }) => status === 429)).toBe(true);
});

test("whoever runs the server takes it away without a code; the change records say so and hold no secret", async () => {
  const { uri } = await withFactor("dan");
  expect(await removeTotp(database.db, AUTHOR, "dan")).toMatchObject({ changed: true, after: { has_totp: false } });
  expect(await removeTotp(database.db, AUTHOR, "dan")).toMatchObject({ changed: false });
  await expect(removeTotp(database.db, AUTHOR, "nobody")).rejects.toThrow("no local account");
  expect((await signIn("dan")).status).toBe(200);
  const { rows } = await database.db.query<{ action: string; record: string }>({
    text: "select action, c::text as record from change_records c where object = 'local:dan' order by change_no",
  });
  expect(rows.map(({ action }) => action)).toEqual(["user create", "totp set", "totp remove"]);
  const secret = /secret=([A-Z2-7]+)/.exec(uri)?.[1] ?? "";
  for (const { record } of rows) expect(record).not.toContain(secret);
});

test("people of a directory have none here", async () => {
  const call = await panel.as("ldapper");
  expect((await call("GET", "/me/totp")).body).toEqual({ local: false, set: false });
  expect((await call("POST", "/me/totp", { password: PASSWORD })).status).toBe(422);
});

test("each sign-in of a local superadmin is recorded and warned of; those of others are not", async () => {
  const warnings: string[] = [];
  const watched = openPanel(database, { log: { ...panel.deps.log, warn: (event) => void warnings.push(event) } });
  await setUser(database.db, AUTHOR, "plain", PASSWORD);
  await grantRole(database.db, AUTHOR, "plain", { role: "auditor" });
  for (const login of ["admin", "plain"])
    expect((await watched.anonymous("POST", "/session", { login, password: PASSWORD })).status).toBe(200);
  await watched.anonymous("POST", "/session", { login: "admin", password: "wrong" });
  const { rows } = await database.db.query({ text: "select object, actor from change_records where action = 'sign-in'" });
  expect(rows).toEqual([{ object: "local:admin", actor: "local:admin via panel" }]);
  expect(warnings).toEqual(["a local superadmin signed in"]);
  await watched.close();
});
