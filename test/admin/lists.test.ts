import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { setAlias } from "../../src/actions/aliases.ts";
import { addDomain } from "../../src/actions/domains.ts";
import { addMembers, createList } from "../../src/actions/lists.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { AUTHOR, type Caller, openPanel, type TestPanel } from "./support.ts";

let database: TestDatabase;
let panel: TestPanel;
let admin: Caller;
let department: Caller;
let owner: Caller;
let auditor: Caller;

const CHOIR = "choir@own.example";
const at = (address: string, rest = "") => `/lists/${encodeURIComponent(address)}${rest}`;

beforeAll(async () => {
  database = await createDatabase();
  panel = openPanel(database);
  const { db } = database;
  for (const domain of ["own.example", "other.example"]) await addDomain(db, AUTHOR, { domain });
  await addDomain(db, AUTHOR, { domain: "alumni.example", aliasOf: "own.example" });
  for (const name of ["ann", "bob", "cem"])
    await setAlias(db, AUTHOR, { address: `${name}@own.example`, targets: [`${name}@mbx.example`], owner: `${name}@own.example` });
  await setAlias(db, AUTHOR, { address: "singers@own.example", targets: ["cem@own.example"] });
  await createList(db, AUTHOR, { address: CHOIR, owner: "ann@own.example", posting: "members", note: "sings" });
  await createList(db, AUTHOR, { address: "all@own.example" });
  await createList(db, AUTHOR, { address: "secret@other.example", owner: "boss@other.example" });
  await addMembers(db, AUTHOR, CHOIR, ["ann@own.example", "singers@own.example", "zoe@elsewhere.example"]);
  await addMembers(db, AUTHOR, "all@own.example", [
    CHOIR,
    "ann+all@own.example",
    "bob@alumni.example",
    "choir-owner@own.example",
    "nobody@own.example",
  ]);
  await addMembers(db, AUTHOR, "secret@other.example", ["ann@own.example"]);
  admin = await panel.as("root", [{ role: "superadmin" }]);
  department = await panel.as("dep", [{ role: "department-admin", domain: "own.example" }]);
  owner = await panel.as("ann", [], ["ann@own.example"]);
  auditor = await panel.as("audit", [{ role: "auditor" }]);
});
afterAll(async () => {
  await panel.close();
  await database.drop();
});

const addresses = (answer: { body: { items: { address: string }[] } }) => answer.body.items.map(({ address }) => address);

describe("finding lists", () => {
  test("everybody sees those in their scope, with how many are on them", async () => {
    expect(addresses(await admin("GET", "/lists"))).toEqual(["all@own.example", CHOIR, "secret@other.example"]);
    expect(addresses(await department("GET", "/lists"))).toEqual(["all@own.example", CHOIR]);
    const own = await owner("GET", "/lists");
    expect(own.body).toMatchObject({
      total: 1,
      next_cursor: null,
      items: [{ address: CHOIR, member_count: 3, posting: "members", held_count: 0 }],
    });
  });

  test("text and posting narrow it; signs of patterns mean themselves", async () => {
    expect(addresses(await admin("GET", "/lists?q=SINGS"))).toEqual([CHOIR]);
    expect(addresses(await admin("GET", "/lists?posting=anyone&domain=own.example"))).toEqual(["all@own.example"]);
    expect(addresses(await admin("GET", "/lists?q=%25"))).toEqual([]);
    expect(addresses(await admin("GET", "/lists?q=c_oir"))).toEqual([]);
  });

  test("pages follow each other without a gap", async () => {
    const first = await admin("GET", "/lists?limit=2");
    expect(first.body).toMatchObject({ total: 3, items: [{ address: "all@own.example" }, { address: CHOIR }] });
    const second = await admin("GET", `/lists?limit=2&cursor=${first.body.next_cursor}`);
    expect(addresses(second)).toEqual(["secret@other.example"]);
    for (const cursor of ["x", Buffer.from('{"address":1}').toString("base64url"), Buffer.from("[]").toString("base64url")])
      expect((await admin("GET", `/lists?cursor=${cursor}`)).status).toBe(400);
    expect((await admin("GET", "/lists?limit=201")).status).toBe(400);
    expect((await admin("GET", "/lists?posting=everybody")).status).toBe(400);
  });

  test("one list says where its members come from and which addresses it has by itself, and names no member", async () => {
    const { body, headers } = await auditor("GET", at("all@own.example"));
    expect(body).toMatchObject({ member_count: 5, nested_count: 1, filters: [], bounce_address: "all-bounces@own.example", version: 2 });
    expect(body.own_addresses).toEqual([
      "all-bounces@own.example",
      "all-owner@own.example",
      "all-request@own.example",
      "owner-all@own.example",
    ]);
    expect(body).not.toHaveProperty("targets");
    expect(headers.get("etag")).toBe('"2"');
    expect((await auditor("GET", at("ann@own.example"))).status).toBe(404);
    expect(body.may).toEqual({ edit: false, limit: false, see_members: false, see_held: false });
    expect((await owner("GET", at(CHOIR))).body.may).toEqual({ edit: true, limit: false, see_members: true, see_held: true });
    expect((await department("GET", at(CHOIR))).body.may).toEqual({ edit: true, limit: true, see_members: true, see_held: true });
  });

  test("one person across all lists in scope, through nested ones too", async () => {
    const found = await department("GET", "/lists/search-person?person=cem@own.example");
    expect(found.body.items).toEqual([
      { list: "all@own.example", owner: null, member: "cem@own.example", via: CHOIR },
      { list: CHOIR, owner: "ann@own.example", member: "cem@own.example", via: "singers@own.example" },
    ]);
    const part = await department("GET", "/lists/search-person?person=ANN");
    expect(part.body.items.map(({ list, member }: { list: string; member: string }) => `${list} ${member}`)).toEqual([
      "all@own.example ann+all@own.example",
      `${CHOIR} ann@own.example`,
    ]);
    expect((await owner("GET", "/lists/search-person?person=bob")).body.items).toEqual([]);
    expect((await auditor("GET", "/lists/search-person?person=bob")).body.items).toEqual([]);
    for (const person of ["", "a", "%20%20a", "a".repeat(321)])
      expect((await admin("GET", `/lists/search-person?person=${person}`)).status).toBe(400);
    expect((await admin("GET", "/lists/search-person?person=%25%25%25")).body.items).toEqual([]);
  });
});

describe("who is on a list", () => {
  test("each with what it is: tags, domain aliases and addresses of lists are known, what leads nowhere is not", async () => {
    const { body } = await admin("GET", at("all@own.example", "/members"));
    expect(body.items.map(({ member, kind, state }: Record<string, string>) => [member, kind, state])).toEqual([
      ["ann+all@own.example", "alias", "active"],
      ["bob@alumni.example", "alias", "active"],
      ["choir-owner@own.example", "own", "active"],
      [CHOIR, "list", "active"],
      ["nobody@own.example", "unknown", "unknown"],
    ]);
  });

  test("in pages, searched, and an auditor reads counts only", async () => {
    const first = await admin("GET", at(CHOIR, "/members?limit=2"));
    expect(first.body).toMatchObject({ total: 3, items: [{ member: "ann@own.example" }, { member: "singers@own.example" }] });
    const second = await admin("GET", at(CHOIR, `/members?limit=2&cursor=${first.body.next_cursor}`));
    expect(second.body.items.map(({ member }: { member: string }) => member)).toEqual(["zoe@elsewhere.example"]);
    expect((await admin("GET", at(CHOIR, "/members?q=ZOE"))).body).toMatchObject({
      total: 1,
      items: [{ kind: "outside", state: "active" }],
    });
    expect((await auditor("GET", at(CHOIR, "/members"))).status).toBe(404);
    expect((await department("GET", at("secret@other.example", "/members"))).status).toBe(404);
  });

  test("reading them stands in the log of changes, once for an hour", async () => {
    for (let i = 0; i < 3; i++) await owner("GET", at(CHOIR, "/members"));
    const { rows } = await database.db.query({
      text: "select action, why, before, after from change_records where object = $1 and actor = 'ldap:ann via panel'",
      values: [CHOIR],
    });
    expect(rows).toEqual([{ action: "members.read", why: null, before: null, after: null }]);
  });

  test("a paste is rehearsed: who is new, who is on it, who is unknown, what is no address; and nothing is written", async () => {
    const paste = {
      add: ["BOB@own.example", "ann@own.example", "ghost@own.example", "no address", "a@b@c"],
      remove: ["zoe@elsewhere.example", "x@y.example"],
    };
    const preview = await owner("POST", at(CHOIR, "/members?dry_run=true"), paste);
    expect(preview.body).toMatchObject({
      added: ["bob@own.example", "ghost@own.example"],
      already: ["ann@own.example"],
      removed: ["zoe@elsewhere.example"],
      not_there: ["x@y.example"],
      unknown: ["ghost@own.example"],
      members: 4,
      change_no: null,
      dry_run: true,
    });
    expect(preview.body.bad.map(({ text }: { text: string }) => text)).toEqual(["no address", "a@b@c"]);
    expect((await owner("GET", at(CHOIR))).body.member_count).toBe(3);
    const refused = await owner("POST", at(CHOIR, "/members"), paste);
    expect(refused).toMatchObject({ status: 422, body: { errors: [{ pointer: "/add/3" }, { pointer: "/add/4" }] } });
    expect((await owner("GET", at(CHOIR))).body.member_count).toBe(3);
  });

  test("a paste is one change, and members come and go one by one as often as it is asked for", async () => {
    const done = await owner("POST", at(CHOIR, "/members"), { add: ["bob@own.example"], remove: ["zoe@elsewhere.example"] });
    expect(done.body).toMatchObject({ changed: true, members: 3, bad: [] });
    expect(done.body.change_no).toBeGreaterThan(0);
    const member = at(CHOIR, `/members/${encodeURIComponent("cem@own.example")}`);
    expect((await owner("PUT", member)).body).toMatchObject({ changed: true, added: ["cem@own.example"] });
    expect((await owner("PUT", member)).body).toMatchObject({ changed: false, already: ["cem@own.example"], change_no: null });
    expect((await owner("DELETE", member)).body).toMatchObject({ changed: true, removed: ["cem@own.example"] });
    expect((await owner("DELETE", member)).body).toMatchObject({ changed: false, not_there: ["cem@own.example"] });
  });

  test("named senders and excluded addresses are kept apart from members", async () => {
    await owner("POST", at(CHOIR, "/members"), { add: ["bob@own.example"], role: "sender" });
    await owner("PUT", at(CHOIR, `/members/${encodeURIComponent("cem@own.example")}?role=excluded`));
    expect((await owner("GET", at(CHOIR, "/members?role=sender"))).body.items).toMatchObject([{ member: "bob@own.example" }]);
    expect((await owner("GET", at(CHOIR))).body).toMatchObject({ sender_count: 1, excluded_count: 1 });
  });

  test("odd pastes are refused with a place", async () => {
    const odd: unknown[] = [
      {},
      { add: [] },
      { add: "ann@own.example" },
      { add: [1] },
      { add: ["a@own.example"], owner: "me@own.example" },
      { add: ["a@own.example"], role: "owner" },
      { add: Array.from({ length: 5001 }, (_, i) => `u${i}@own.example`) },
      `{"add":["x@own.example"],"__proto__":{"role":"sender"},"constructor":1}`,
    ];
    for (const body of odd) expect((await owner("POST", at(CHOIR, "/members"), body)).status, JSON.stringify(body).slice(0, 60)).toBe(400);
    const both = await owner("POST", at(CHOIR, "/members"), { add: ["x@own.example"], remove: ["X@OWN.example"] });
    expect(both.status).toBe(422);
    const loop = await owner("POST", at(CHOIR, "/members"), { add: ["all@own.example"] });
    expect(loop).toMatchObject({ status: 422, body: { type: "/docs/problems#alias-loop" } });
    for (const text of ["a\u0000@own.example", "a\r\nRCPT TO:<x@y>@own.example", "‮ann@own.example"])
      expect((await owner("POST", at(CHOIR, "/members"), { add: [text] })).status).toBe(422);
  });

  test("an owner reaches no list of others: the same answer as for one that does not exist", async () => {
    const body = { add: ["ann@own.example"] };
    const [foreign, nothing] = [
      await owner("POST", at("all@own.example", "/members"), body),
      await owner("POST", at("none@own.example", "/members"), body),
    ];
    expect([foreign.status, nothing.status]).toEqual([404, 404]);
    expect(foreign.body.detail.replace("all@", "none@")).toBe(nothing.body.detail);
  });
});

describe("what a list is", () => {
  test("it is made by an admin of its domain, and not twice", async () => {
    const made = await department("PUT", at("new@own.example"), { owner: "bob@own.example", posting: "moderated", own_copy: false });
    expect(made).toMatchObject({ status: 201, body: { after: { posting: "moderated", own_copy: false, owner: "bob@own.example" } } });
    expect((await department("PUT", at("new@own.example"), {})).body.type).toBe("/docs/problems#address-taken");
    expect((await department("PUT", at("new@other.example"), {})).status).toBe(404);
    expect((await owner("PUT", at("mine@own.example"), {})).status).toBe(403);
  });

  test("its owner changes it by the version they have seen, and cannot leave it without one", async () => {
    const { headers } = await owner("GET", at(CHOIR));
    const match = { "if-match": headers.get("etag") ?? "" };
    const last = await owner("PATCH", at(CHOIR), { owner: null }, match);
    expect(last).toMatchObject({ status: 422, body: { detail: "ann@own.example is the last owner of choir@own.example" } });
    const done = await owner("PATCH", at(CHOIR), { posting: "named", may_leave: true }, match);
    expect(done.body).toMatchObject({ changed: true, after: { posting: "named", may_leave: true } });
    expect(done.body.after).not.toHaveProperty("targets");
    expect((await owner("PATCH", at(CHOIR), { posting: "anyone" }, match)).status).toBe(412);
    expect((await owner("PATCH", at(CHOIR), { posting: "anyone" })).status).toBe(428);
    expect((await owner("PATCH", at(CHOIR), { targets: ["x@y.example"] }, match)).status).toBe(400);
  });

  test("how many it may have is said by the admins of its domain", async () => {
    const match = async () => ({ "if-match": (await owner("GET", at(CHOIR))).headers.get("etag") ?? "" });
    expect((await owner("PATCH", at(CHOIR), { member_limit: 100_000 }, await match())).status).toBe(403);
    expect((await department("PATCH", at(CHOIR), { member_limit: 500 }, await match())).body.after.member_limit).toBe(500);
    for (const member_limit of [0, -1, 1.5, 100_001, "5"])
      expect((await department("PATCH", at(CHOIR), { member_limit }, await match())).status).toBe(400);
  });

  test("deleting is rehearsed and done by version", async () => {
    const match = { "if-match": (await department("GET", at("new@own.example"))).headers.get("etag") ?? "" };
    expect((await department("DELETE", at("new@own.example", "?dry_run=true"), undefined, match)).body).toMatchObject({
      changed: true,
      dry_run: true,
    });
    expect((await department("DELETE", at("new@own.example"), undefined, match)).status).toBe(200);
    expect((await department("GET", at("new@own.example"))).status).toBe(404);
  });
});

describe("the targets of an alias", () => {
  const singers = `/aliases/${encodeURIComponent("singers@own.example")}/targets`;

  test("many are added and removed as one change, rehearsed before; the last one stays", async () => {
    const paste = { add: ["bob@own.example", "cem@own.example", "ghost@own.example", "??"], remove: ["nobody@own.example"] };
    expect((await department("POST", `${singers}?dry_run=true`, paste)).body).toMatchObject({
      added: ["bob@own.example", "ghost@own.example"],
      already: ["cem@own.example"],
      not_there: ["nobody@own.example"],
      unknown: ["ghost@own.example"],
      bad: [{ text: "??" }],
      dry_run: true,
    });
    expect((await department("POST", singers, paste)).status).toBe(422);
    const done = await department("POST", singers, { add: ["bob@own.example"], remove: ["cem@own.example"] });
    expect(done.body).toMatchObject({ changed: true, added: ["bob@own.example"], removed: ["cem@own.example"], members: 1 });
    expect((await department("DELETE", `${singers}/${encodeURIComponent("bob@own.example")}`)).status).toBe(422);
    expect((await department("POST", singers, { remove: ["bob@own.example"] })).status).toBe(422);
    expect((await department("POST", singers, {})).status).toBe(400);
    expect((await owner("POST", singers, { add: ["ann@own.example"] })).status).toBe(404);
    expect((await department("POST", singers, { add: ["cem@own.example"], remove: ["bob@own.example"] })).status).toBe(200);
  });

  test("how far an address reaches is told in numbers", async () => {
    const reach = await department("GET", `/addresses/${encodeURIComponent("all@own.example")}/reach`);
    expect(reach.body).toMatchObject({ verdict: { code: 250 }, dead_ends: 1 });
    expect(reach.body.mailboxes).toBeGreaterThan(2);
    expect((await department("GET", `/addresses/${encodeURIComponent("secret@other.example")}/reach`)).status).toBe(404);
  });
});
