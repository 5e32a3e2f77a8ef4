import { Secret, TOTP } from "otpauth";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { grantRole, revokeRole, setUser } from "../../src/actions/access/users.ts";
import { absent, found, unavailable } from "../../src/mail/lookup.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { AUTHOR, makeAdmin, ORIGIN, openPanel, PASSWORD, type TestPanel } from "./support.ts";

let database: TestDatabase;
let panel: TestPanel;
let ldapIsAway = false;
const ldap = {
  name: "people",
  async authenticate(login: string, password: string) {
    if (ldapIsAway) return unavailable(new Error("away"));
    return password === "of ldap" ? found({ login, addresses: [], affiliation: "staff" }) : absent;
  },
};

beforeAll(async () => {
  database = await createDatabase();
  panel = openPanel(database, { people: [ldap] });
  await makeAdmin(database);
});
afterAll(async () => {
  await panel.close();
  await database.drop();
});
beforeEach(async () => {
  ldapIsAway = false;
  await database.db.query({ text: "delete from sign_in_attempts" });
});

const signIn = (login: string, password: string, more: object = {}, headers: Record<string, string> = {}) =>
  panel.anonymous("POST", "/session", { login, password, ...more }, headers);
const cookieOf = (answer: { headers: Headers }): string => answer.headers.get("set-cookie")?.split(";")[0] ?? "";
const whoIs = (cookie: string) => panel.anonymous("GET", "/session", undefined, { cookie });

test("a local account signs in and out; the cookie is a new row each time, for this host alone, and dead after signing out", async () => {
  const answer = await signIn("Admin", PASSWORD);
  expect(answer.status).toBe(200);
  expect(answer.headers.get("set-cookie")).toMatch(/^__Host-mailroom=[\w-]{43}; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
  const cookie = cookieOf(answer);
  expect((await whoIs(cookie)).body).toMatchObject({ principal: "local:admin", grants: [{ role: "superadmin", domain: null }] });
  expect(cookieOf(await signIn("admin", PASSWORD))).not.toBe(cookie);
  expect((await panel.anonymous("DELETE", "/session", undefined, { cookie })).status).toBe(204);
  expect((await whoIs(cookie)).status).toBe(401);
});

test("a DELETE as Node hands it on, with an empty stream and no length, has no body", async () => {
  const cookie = cookieOf(await signIn("admin", PASSWORD));
  const init = { method: "DELETE", headers: { origin: ORIGIN, cookie }, body: new Blob([]).stream(), duplex: "half" } as const;
  expect((await panel.app.request(new Request(`${ORIGIN}/api/v1/session`, init))).status).toBe(204);
  expect((await whoIs(cookie)).status).toBe(401);
});

test("a cookie planted before signing in is not the session's", async () => {
  const planted = "__Host-mailroom=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
  const answer = await signIn("admin", PASSWORD, {}, { cookie: planted });
  expect(cookieOf(answer)).not.toBe(planted);
  expect((await whoIs(planted)).status).toBe(401);
});

test("the database holds no cookie that could be used", async () => {
  const cookie = cookieOf(await signIn("admin", PASSWORD)).split("=")[1] ?? "";
  const { rows } = await database.db.query<{ row: string }>({ text: "select s::text as row from panel_sessions s" });
  for (const { row } of rows) expect(row).not.toContain(cookie);
});

test("a new password and a role that is given or taken end the sessions there are", async () => {
  await setUser(database.db, AUTHOR, "second", PASSWORD);
  const changes = [
    () => setUser(database.db, AUTHOR, "second", `${PASSWORD} again`),
    () => grantRole(database.db, AUTHOR, "second", { role: "auditor" }),
    () => revokeRole(database.db, AUTHOR, "second", "auditor", null),
  ];
  let password = PASSWORD;
  for (const change of changes) {
    const cookie = cookieOf(await signIn("second", password));
    expect((await whoIs(cookie)).status).toBe(200);
    await change();
    expect((await whoIs(cookie)).status).toBe(401);
    password = `${PASSWORD} again`;
  }
});

test("a wrong name and a wrong password get the same answer", async () => {
  const [name, password] = [await signIn("nobody", PASSWORD), await signIn("admin", "wrong")];
  for (const answer of [name, password]) {
    expect(answer.status).toBe(401);
    expect(answer.body).toMatchObject({ type: "/docs/problems#sign-in-refused", detail: "Name or password is not right." });
    expect(answer.headers.get("set-cookie")).toBeNull();
  }
});

test("guessing is slowed, and in the end not checked", async () => {
  const answers = await Promise.all(Array.from({ length: 16 }, () => signIn("admin", "wrong")));
  expect(answers.some(({ status }) => status === 429)).toBe(true);
  expect(answers.find(({ status }) => status === 429)?.headers.get("retry-after")).toBe("15");
});

test("people of a directory sign in as somebody else than a local account of the same name", async () => {
  const answer = await signIn("admin", "of ldap");
  expect(answer.body).toMatchObject({ principal: "ldap:admin", grants: [] });
});

test("a directory that is away is told apart from a wrong password, and local accounts go on", async () => {
  ldapIsAway = true;
  expect(await signIn("somebody", "of ldap")).toMatchObject({ status: 503, body: { type: "/docs/problems#directory-unavailable" } });
  expect((await signIn("admin", PASSWORD)).status).toBe(200);
});

test("a second factor is asked for, and its code is taken once", async () => {
  await setUser(database.db, AUTHOR, "careful", PASSWORD);
  const secret = new Secret({ size: 20 });
  await database.db.query({
    text: "update panel_users set totp_secret = $1 where login = 'careful'",
    values: [Buffer.from(secret.bytes)],
  });
  const code = new TOTP({ secret }).generate();
  expect(await signIn("careful", PASSWORD)).toMatchObject({ status: 401, body: { type: "/docs/problems#code-needed" } });
  expect(await signIn("careful", PASSWORD, { code: "000000" })).toMatchObject({ status: 401 });
  expect((await signIn("careful", PASSWORD, { code })).status).toBe(200);
  expect((await signIn("careful", PASSWORD, { code })).status).toBe(401);
  expect(await signIn("careful", "wrong")).toMatchObject({ body: { type: "/docs/problems#sign-in-refused" } });
});

test("other sites sign nobody in, out, or change anything", async () => {
  const credentials = JSON.stringify({ login: "admin", password: PASSWORD });
  const tries: Record<string, string>[] = [
    { origin: "https://evil.example" },
    { origin: "https://evil.mail.campus.example" },
    { origin: "http://mail.campus.example" },
    { origin: "null" },
    { origin: "" },
    { origin: `${ORIGIN}.evil.example` },
  ];
  for (const headers of tries) {
    const answer = await panel.anonymous("POST", "/session", credentials, headers);
    expect(answer.status, JSON.stringify(headers)).toBe(403);
  }
  for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", "application/jsonx"]) {
    const answer = await panel.anonymous("POST", "/session", credentials, { "content-type": type });
    expect(answer.status, type).toBe(415);
  }
});

test("odd bodies are refused with a place and nothing else", async () => {
  const bodies: unknown[] = [
    { login: "admin" },
    { login: "admin", password: PASSWORD, role: "superadmin" },
    { login: ["admin"], password: PASSWORD },
    { login: "a".repeat(256), password: PASSWORD },
    [],
    null,
    "{",
    `{"login":"admin","password":"x","__proto__":{"grants":1}}`,
    `${"[".repeat(100_000)}`,
  ];
  for (const body of bodies) {
    const answer = await panel.anonymous("POST", "/session", typeof body === "string" ? body : JSON.stringify(body));
    expect([400, 401], JSON.stringify(body).slice(0, 80)).toContain(answer.status);
    expect(answer.body.type).toMatch(/^\/docs\/problems#/);
  }
  expect((await panel.anonymous("POST", "/session", `{"login":"${"a".repeat(2_000_000)}"}`)).status).toBe(413);
});
