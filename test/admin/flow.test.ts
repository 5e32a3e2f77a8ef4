import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { setAlias } from "../../src/actions/aliases.ts";
import { addDomain } from "../../src/actions/domains.ts";
import { openSession } from "../../src/admin/access/sessions.ts";
import { countHours } from "../../src/queue/count-hours.ts";
import { percentileOf } from "../../src/queue/flow-delays.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { eventually } from "../support/eventually.ts";
import { openMail, said, type TestMail } from "./mail.ts";
import { AUTHOR, type Caller, ORIGIN, openPanel, type TestPanel } from "./support.ts";

let database: TestDatabase;
let panel: TestPanel;
let mail: TestMail;
let admin: Caller;
let department: Caller;

beforeAll(async () => {
  database = await createDatabase();
  panel = openPanel(database);
  mail = await openMail(database);
  for (const domain of ["own.example", "other.example"]) await addDomain(database.db, AUTHOR, { domain });
  await setAlias(database.db, AUTHOR, { address: "lonely@own.example", targets: ["a@elsewhere.example"] });
  await setAlias(database.db, AUTHOR, {
    address: "soon@other.example",
    targets: ["a@elsewhere.example"],
    owner: "boss@other.example",
    expires: new Date(Date.now() + 86_400_000 * 3).toISOString(),
  });
  admin = await panel.as("admin", [{ role: "superadmin" }]);
  department = await panel.as("dept", [{ role: "department-admin", domain: "own.example" }]);
  await mail.send("x@world.example", "ann@own.example", "ann@gmail.com", said(250, "2.0.0", "OK"));
  await mail.send("x@world.example", "bob@other.example", "bob@googlemail.com", said(250, "2.0.0", "OK"));
  await mail.send("x@world.example", "bob@other.example", "bob@gmail.com", said(550, "5.2.2", "over quota"));
  await mail.send("x@world.example", "bob@other.example", "bob@busy.example", said(451, "4.3.2", "come again"));
  await countHours(database.db, ["own.example", "other.example"]);
});
afterAll(async () => {
  await mail.queue.stopClaiming();
  await mail.queue.close();
  await panel.close();
  await database.drop();
});

const sum = (hours: Record<string, number>[], name: string): number => hours.reduce((all, hour) => all + (hour[name] ?? 0), 0);

describe("flow", () => {
  test.each(["24h", "7d", "30d"])("%s: every hour, by result; counting again changes nothing", async (span) => {
    await countHours(database.db, ["own.example", "other.example"]);
    const { body } = await admin("GET", `/flow?span=${span}`);
    expect(body.hours).toHaveLength({ "24h": 24, "7d": 168, "30d": 720 }[span] ?? 0);
    expect([sum(body.hours, "sent"), sum(body.hours, "bounced"), sum(body.hours, "deferred"), sum(body.hours, "expired")]).toEqual([
      2, 1, 1, 0,
    ]);
    expect(body.queue).toMatchObject({ recipients: 1, sampled_rows: null, own_trouble: 0, ages: [1, 0, 0, 0, 0, 0] });
    expect(body.queue.top).toMatchObject([{ party: "busy.example", recipients: 1 }]);
    // the harness says 0.1 s before the queue and 0.3 s sending
    expect(body.delays.before.p50).toBeGreaterThan(0.09);
    expect(body.delays.sending.p95).toBeLessThanOrEqual(0.5);
    expect(body.counted_at).not.toBeNull();
  });

  test("a department's is of mail for its domains", async () => {
    const { body } = await department("GET", "/flow");
    expect([sum(body.hours, "sent"), sum(body.hours, "bounced"), body.of_all, body.queue.recipients]).toEqual([1, 0, false, 0]);
    expect((await department("GET", "/destinations")).status).toBe(403);
  });

  test("percentiles lie in their bucket", () => {
    expect(percentileOf([], 0.5)).toBeNull();
    expect(percentileOf([0, 0, 0], 0.5)).toBeNull();
    expect(percentileOf([0, 0, 0, 100], 0.5)).toBeCloseTo(0.075);
    expect(percentileOf([50, 0, 0, 50], 0.95)).toBeCloseTo(0.095);
  });
});

test("destinations: by provider, with the last failure in words", async () => {
  const { body } = await admin("GET", "/destinations");
  expect(
    body.items.map((item: Record<string, unknown>) => ["party", "sent", "deferred", "refused", "waiting"].map((name) => item[name])),
  ).toEqual([
    ["Gmail", 2, 0, 1, 0],
    ["busy.example", 0, 1, 0, 1],
  ]);
  expect(body.items[0]).toMatchObject({ domainCount: 2, lastFailure: { cause: "mailbox-full", text: "The mailbox at Gmail is full." } });
});

test("attention: what needs somebody, each with its number, within the scope", async () => {
  const cards = async (call: Caller): Promise<Record<string, { count: number; examples: string[] }>> => {
    const { items } = (await call("GET", "/attention")).body;
    return Object.fromEntries(items.map((item: { kind: string }) => [item.kind, item]));
  };
  const all = await cards(admin);
  expect(Object.fromEntries(Object.entries(all).map(([kind, { count }]) => [kind, count]))).toEqual({
    delayed: 1,
    quarantined: 0,
    "held-posts": 0,
    frozen: 0,
    "dead-ends": 0,
    expiring: 1,
    "without-owner": 1,
    roles: 12,
  });
  await database.db.query({
    text: "insert into dead_ends (address, target, reason) values ('lonely@own.example', 'x@own.example', 'unknown'), ('gone@own.example', 'x@own.example', 'unknown')",
  });
  expect((await cards(admin))["dead-ends"]).toMatchObject({ count: 1, examples: ["lonely@own.example"] }); // an address that is gone counts no more
  const own = await cards(department);
  expect([own["expiring"]?.count, own["without-owner"]?.examples, own["delayed"]?.count, own["frozen"]]).toEqual([
    0,
    ["lonely@own.example"],
    0,
    undefined,
  ]);
});

/** An open stream of somebody new, read until it has an event that fits. */
async function follow(login: string, grants: Parameters<TestPanel["as"]>[1], headers: Record<string, string> = {}) {
  await panel.as(login, grants);
  const token = await openSession(database.db, { login: `ldap:${login}`, addresses: [], affiliation: null }, "192.0.2.1");
  const ended = new AbortController();
  const response = await panel.app.request("/api/v1/events", {
    headers: { origin: ORIGIN, cookie: `__Host-mailroom=${token}`, ...headers },
    signal: ended.signal,
  });
  const reader = response.body?.getReader();
  let text = "";
  let isOver = false;
  void (async () => {
    for (;;) {
      const { value, done } = (await reader?.read()) ?? { value: undefined, done: true };
      text += new TextDecoder().decode(value);
      if (done) break;
    }
    isOver = true;
  })().catch(() => undefined);
  return { response, text: () => text, isOver: () => isOver, close: () => reader?.cancel() };
}

describe("events", () => {
  test("changes, messages and the queue, each within the scope, with ids to go on from", async () => {
    const boss = await follow("boss", [{ role: "superadmin" }]);
    const dept = await follow("dept2", [{ role: "department-admin", domain: "own.example" }]);
    expect(boss.response.headers.get("content-type")).toContain("text/event-stream");
    expect(boss.response.headers.get("x-accel-buffering")).toBe("no");
    await eventually(() => expect(boss.text()).toContain("event: queue"));
    await eventually(() => expect(dept.text()).toContain("event: queue"));
    await setAlias(database.db, AUTHOR, { address: "new@other.example", targets: ["a@elsewhere.example"] });
    await mail.send("x@world.example", "bob@other.example", "bob@gmail.com", said(250, "2.0.0", "OK"));
    await eventually(() => expect(boss.text()).toMatch(/event: change\ndata: [^\n]*new@other\.example[^\n]*\nid: \d+-\d+/));
    await eventually(() => expect(boss.text()).toMatch(/event: message\ndata: \{"count":1\}/));
    await setAlias(database.db, AUTHOR, { address: "new@own.example", targets: ["a@elsewhere.example"] });
    await eventually(() => expect(dept.text()).toContain("new@own.example"));
    expect(dept.text()).not.toContain("other.example");
    expect(dept.text()).not.toContain("event: message");
    await Promise.all([boss.close(), dept.close()]);
  }, 40_000);

  test("Last-Event-ID brings what was missed; one that is made up brings nothing old", async () => {
    const missed = await follow("boss3", [{ role: "superadmin" }], { "last-event-id": "1-1" });
    await eventually(() => expect(missed.text()).toContain("new@other.example"));
    const odd = await follow("boss4", [{ role: "superadmin" }], { "last-event-id": "x'; drop table--" });
    await eventually(() => expect(odd.text()).toContain("event: queue"));
    expect(odd.text()).not.toContain("new@other.example");
    await Promise.all([missed.close(), odd.close()]);
  });

  test("only so many for one person, and a place is free again when one is closed", async () => {
    const open = await Promise.all(Array.from({ length: 8 }, () => follow("many", [{ role: "auditor" }])));
    expect(open.map(({ response }) => response.status)).toEqual(Array(8).fill(200));
    expect((await follow("many", [])).response.status).toBe(429);
    await open[0]?.close();
    await eventually(async () => {
      const again = await follow("many", []);
      expect(again.response.status).toBe(200);
      open.push(again);
    });
    for (const { close } of open) await close();
  });

  test("ends when the session does", async () => {
    const stream = await follow("leaver", [{ role: "auditor" }]);
    await eventually(() => expect(stream.text()).toContain("event: queue"));
    await database.db.query({ text: "delete from panel_sessions where principal = 'ldap:leaver'" });
    await eventually(() => expect(stream.isOver()).toBe(true));
    expect(stream.text()).toMatch(/event: error\ndata: "The session has ended\."/);
  }, 40_000);
});
