/** Every route of the API states who may use it, and the matrix of routes and roles is what the policies say. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { setAlias } from "../../src/actions/aliases.ts";
import { addDomain } from "../../src/actions/domains.ts";
import { createList } from "../../src/actions/lists.ts";
import { ACTIONS, type Action, type Principal, scopeOf } from "../../src/admin/access/policy.ts";
import { policyOf } from "../../src/admin/guard.ts";
import { inputOf } from "../../src/admin/input.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { AUTHOR, type Caller, openPanel, type TestPanel } from "./support.ts";

const OURS = "own.example";
const OTHERS = "other.example";

const ROLES = {
  superadmin: [{ role: "superadmin" }],
  "department-admin": [{ role: "department-admin", domain: OURS }],
  helpdesk: [{ role: "helpdesk", domain: OURS }],
  auditor: [{ role: "auditor" }],
  owner: [],
} as const;
type Role = keyof typeof ROLES;

type Route = {
  readonly method: string;
  readonly path: string;
  readonly policy: Action | "everybody" | undefined;
  readonly strict: boolean;
};

let database: TestDatabase;
let panel: TestPanel;
const callers = new Map<Role, Caller>();

/** What the application would answer to, with the policy among its handlers. */
function routesOf({ app }: TestPanel): readonly Route[] {
  const found = new Map<string, Route>();
  for (const { method, path, handler } of app.routes) {
    if (method === "ALL" || !path.startsWith("/api/v1/")) continue;
    const key = `${method} ${path}`;
    const before = found.get(key);
    const isStrict = inputOf(handler)?.schema.safeParse({ "a key nobody knows": 1 }).success !== true;
    found.set(key, { method, path, policy: policyOf(handler) ?? before?.policy, strict: (before?.strict ?? true) && isStrict });
  }
  return [...found.values()];
}

beforeAll(async () => {
  database = await createDatabase();
  panel = openPanel(database);
  const { db } = database;
  for (const domain of [OURS, OTHERS]) {
    await addDomain(db, AUTHOR, { domain });
    await setAlias(db, AUTHOR, { address: `alias@${domain}`, targets: ["a@elsewhere.example"], owner: `boss@${domain}` });
    await createList(db, AUTHOR, { address: `list@${domain}`, owner: `boss@${domain}` });
  }
  await panel.as("first", [{ role: "superadmin" }]);
  for (const role of Object.keys(ROLES) as Role[])
    callers.set(role, await panel.as(role, ROLES[role], role === "owner" ? [`boss@${OURS}`] : []));
});
afterAll(async () => {
  await panel.close();
  await database.drop();
});

const principal = (role: Role): Principal => ({
  id: `ldap:${role}`,
  addresses: role === "owner" ? [`boss@${OURS}`] : [],
  grants: ROLES[role].map((grant) => ({ domain: null, ...grant })),
  token: null,
});

test("every route states a policy and takes no key it does not know", () => {
  const routes = routesOf(panel);
  expect(routes.length).toBeGreaterThan(10);
  expect(routes.filter(({ policy }) => policy === undefined)).toEqual([]);
  expect(routes.filter(({ strict }) => !strict)).toEqual([]);
});

test("every action of the matrix has a route, and every token scope an action", () => {
  const used = new Set(routesOf(panel).map(({ policy }) => policy));
  expect(ACTIONS.filter((action) => !used.has(action) && !LATER.has(action))).toEqual([]);
});

/** Actions whose routes are not made yet. */
const LATER = new Set<string>(ACTIONS);

/** The same request for something that is ours, something of another department, and something that does not exist. */
const objects = {
  own: { alias: `alias@${OURS}`, list: `list@${OURS}`, domain: OURS },
  foreign: { alias: `alias@${OTHERS}`, list: `list@${OTHERS}`, domain: OTHERS },
};

const filled = (path: string, { alias, list, domain }: (typeof objects)["own"]): string =>
  path
    .replace("/api/v1", "")
    .replace(":address", encodeURIComponent(path.includes("/lists") ? list : alias))
    .replace(":domain", domain)
    .replace(/:(target|member)/, encodeURIComponent("a@elsewhere.example"))
    .replace(/:[a-z_]+/g, "1");

/** Answers by which nobody learns whether the thing exists. */
const CLOSED = [401, 403, 404];

describe("routes × roles × foreign objects", () => {
  test("who is not signed in gets 401 from every route that is not open, whatever it names", async () => {
    for (const { method, path, policy } of routesOf(panel)) {
      if (policy === "everybody") continue;
      const answer = await panel.anonymous(method, filled(path, objects.own), method === "GET" || method === "DELETE" ? undefined : {});
      expect(answer.status, `${method} ${path}`).toBe(401);
    }
  });

  test("each role gets 403 where the matrix says no, and never where it says yes", async () => {
    let cells = 0;
    for (const { method, path, policy } of routesOf(panel)) {
      if (policy === undefined || policy === "everybody" || method !== "GET" || path.endsWith("/events")) continue;
      for (const [role, call] of callers) {
        const answer = await call(method, filled(path, objects.own));
        expect(answer.status === 403, `${role} ${method} ${path} ${answer.status}`).toBe(scopeOf(principal(role), policy) === null);
        cells++;
      }
    }
    expect(cells).toBeGreaterThan(20);
  });

  test("what belongs to another department is not there: the same answer as for what does not exist, for reading and for every write", async () => {
    let cells = 0;
    for (const { method, path, policy } of routesOf(panel)) {
      if (policy === undefined || policy === "everybody" || !/:(address|domain)/.test(path)) continue;
      for (const [role, call] of callers) {
        const scope = scopeOf(principal(role), policy);
        if (scope?.everything === true) continue;
        const body = method === "PUT" ? { targets: ["x@elsewhere.example"] } : {};
        const ask = (at: string) => call(method, at, method === "GET" || method === "DELETE" ? undefined : body, { "if-match": '"1"' });
        const foreign = await ask(filled(path, objects.foreign));
        expect([...CLOSED, 400], `${role} ${method} ${path}: ${JSON.stringify(foreign.body)}`).toContain(foreign.status);
        const nothing = await ask(filled(path, { alias: `nothing@${OTHERS}`, list: `nothing@${OTHERS}`, domain: "nothing.example" }));
        expect(nothing.status, `${role} ${method} ${path}`).toBe(foreign.status);
        cells++;
      }
    }
    expect(cells).toBeGreaterThan(10);
  });
});
