import { afterAll, beforeAll, expect, test } from "vitest";
import { addDomain } from "../../src/actions/domains.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { AUTHOR, type Caller, makeAdmin, openPanel, PASSWORD, type TestPanel } from "./support.ts";

let database: TestDatabase;
let panel: TestPanel;
let admin: Caller;
let department: Caller;
const OURS = "own.example";
const OTHERS = "other.example";

beforeAll(async () => {
  database = await createDatabase();
  panel = openPanel(database);
  for (const domain of [OURS, OTHERS]) await addDomain(database.db, AUTHOR, { domain });
  await makeAdmin(database);
  admin = await panel.as("root", [{ role: "superadmin" }]);
  department = await panel.as("dora", [{ role: "department-admin", domain: OURS }]);
});
afterAll(async () => {
  await panel.close();
  await database.drop();
});

const roleAt = (who: string, role: string): string => `/users/${encodeURIComponent(who)}/roles/${role}`;
const grantsOf = async (call: Caller, q = "") => {
  const { body } = await call("GET", `/users?q=${encodeURIComponent(q)}`);
  return Object.fromEntries(body.items.map(({ principal, grants }: { principal: string; grants: object[] }) => [principal, grants]));
};

test("a superadmin gives a role with an end and takes it back; both are in the change records", async () => {
  const given = await admin("PUT", roleAt("ldap:hugo", "helpdesk"), { domain: OURS, ends: "2126-06-30" }, { "x-change-reason": "T-1" });
  expect(given).toMatchObject({
    status: 200,
    body: { changed: true, before: null, after: { role: "helpdesk", domain: OURS, ends_at: "2126-07-01T00:00:00.000Z" } },
  });
  expect(given.body.change_no).toBeGreaterThan(0);
  expect(await grantsOf(admin, "hugo")).toMatchObject({
    "ldap:hugo": [{ role: "helpdesk", domain: OURS, ends_at: "2126-07-01T00:00:00Z" }],
  });
  expect((await admin("DELETE", `${roleAt("ldap:hugo", "helpdesk")}?domain=${OURS}`)).status).toBe(200);
  expect(await grantsOf(admin, "hugo")).toEqual({});
  expect((await admin("DELETE", `${roleAt("ldap:hugo", "helpdesk")}?domain=${OURS}`)).status).toBe(404);
  const { rows } = await database.db.query({
    text: "select action, actor, why from change_records where object = 'ldap:hugo' order by change_no",
  });
  expect(rows).toEqual([
    { action: "role grant", actor: "ldap:root via panel", why: "T-1" },
    { action: "role revoke", actor: "ldap:root via panel", why: null },
  ]);
});

test("a rehearsal gives nothing", async () => {
  expect(await admin("PUT", `${roleAt("ldap:nina", "auditor")}?dry_run=true`, {})).toMatchObject({
    status: 200,
    body: { changed: true, dry_run: true, change_no: null },
  });
  expect(await grantsOf(admin, "nina")).toEqual({});
});

test("a department admin gives department-admin and helpdesk in their own domain, and nothing else", async () => {
  expect((await department("PUT", roleAt("ldap:otto", "helpdesk"), { domain: OURS })).status).toBe(200);
  expect((await department("PUT", roleAt("ldap:otto", "department-admin"), { domain: OURS })).status).toBe(200);
  expect((await department("PUT", roleAt("ldap:otto", "superadmin"), {})).status).toBe(403);
  expect((await department("PUT", roleAt("ldap:otto", "auditor"), {})).status).toBe(403);
  const foreign = await department("PUT", roleAt("ldap:otto", "helpdesk"), { domain: OTHERS });
  const nowhere = await department("PUT", roleAt("ldap:otto", "helpdesk"), { domain: "nowhere.example" });
  expect([foreign.status, nowhere.status]).toEqual([404, 404]);
  expect(foreign.body.detail.replace(OTHERS, "X")).toBe(nowhere.body.detail.replace("nowhere.example", "X"));
  expect((await department("PUT", roleAt("ldap:otto", "helpdesk"), {})).status).toBe(404);
  expect((await department("DELETE", `${roleAt("ldap:root", "superadmin")}`)).status).toBe(403);
  await admin("PUT", roleAt("ldap:fern", "helpdesk"), { domain: OTHERS });
  expect((await department("DELETE", `${roleAt("ldap:fern", "helpdesk")}?domain=${OTHERS}`)).status).toBe(404);
  expect(await grantsOf(admin, "fern")).toMatchObject({ "ldap:fern": [{ domain: OTHERS }] });
});

test("nobody gives themselves more, nor a role that outlives their own", async () => {
  const brief = await panel.as("brief", [{ role: "department-admin", domain: OURS, ends: "2126-01-31" }]);
  expect((await brief("PUT", roleAt("ldap:brief", "department-admin"), { domain: OURS })).status).toBe(422);
  expect((await brief("PUT", roleAt("ldap:friend", "helpdesk"), { domain: OURS })).status).toBe(422);
  expect((await brief("PUT", roleAt("ldap:friend", "helpdesk"), { domain: OURS, ends: "2126-02-01" })).status).toBe(422);
  expect((await brief("PUT", roleAt("ldap:friend", "helpdesk"), { domain: OURS, ends: "2126-01-31" })).status).toBe(200);
});

test("a department admin sees the roles of their domains alone, and no local account without one", async () => {
  const seen = await grantsOf(department);
  expect(Object.keys(seen)).toEqual(expect.arrayContaining(["ldap:dora", "ldap:otto"]));
  expect(Object.keys(seen)).not.toContain("local:admin");
  expect(Object.keys(seen)).not.toContain("ldap:root");
  expect(Object.keys(seen)).not.toContain("ldap:fern");
  await admin("PUT", roleAt("ldap:both", "helpdesk"), { domain: OURS });
  await admin("PUT", roleAt("ldap:both", "helpdesk"), { domain: OTHERS });
  expect((await grantsOf(department))["ldap:both"]).toMatchObject([{ domain: OURS }]);
  const { body } = await department("GET", "/users");
  expect(body.total).toBe(body.items.length);
});

test("people come in pages that stand still", async () => {
  const { body: all } = await admin("GET", "/users");
  const names: string[] = [];
  for (let cursor = ""; ; ) {
    const { body } = await admin("GET", `/users?limit=2${cursor === "" ? "" : `&cursor=${cursor}`}`);
    names.push(...body.items.map(({ principal }: { principal: string }) => principal));
    if (body.next_cursor === null) break;
    cursor = body.next_cursor;
  }
  expect(names).toEqual(all.items.map(({ principal }: { principal: string }) => principal));
  expect(new Set(names).size).toBe(all.total);
});

test("local accounts are made once, get passwords, and go with their roles and sessions", async () => {
  expect(await admin("POST", "/users", { login: "Carla", password: PASSWORD })).toMatchObject({
    status: 201,
    body: { after: { login: "carla", has_totp: false } },
  });
  expect((await admin("POST", "/users", { login: "carla", password: `${PASSWORD} other` })).status).toBe(422);
  expect((await admin("POST", "/users/nobody/password", { password: PASSWORD })).status).toBe(404);
  const signIn = async (password: string) => (await panel.anonymous("POST", "/session", { login: "carla", password })).status;
  expect(await signIn(PASSWORD)).toBe(200);
  expect((await admin("POST", "/users/carla/password", { password: `${PASSWORD} new` })).status).toBe(200);
  expect(await signIn(PASSWORD)).toBe(401);
  expect(await signIn(`${PASSWORD} new`)).toBe(200);
  expect((await admin("POST", "/users/carla/password", { password: "short" })).status).toBe(422);
  await admin("PUT", roleAt("carla", "auditor"), {});
  expect((await admin("DELETE", "/users/carla")).status).toBe(200);
  expect(await signIn(`${PASSWORD} new`)).toBe(401);
  expect(await grantsOf(admin, "carla")).toEqual({});
});

test("only superadmins touch local accounts", async () => {
  for (const call of [department, await panel.as("audit", [{ role: "auditor" }]), await panel.as("plain")]) {
    expect((await call("POST", "/users", { login: "x", password: PASSWORD })).status).toBe(403);
    expect((await call("DELETE", "/users/admin")).status).toBe(403);
    expect((await call("POST", "/users/admin/password", { password: PASSWORD })).status).toBe(403);
  }
});

test("the last superadmin stays, whichever way", async () => {
  expect((await admin("DELETE", roleAt("ldap:root", "superadmin"))).status).toBe(200);
  const local = await panel.anonymous("POST", "/session", { login: "admin", password: PASSWORD });
  const cookie = local.headers.get("set-cookie")?.split(";")[0] ?? "";
  const last = (method: string, path: string, body?: unknown) => panel.anonymous(method, path, body, { cookie });
  for (const answer of [
    await last("DELETE", roleAt("admin", "superadmin")),
    await last("DELETE", "/users/admin"),
    await last("PUT", roleAt("admin", "superadmin"), { ends: "2126-01-01" }),
  ])
    expect(answer).toMatchObject({ status: 422, body: { detail: "nobody would be left who may everything" } });
  expect((await last("GET", "/users")).status).toBe(200);
});

test("odd requests are refused", async () => {
  const call = await panel.as("root2", [{ role: "superadmin" }]);
  const tries: [string, string, unknown, number[]][] = [
    ["PUT", roleAt("ldap:x", "owner"), {}, [400]],
    ["PUT", roleAt("ldap:x", "auditor"), { role: "superadmin" }, [400]],
    ["PUT", roleAt("ldap:x", "auditor"), { domain: OURS }, [422]],
    ["PUT", roleAt("ldap:x", "helpdesk"), { domain: "not a domain" }, [422]],
    ["PUT", roleAt("ldap:x\r\nbcc: y", "auditor"), {}, [422]],
    ["PUT", roleAt("ldap:\u202Egnirts", "auditor"), {}, [422]],
    ["PUT", roleAt("root:x", "auditor"), {}, [422]],
    ["PUT", roleAt("ldap:x", "helpdesk"), { domain: OURS, ends: "2020-01-01" }, [422]],
    ["PUT", roleAt("x".repeat(601), "auditor"), {}, [400]],
    ["POST", "/users", { login: "a b", password: PASSWORD }, [422]],
    ["POST", "/users", { login: "ok", password: PASSWORD, totp_secret: "x" }, [400]],
    ["GET", "/users?limit=100000", undefined, [400]],
    ["GET", "/users?cursor=xxx", undefined, [400]],
    ["GET", "/users?domain=x", undefined, [400]],
  ];
  for (const [method, path, body, expected] of tries)
    expect(expected, `${method} ${path} ${JSON.stringify(body)}`).toContain((await call(method, path, body)).status);
});
