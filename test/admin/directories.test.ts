/** The LDAP sources over the API: what is told when they answer, when they do not, and when the guard holds something back. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { addDomain } from "../../src/actions/domains.ts";
import { type LdapSource, openLdapSource } from "../../src/directory/ldap/open-source.ts";
import { sync } from "../../src/directory/people/sync.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { type FakeLdap, startFakeLdap } from "../support/fake-ldap.ts";
import { silentLog } from "../support/sql.ts";
import { AUTHOR, type Caller, openPanel, type TestPanel } from "./support.ts";

const BASE = "dc=own,dc=example";
const EVIL = `<img src=x onerror=alert(1)>\u202e`;
let database: TestDatabase;
let panel: TestPanel;
let server: FakeLdap;
let source: LdapSource;
let admin: Caller;
let department: Caller;
let people = 30;
let isDown = false;

const person = (n: number) => ({
  dn: `uid=u${n},${BASE}`,
  attributes: { uid: [`u${n}`], mail: [`u${n}@own.example`], employeeType: [EVIL] },
});

beforeAll(async () => {
  database = await createDatabase();
  server = await startFakeLdap(({ filter, base }) => {
    if (isDown) return { hangUp: true };
    if (base === "") return { entries: [{ dn: "", attributes: { namingContexts: [BASE] } }] };
    const asked = /mail=(?:smtp:)?u(\d+)@/i.exec(filter)?.[1];
    if (asked !== undefined) return { entries: Number(asked) < people ? [person(Number(asked))] : [] };
    return filter.includes("mail=") ? { entries: [] } : { entries: Array.from({ length: people }, (_, n) => person(n)), cookie: "" };
  });
  source = openLdapSource(
    {
      name: "campus",
      urls: [server.url],
      starttls: false,
      ca: null,
      bind: null,
      domains: null,
      people: {
        base: BASE,
        filter: "(uid=*)",
        address: ["mail"],
        mailbox: ["{uid}@mbx.example"],
        login: "uid",
        affiliation: "employeeType",
      },
      groups: null,
      connectTimeout: 500,
      queryTimeout: 500,
      connections: 2,
    },
    async () => ["own.example"],
  );
  for (const domain of ["own.example", "other.example"]) await addDomain(database.db, AUTHOR, { domain });
  panel = openPanel(database, { sources: [source], sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)) });
  admin = await panel.as("admin", [{ role: "superadmin" }]);
  department = await panel.as("dept", [{ role: "department-admin", domain: "own.example" }]);
  await sync(database.db, source, silentLog, 0);
});
afterAll(async () => {
  source.close();
  await panel.close();
  await server.close();
  await database.drop();
});

const first = async (call: Caller = admin) => (await call("GET", "/directories")).body.items[0];

test("a source that answers: how fast, whom it knows, when it was compared", async () => {
  expect(await first()).toMatchObject({
    id: "campus",
    urls: [server.url],
    bindDn: null,
    fault: null,
    latency_ms: expect.any(Number),
    people: 30,
    groups: 0,
    compared: { entries: 30, fault: null },
    frozen: [],
  });
});

test("try: the filter sent, the entry as it is, and what it means; a department asks for its own domains alone", async () => {
  const { status, body } = await department("POST", "/directories/campus/try", { address: "U3@own.example" });
  expect(status).toBe(200);
  expect(body).toMatchObject({
    address: "u3@own.example",
    means: { kind: "person", targets: ["u3@mbx.example"], target_count: 1, affiliation: EVIL.toLowerCase() },
    last_good: { kind: "person" },
    looks: [{ kind: "people", base: BASE, entries: [{ dn: `uid=u3,${BASE}` }] }],
  });
  expect(body.looks[0].filter).toContain("(mail=u3@own.example)");
  expect((await admin("POST", "/directories/campus/try", { address: "u99@own.example" })).body).toMatchObject({
    means: null,
    last_good: null,
  });
  expect((await department("POST", "/directories/campus/try", { address: "u3@other.example" })).status).toBe(404);
  expect((await admin("POST", "/directories/nothing/try", { address: "u3@own.example" })).status).toBe(404);
});

test("what somebody types is a value and never a filter", async () => {
  for (const address of ["*)(uid=*", "x\0@own.example", "a b@own.example", "@", "u3@own.example)(|(uid=*)"]) {
    const { status } = await admin("POST", "/directories/campus/try", { address });
    expect(status, address).toBe(400);
  }
  const before = server.questions.length;
  await admin("POST", "/directories/campus/try", { address: `"*)(uid=*"@own.example` });
  for (const { filter } of server.questions.slice(before)) expect(filter).not.toContain("(uid=*)(uid=*");
});

test("listing everybody is for who runs the directory", async () => {
  expect((await admin("POST", "/directories/campus/check")).body).toMatchObject({ people: 30, groups: 0, problem_count: 0 });
  expect((await department("POST", "/directories/campus/check")).status).toBe(403);
});

test("a frozen source: the loss is shown first, and accepted only as it was seen", async () => {
  people = 10;
  await sync(database.db, source, silentLog, 0);
  expect((await first()).frozen).toMatchObject([{ address: "*", is_whole: true, lost: 20, known: 30 }]);
  expect((await first(department)).frozen).toEqual([]); // whose addresses those are is not theirs to see
  const rehearsed = await admin("POST", "/directories/campus/accept?dry_run=true", { expected_lost: 0 });
  expect(rehearsed.body).toMatchObject({ lost: 20, change_no: null, dry_run: true });
  expect(rehearsed.body.names).toHaveLength(20);
  expect((await first()).people).toBe(30);
  expect((await admin("POST", "/directories/campus/accept", { expected_lost: 19 })).status).toBe(409);
  expect((await department("POST", "/directories/campus/accept", { expected_lost: 20 })).status).toBe(403);
  expect(await admin("POST", "/directories/campus/accept", { expected_lost: 20 })).toMatchObject({
    status: 200,
    body: { lost: 20, change_no: expect.any(Number) },
  });
  expect(await first()).toMatchObject({ people: 10, frozen: [] });
  for (const body of [{}, { expected_lost: -1 }, { expected_lost: 1, force: true }])
    expect((await admin("POST", "/directories/campus/accept", body)).status).toBe(400);
});

test("a source that is away is told as away: nobody is absent, and nothing is accepted", async () => {
  isDown = true;
  const { body } = await admin("GET", "/directories");
  expect(body.items[0]).toMatchObject({ fault: expect.any(String), latency_ms: null, people: 10 });
  expect((await admin("POST", "/directories/campus/try", { address: "u3@own.example" })).status).toBe(503);
  expect((await admin("POST", "/directories/campus/accept", { expected_lost: 10 })).status).toBe(503);
  expect((await first()).people).toBe(10);
});
