import { afterAll, beforeAll, expect, test } from "vitest";
import { addDomain } from "../../src/actions/domains.ts";
import { forgetSessions } from "../../src/admin/access/sessions.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { AUTHOR, type Caller, makeAdmin, openPanel, PASSWORD, type TestPanel } from "./support.ts";

let database: TestDatabase;
let panel: TestPanel;
let admin: Caller;
let other: Caller;
beforeAll(async () => {
  database = await createDatabase();
  panel = openPanel(database);
  await addDomain(database.db, AUTHOR, { domain: "own.example" });
  await makeAdmin(database);
  admin = await panel.as("root", [{ role: "superadmin" }]);
  other = await panel.as("root2", [{ role: "superadmin" }]);
});
afterAll(async () => {
  await panel.close();
  await database.drop();
});

const body = { targets: ["x@elsewhere.example"] };
const put = (call: Caller, local: string, key: string, more: object = {}) =>
  call("PUT", `/aliases/${local}@own.example`, { ...body, ...more }, { "idempotency-key": key });
const changes = async (object: string): Promise<number> =>
  (await database.db.query<{ n: number }>({ text: "select count(*)::int as n from change_records where object = $1", values: [object] }))
    .rows[0]?.n ?? 0;
const kept = async (): Promise<number> =>
  (await database.db.query<{ n: number }>({ text: "select count(*)::int as n from panel_requests" })).rows[0]?.n ?? 0;

test("the same request with the same key changes nothing again, and gets the same answer", async () => {
  const first = await put(admin, "a", "key-a");
  const again = await put(admin, "a", "key-a");
  expect([first.status, again.status]).toEqual([201, 201]);
  expect(again.body).toEqual(first.body);
  for (const name of ["etag", "content-type"]) expect(again.headers.get(name), name).toBe(first.headers.get(name));
  expect(first.headers.get("idempotency-replayed")).toBeNull();
  expect(again.headers.get("idempotency-replayed")).toBe("true");
  expect(await changes("a@own.example")).toBe(1);
  expect((await put(admin, "a", "key-a2")).status).toBe(409); // another key is another request
});

test("a key belongs to one request: another body, path, method, version or rehearsal is refused", async () => {
  await put(admin, "b", "key-b");
  const reused = [
    await put(admin, "b", "key-b", { note: "other" }),
    await put(admin, "b2", "key-b"),
    await admin("DELETE", "/aliases/b@own.example", undefined, { "idempotency-key": "key-b", "if-match": '"1"' }),
    await admin("PUT", "/aliases/b@own.example?dry_run=true", body, { "idempotency-key": "key-b" }),
    await admin("PUT", "/aliases/b@own.example", body, { "idempotency-key": "key-b", "if-match": '"9"' }),
  ];
  for (const answer of reused) expect(answer).toMatchObject({ status: 422, body: { type: "/docs/problems#key-reused" } });
});

test("a key of one person is nothing to another, nor to a token of theirs", async () => {
  await put(admin, "c", "key-c");
  const theirs = await put(other, "c", "key-c");
  expect(theirs.headers.get("idempotency-replayed")).toBeNull();
  expect(theirs.status).toBe(409);
  const { token } = (await admin("POST", "/tokens", { name: "t", scopes: ["me:read"], ends_at: "2126-01-01" })).body;
  expect(token).toBeUndefined();
  const made = await admin("POST", "/tokens", {
    name: "t",
    scopes: ["me:read"],
    ends_at: new Date(Date.now() + 86_400_000).toISOString().slice(0, 10),
  });
  const less = await panel.anonymous("PUT", "/aliases/c@own.example", body, {
    authorization: `Bearer ${made.body.token}`,
    "idempotency-key": "key-c",
  });
  expect(less.status).toBe(403);
});

test("refusals are answered again, our own faults are tried again", async () => {
  const refused = await admin("PUT", "/aliases/x@nowhere.example", body, { "idempotency-key": "key-d" });
  expect(refused.status).toBe(422);
  const again = await admin("PUT", "/aliases/x@nowhere.example", body, { "idempotency-key": "key-d" });
  expect(again.headers.get("idempotency-replayed")).toBe("true");
  expect(again.body).toEqual(refused.body);
  expect(again.headers.get("content-type")).toBe("application/problem+json");
  await database.db.query({ text: "alter table change_records rename to away" });
  try {
    expect((await put(admin, "d", "key-d2")).status).toBeGreaterThanOrEqual(500);
  } finally {
    await database.db.query({ text: "alter table away rename to change_records" });
  }
  expect((await put(admin, "d", "key-d2")).status).toBe(201);
});

test("of many at once one runs; the others get its answer or are told to wait", async () => {
  const answers = await Promise.all(Array.from({ length: 12 }, () => put(admin, "e", "key-e")));
  expect(await changes("e@own.example")).toBe(1);
  expect(answers.filter(({ status, headers }) => status === 201 && headers.get("idempotency-replayed") === null).length).toBe(1);
  for (const answer of answers) {
    expect([201, 409]).toContain(answer.status);
    if (answer.status === 409) expect([answer.body.type, answer.headers.get("retry-after")]).toEqual(["/docs/problems#in-progress", "1"]);
  }
});

test("a request whose node died is in progress for five minutes, and then made", async () => {
  await put(admin, "f", "key-f");
  await database.db.query({ text: "update panel_requests set status = null, body = null where request_key = 'key-f'" });
  expect(await put(admin, "f", "key-f")).toMatchObject({ status: 409, body: { type: "/docs/problems#in-progress" } });
  await database.db.query({ text: "update panel_requests set made_at = now() - interval '6 minutes' where request_key = 'key-f'" });
  expect((await put(admin, "f", "key-f")).body.type).toBe("/docs/problems#address-taken");
});

test("no answer with a secret is kept, and none of who is not signed in", async () => {
  const before = await kept();
  const key = { "idempotency-key": "key-g" };
  const ends_at = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);
  const tokens = [1, 2].map(() => admin("POST", "/tokens", { name: "t", scopes: ["me:read"], ends_at }, key));
  expect((await Promise.all(tokens)).filter(({ status }) => status === 201).length).toBeGreaterThan(0);
  expect((await panel.anonymous("POST", "/session", { login: "admin", password: PASSWORD }, key)).status).toBe(200);
  expect((await admin("POST", "/session", { login: "admin", password: PASSWORD }, key)).status).toBe(200);
  expect(await kept()).toBe(before);
  const { rows } = await database.db.query<{ row: string }>({ text: "select r::text as row from panel_requests r" });
  expect(rows.map(({ row }) => row).join()).not.toMatch(/mrt_|__Host-/);
});

test("odd keys are refused; reading needs none", async () => {
  expect((await put(admin, "h", "x".repeat(201))).status).toBe(400);
  expect((await put(admin, "h", "a b")).status).toBe(400);
  const before = await kept();
  expect((await admin("GET", "/addresses", undefined, { "idempotency-key": "key-h" })).status).toBe(200);
  expect(await kept()).toBe(before);
});

test("answers are forgotten after a day", async () => {
  await put(admin, "i", "key-i");
  await database.db.query({ text: "update panel_requests set made_at = now() - interval '25 hours'" });
  await forgetSessions(database.db);
  expect(await kept()).toBe(0);
});
