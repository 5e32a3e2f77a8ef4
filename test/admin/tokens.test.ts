import { afterAll, beforeAll, expect, test } from "vitest";
import { revokeRole } from "../../src/actions/access/users.ts";
import { addDomain } from "../../src/actions/domains.ts";
import { TOKEN_SCOPES } from "../../src/admin/access/policy.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { type Answer, AUTHOR, type Caller, openPanel, PASSWORD, type TestPanel } from "./support.ts";

let database: TestDatabase;
let panel: TestPanel;
let admin: Caller;
let department: Caller;
const OURS = "own.example";
const OTHERS = "other.example";
const inDays = (days: number): string => new Date(Date.now() + days * 24 * 3_600_000).toISOString().slice(0, 10);
const input = (more: object = {}) => ({ name: "nightly export", scopes: ["addresses:read"], ends_at: inDays(30), ...more });

beforeAll(async () => {
  database = await createDatabase();
  panel = openPanel(database);
  for (const domain of [OURS, OTHERS]) await addDomain(database.db, AUTHOR, { domain });
  admin = await panel.as("root", [{ role: "superadmin" }]);
  department = await panel.as("dora", [{ role: "department-admin", domain: OURS }]);
});
afterAll(async () => {
  await panel.close();
  await database.drop();
});

/** A request with a token: no cookie, and no page of ours behind it. */
const using = (token: string, method: string, path: string, body?: unknown): Promise<Answer> =>
  panel.anonymous(method, path, body, { authorization: `Bearer ${token}`, origin: "https://elsewhere.example" });

test("a token is shown once, works within its scopes, and is dead when it is revoked", async () => {
  const made = await admin("POST", "/tokens", input());
  expect(made.status).toBe(201);
  expect(made.body.token).toMatch(/^mrt_[\w-]{43}$/);
  expect(made.body.after).toMatchObject({ name: "nightly export", principal: "ldap:root", scopes: ["addresses:read"], last_used_at: null });
  const { token } = made.body;
  expect((await using(token, "GET", "/addresses")).status).toBe(200);
  expect((await using(token, "GET", "/users")).status).toBe(403);
  const listed = (await admin("GET", "/tokens")).body.items.find(({ id }: { id: number }) => id === made.body.after.id);
  expect(listed.last_used_at).toMatch(/^\d{4}-/);
  expect(JSON.stringify(await admin("GET", "/tokens"))).not.toContain(token);
  expect((await admin("DELETE", `/tokens/${made.body.after.id}`)).status).toBe(200);
  expect((await using(token, "GET", "/addresses")).status).toBe(401);
  expect((await admin("DELETE", `/tokens/${made.body.after.id}`)).body).toMatchObject({ changed: false, change_no: null });
});

test("neither the database nor the change records hold a token that could be used", async () => {
  const { token } = (await admin("POST", "/tokens", input())).body;
  const { rows } = await database.db.query<{ row: string }>({
    text: "select t::text as row from panel_tokens t union all select c::text from change_records c union all select r::text from panel_requests r",
  });
  for (const { row } of rows) expect(row).not.toContain(token.slice(4));
});

test("a token cannot make tokens, accounts or passwords, nor sign in", async () => {
  const { token } = (await admin("POST", "/tokens", input({ scopes: TOKEN_SCOPES }))).body;
  for (const [method, path, body] of [
    ["POST", "/tokens", input()],
    ["POST", "/users", { login: "evil", password: PASSWORD }],
    ["POST", "/users/admin/password", { password: PASSWORD }],
    ["POST", "/me/totp", { password: PASSWORD }],
    ["POST", "/me/totp/confirm", { code: "123456" }],
    ["DELETE", "/me/totp", { password: PASSWORD, code: "123456" }],
  ] as const)
    expect((await using(token, method, path, body)).status, `${method} ${path}`).toBe(403);
  const sneaked = await panel.anonymous("POST", "/session", { login: token, password: token });
  expect(sneaked.status).toBe(401);
});

test("a token never may more than its owner", async () => {
  expect((await department("POST", "/tokens", input({ scopes: ["domains:write"] }))).status).toBe(403);
  expect((await department("POST", "/tokens", input({ domain: OTHERS }))).status).toBe(404);
  expect((await department("POST", "/tokens", input({ domain: "nowhere.example" }))).status).toBe(404);
  const plain = await panel.as("plain", [], [`plain@${OURS}`]);
  expect((await plain("POST", "/tokens", input())).status).toBe(403);
  expect((await plain("POST", "/tokens", input({ scopes: ["me:read"] }))).status).toBe(201);
  const later = await panel.as("later", [{ role: "auditor" }]);
  const { token } = (await later("POST", "/tokens", input())).body;
  expect((await using(token, "GET", "/addresses")).status).toBe(200);
  await revokeRole(database.db, AUTHOR, "ldap:later", "auditor", null);
  expect((await using(token, "GET", "/addresses")).body.total ?? 0).toBe(0);
});

test("a token of one domain sees that domain alone, whoever owns it", async () => {
  await admin("PUT", `/aliases/a@${OURS}`, { targets: ["x@elsewhere.example"] });
  await admin("PUT", `/aliases/a@${OTHERS}`, { targets: ["x@elsewhere.example"] });
  const { token } = (await admin("POST", "/tokens", input({ domain: OURS, scopes: ["addresses:read", "aliases:write"] }))).body;
  expect((await using(token, "GET", `/addresses/a@${OURS}`)).status).toBe(200);
  expect((await using(token, "GET", `/addresses/a@${OTHERS}`)).status).toBe(404);
  expect((await using(token, "PUT", `/aliases/b@${OTHERS}`, { targets: ["x@elsewhere.example"] })).status).toBe(404);
  expect((await using(token, "PUT", `/aliases/b@${OURS}`, { targets: ["x@elsewhere.example"] })).status).toBe(201);
});

test("a token of some networks is nobody's elsewhere", async () => {
  const { token } = (await admin("POST", "/tokens", input({ networks: ["192.0.2.0/24", "2001:db8::/32"] }))).body;
  expect((await using(token, "GET", "/addresses")).status).toBe(401);
  expect((await admin("POST", "/tokens", input({ networks: ["192.0.2.0/33"] }))).status).toBe(422);
  expect((await admin("POST", "/tokens", input({ networks: ["campus"] }))).status).toBe(422);
});

test("everybody sees their own tokens; who sees everything sees all; others cannot revoke them", async () => {
  const made = await department("POST", "/tokens", input());
  const { id } = made.body.after;
  const other = await panel.as("other", [{ role: "department-admin", domain: OTHERS }]);
  expect((await other("GET", "/tokens")).body.items).toEqual([]);
  expect((await other("DELETE", `/tokens/${id}`)).status).toBe(404);
  expect((await other("DELETE", "/tokens/2147483647")).status).toBe(404);
  const auditor = await panel.as("audit", [{ role: "auditor" }]);
  expect((await auditor("GET", "/tokens")).body.items.map((token: { id: number }) => token.id)).toContain(id);
  expect((await auditor("DELETE", `/tokens/${id}`)).status).toBe(404);
  expect((await admin("DELETE", `/tokens/${id}`)).status).toBe(200);
});

test("a rehearsal gives no token", async () => {
  const { body } = await admin("POST", "/tokens?dry_run=true", input({ name: "rehearsed" }));
  expect(body).toMatchObject({ token: null, dry_run: true });
  expect((await admin("GET", "/tokens")).body.items.map(({ name }: { name: string }) => name)).not.toContain("rehearsed");
});

test("odd requests are refused", async () => {
  for (const [body, status] of [
    [input({ scopes: [] }), 400],
    [input({ scopes: ["*"] }), 400],
    [input({ scopes: ["addresses:write"] }), 400],
    [input({ ends_at: inDays(400) }), 422],
    [input({ ends_at: "2020-01-01" }), 422],
    [input({ ends_at: undefined }), 400],
    [input({ name: "two\nlines" }), 422],
    [input({ name: " " }), 422],
    [input({ principal: "local:admin" }), 400],
    [input({ owner: "local:admin" }), 400],
    [input({ domain: "not a domain" }), 422],
  ] as const)
    expect((await admin("POST", "/tokens", body)).status, JSON.stringify(body)).toBe(status);
  for (const token of ["mrt_", `mrt_${"A".repeat(43)}`, `mrt_${"A".repeat(44)}`, `MRT_${"A".repeat(43)}`, "mrt_' or 1=1 --"])
    expect((await using(token, "GET", "/addresses")).status).toBe(401);
});
