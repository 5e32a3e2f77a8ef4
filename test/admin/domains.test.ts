/** Domains, routes, policies and settings over the API: rules, scope, and what strangers would try. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { setAlias } from "../../src/actions/aliases.ts";
import { addDomain } from "../../src/actions/domains.ts";
import type { RelayTest } from "../../src/admin/probes.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { AUTHOR, type Caller, openPanel, type TestPanel } from "./support.ts";

let database: TestDatabase;
let panel: TestPanel;
let admin: Caller;
let department: Caller;
let auditor: Caller;
const hops: unknown[] = [];
let relay: () => Promise<RelayTest> = async () => ({ at: "127.0.0.1:25", is_trusted: false, results: [] });

beforeAll(async () => {
  database = await createDatabase();
  const { db } = database;
  const { deps, ...bare } = openPanel(database);
  await bare.close();
  panel = openPanel(database, {
    ourselves: { hostname: "mail.own.example", listeners: [{ address: "127.0.0.1", port: 25 }] },
    settings: [{ key: "hostname", value: "mail.own.example", origin: "mailroom.yaml:1", sentence: "Our name", applies: "restart" }],
    probes: {
      ...deps.probes,
      tryHop: async (route, question) => {
        hops.push({ url: route.url, ...question, recipient: question.recipient?.key ?? null });
        return [{ stage: "hosts", host: null, state: "good", code: "found", said: "x", took_ms: 1 }];
      },
      relayTest: () => relay(),
    },
  });
  await addDomain(db, AUTHOR, { domain: "own.example" });
  await addDomain(db, AUTHOR, { domain: "other.example" });
  await setAlias(db, AUTHOR, { address: "help@own.example", targets: ["x@elsewhere.example"] });
  await setAlias(db, AUTHOR, { address: "to-own@other.example", targets: ["help@own.example"] });
  admin = await panel.as("admin", [{ role: "superadmin" }]);
  department = await panel.as("dept", [{ role: "department-admin", domain: "own.example" }]);
  auditor = await panel.as("auditor", [{ role: "auditor" }]);
});
afterAll(async () => {
  await panel.close();
  await database.drop();
});

describe("domains", () => {
  test("all of them with addresses and route; a department sees its own alone", async () => {
    const all = await admin("GET", "/domains");
    expect(all.body.items).toMatchObject([
      { domain: "other.example", addresses: 1, effective_route: { url: "mx:", from: "dns" } },
      { domain: "own.example", addresses: 1, alias_domains: [], route: null },
    ]);
    expect((await department("GET", "/domains")).body.items.map(({ domain }: { domain: string }) => domain)).toEqual(["own.example"]);
    expect((await department("GET", "/domains/other.example")).status).toBe(404);
    expect((await department("POST", "/domains/other.example/check", {})).status).toBe(404);
    expect((await department("GET", "/domains/own.example")).body).toMatchObject({ domain: "own.example", reserved: [] });
  });

  test("who answers the role addresses", async () => {
    const { body } = await department("GET", "/domains/own.example/roles");
    expect(body.items.find(({ role }: { role: string }) => role === "abuse")).toMatchObject({
      address: "abuse@own.example",
      state: "empty",
    });
  });

  test("DNS that gives no answer is told as such", async () => {
    const { status, body } = await department("POST", "/domains/own.example/check", { selectors: ["s1"] });
    expect(status).toBe(200);
    expect(body.items.map(({ state }: { state: string }) => state)).toEqual(Array(7).fill("unknown"));
    for (const selectors of [["a b"], ["x\r\ny"], ["../x"], Array(11).fill("a"), "s1"])
      expect((await department("POST", "/domains/own.example/check", { selectors })).status, JSON.stringify(selectors)).toBe(400);
  });

  test("made, changed, rehearsed; a department may not", async () => {
    const rehearsed = await admin("PUT", "/domains/new.example?dry_run=true", {});
    expect(rehearsed).toMatchObject({ status: 200, body: { changed: true, change_no: null, dry_run: true } });
    expect((await admin("GET", "/domains/new.example")).status).toBe(404);
    expect(await admin("PUT", "/domains/New.Example", { alias_of: "own.example" })).toMatchObject({
      status: 201,
      body: { after: { domain: "new.example", alias_of: "own.example" } },
    });
    expect(await admin("PUT", "/domains/new.example", { alias_of: null })).toMatchObject({ status: 200, body: { changed: true } });
    expect((await admin("PUT", "/domains/own.example", { alias_of: "own.example" })).status).toBe(422);
    expect((await department("PUT", "/domains/own.example", { subaddressing: false })).status).toBe(403);
    expect((await auditor("DELETE", "/domains/own.example")).status).toBe(403);
  });

  test("a catch-all that leads into a circle or nowhere is refused", async () => {
    expect((await admin("PUT", "/domains/own.example", { catch_all: "nobody@own.example" })).status).toBe(422);
    expect((await admin("PUT", "/domains/own.example", { catch_all: "help@own.example" })).status).toBe(200);
    expect((await admin("PUT", "/domains/own.example", { catch_all: null })).status).toBe(200);
  });

  test.each(["*", "..", "a b", "x\r\ny", "campus", "%00", "a".repeat(256), "'; drop table domains; --", "1.2.3.4"])(
    "%j is no name of a domain",
    async (name) => {
      const { status } = await admin("PUT", `/domains/${encodeURIComponent(name)}`, {});
      expect([400, 404, 422]).toContain(status);
    },
  );

  test("keys nobody knows are refused", async () => {
    for (const body of [{ domain: "x" }, { created_at: "2020-01-01" }, { __proto__x: 1 }, { subaddressing: "yes" }, [], "null"])
      expect((await admin("PUT", "/domains/own.example", body)).status, JSON.stringify(body)).toBe(400);
  });

  test("reserved names come and go", async () => {
    expect((await admin("PUT", "/domains/own.example/reserved/president")).body.after.reserved).toEqual(["president"]);
    expect((await admin("PUT", "/domains/own.example/reserved/a%40b")).status).toBe(422);
    expect((await admin("DELETE", "/domains/own.example/reserved/president")).body.after.reserved).toEqual([]);
    expect((await department("PUT", "/domains/own.example/reserved/dean")).status).toBe(403);
  });

  test("removing tells the reach first, and takes nothing but what was seen", async () => {
    await addDomain(database.db, AUTHOR, { domain: "gone.example" });
    await addDomain(database.db, AUTHOR, { domain: "alias.example", aliasOf: "gone.example" });
    await setAlias(database.db, AUTHOR, { address: "a@gone.example", targets: ["x@elsewhere.example"] });
    const reach = await admin("GET", "/domains/gone.example/reach");
    expect(reach.body).toMatchObject({ entries: 1, examples: ["a@gone.example"], alias_domains: ["alias.example"] });
    expect(await admin("DELETE", "/domains/gone.example")).toMatchObject({ status: 409, body: { reach: { entries: 1 } } });
    expect((await admin("DELETE", "/domains/gone.example?expected_entries=0")).status).toBe(409);
    expect((await admin("DELETE", "/domains/gone.example?expected_entries=1&dry_run=true")).status).toBe(200);
    expect((await admin("GET", "/domains/gone.example")).status).toBe(200);
    expect(await admin("DELETE", "/domains/gone.example?expected_entries=1")).toMatchObject({
      status: 200,
      body: { changed: true, change_no: expect.any(Number) },
    });
    expect((await admin("GET", "/domains/alias.example")).body.alias_of).toBeNull();
  });
});

describe("routes", () => {
  test("set, seen, taken away; a department sees its own", async () => {
    expect((await admin("PUT", "/routes/own.example", { url: "LMTP://10.0.0.7" })).body).toMatchObject({
      after: { url: "lmtp://10.0.0.7:24" },
    });
    expect((await admin("PUT", "/routes/*", { url: "mx:" })).status).toBe(201);
    expect((await department("GET", "/routes")).body.items).toEqual([{ domain: "own.example", url: "lmtp://10.0.0.7:24" }]);
    expect((await admin("GET", "/domains/own.example")).body.effective_route).toEqual({ url: "lmtp://10.0.0.7:24", from: "own" });
    expect((await admin("DELETE", "/routes/*")).status).toBe(200);
    expect((await admin("DELETE", "/routes/*")).status).toBe(404);
    expect((await department("PUT", "/routes/own.example", { url: "discard:" })).status).toBe(403);
  });

  test.each([
    "http://x.example",
    "smtp://user:pw@x.example",
    "smtp://127.1",
    "smtp://0x7f.1",
    "smtp://2130706433",
    "smtp://x.example\r\nQUIT",
    "file:///etc/passwd",
    "maildir:/a/../b",
    "smtp://１２７.0.0.1",
  ])("%j is no route", async (url) => {
    expect([400, 422]).toContain((await admin("PUT", "/routes/bad.example", { url })).status);
    expect((await admin("POST", "/routes/test", { domain: "bad.example", url })).status).toBe(400);
  });

  test("one that leads to ourselves is refused", async () => {
    expect((await admin("PUT", "/routes/own.example", { url: "smtp://127.0.0.1:25" })).status).toBe(422);
    expect((await admin("PUT", "/routes/own.example", { url: "smtp://mail.own.example:25" })).status).toBe(422);
  });

  test("only what is configured counts as configured; a socket only when it is", async () => {
    hops.length = 0;
    expect((await admin("POST", "/routes/test", { domain: "own.example", recipient: "Ann@Own.example" })).status).toBe(200);
    expect((await admin("POST", "/routes/test", { domain: "own.example", url: "lmtp://10.0.0.7:24" })).status).toBe(200);
    expect((await admin("POST", "/routes/test", { domain: "own.example", url: "lmtp://10.0.0.8:24" })).status).toBe(200);
    expect((await admin("POST", "/routes/test", { domain: "free.example" })).status).toBe(200);
    expect(hops).toMatchObject([
      { url: "lmtp://10.0.0.7:24", configured: true, recipient: expect.stringMatching(/@own\.example$/) },
      { url: "lmtp://10.0.0.7:24", configured: true },
      { url: "lmtp://10.0.0.8:24", configured: false },
      { url: "mx:", configured: false },
    ]);
    expect((await admin("POST", "/routes/test", { domain: "own.example", url: "lmtp:///run/postgresql/.s.PGSQL.5432" })).status).toBe(422);
    expect((await admin("POST", "/routes/test", { domain: "own.example", recipient: "a@b>\r\nDATA" })).status).toBe(400);
    expect((await auditor("POST", "/routes/test", { domain: "own.example" })).status).toBe(403);
    expect(hops).toHaveLength(4);
  });

  test("in the demo nobody is connected to", async () => {
    const demo = openPanel(database, {
      isDemo: true,
      probes: { ...panel.deps.probes, tryHop: () => Promise.reject(new Error("connected")) },
    });
    const call = await demo.as("demo-admin", [{ role: "superadmin" }]);
    expect((await call("POST", "/routes/test", { domain: "own.example" })).status).toBe(422);
    await demo.close();
  });
});

describe("the open-relay test", () => {
  test("counts what was answered wrongly", async () => {
    const form = { sender: "<a@b>", recipient: "<c@d>", smtputf8: false, expected: ["550"], got: "250 ok", passed: false };
    relay = async () => ({ at: "127.0.0.1:25", is_trusted: false, results: [form, { ...form, passed: true }] });
    expect((await admin("POST", "/relay-test")).body).toMatchObject({ failed: 1, total: 2, is_trusted: false });
    expect((await department("POST", "/relay-test")).status).toBe(403);
  });

  test("one at a time, and a listener that cannot be asked is no verdict", async () => {
    let end: () => void = () => undefined;
    relay = () => new Promise((resolve) => (end = () => resolve({ at: "x", is_trusted: false, results: [] })));
    const first = admin("POST", "/relay-test");
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect((await admin("POST", "/relay-test")).status).toBe(503);
    end();
    expect((await first).status).toBe(200);
    relay = () => Promise.reject(new Error("ECONNREFUSED"));
    expect(await admin("POST", "/relay-test")).toMatchObject({ status: 422, body: { detail: expect.stringContaining("ECONNREFUSED") } });
  });
});

test("policies: what they stop is said in the rehearsal; counts are for who sees all", async () => {
  await setAlias(database.db, AUTHOR, { address: "s@own.example", targets: ["s@far.example"] });
  await database.db.query({ text: "update entries set affiliation = 'student' where address = 's@own.example'" });
  const rehearsed = await admin("PUT", "/policies/student?dry_run=true", { off_campus: false });
  expect(rehearsed.body).toMatchObject({ change_no: null, warnings: [expect.stringContaining("s@own.example")] });
  expect((await admin("PUT", "/policies/student", { off_campus: false })).body).toMatchObject({
    changed: true,
    after: { off_campus: false, addresses: 1 },
  });
  expect((await department("GET", "/policies")).body.items).toEqual([{ affiliation: "student", off_campus: false, addresses: null }]);
  expect((await department("PUT", "/policies/student", { off_campus: true })).status).toBe(403);
  expect((await admin("PUT", "/policies/student", { off_campus: "no" })).status).toBe(400);
  expect((await admin("DELETE", "/policies/student")).status).toBe(200);
});

test("settings: seen by who runs or audits the server, changed by nobody", async () => {
  expect((await auditor("GET", "/settings")).body.items).toEqual([expect.objectContaining({ key: "hostname", origin: "mailroom.yaml:1" })]);
  expect((await department("GET", "/settings")).status).toBe(403);
  expect((await admin("PUT", "/settings", {})).status).toBe(404);
});
