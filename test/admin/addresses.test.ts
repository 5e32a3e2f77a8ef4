import { afterAll, beforeAll, expect, test } from "vitest";
import { setAlias } from "../../src/actions/aliases.ts";
import { addDomain } from "../../src/actions/domains.ts";
import { addMembers, createList } from "../../src/actions/lists.ts";
import { findDeadEnds } from "../../src/actions/search/dead-ends.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { AUTHOR, type Caller, openPanel, type TestPanel } from "./support.ts";

let database: TestDatabase;
let panel: TestPanel;
let admin: Caller;

beforeAll(async () => {
  database = await createDatabase();
  panel = openPanel(database);
  const { db } = database;
  for (const domain of ["campus.example", "cs.campus.example"]) await addDomain(db, AUTHOR, { domain });
  for (let i = 0; i < 25; i++)
    await setAlias(db, AUTHOR, {
      address: `person${String(i).padStart(2, "0")}@campus.example`,
      targets: [`p${i}@gmail.example`],
      note: `Room ${i}`,
    });
  await setAlias(db, AUTHOR, { address: "dean@cs.campus.example", targets: ["person01@campus.example"], owner: "person01@campus.example" });
  await setAlias(db, AUTHOR, { address: "lost@cs.campus.example", targets: ["ghost@cs.campus.example"] });
  await createList(db, AUTHOR, { address: "staff@cs.campus.example", owner: "dean@cs.campus.example" });
  await addMembers(db, AUTHOR, "staff@cs.campus.example", ["person02@campus.example", "dean@cs.campus.example", "person03@campus.example"]);
  await db.query({
    text: `insert into ldap_answers (source, address, kind, dn, targets, bad_targets, oversized, answered_at)
           values ('people', 'ldap.person@campus.example', 'person', 'uid=x', '{x@gmail.example}', '{}', false, now()),
                  ('people', 'person00@campus.example', 'person', 'uid=y', '{y@gmail.example}', '{}', false, now())`,
  });
  admin = await panel.as("admin", [{ role: "superadmin" }]);
});
afterAll(async () => {
  await panel.close();
  await database.drop();
});

const addressesOf = (answer: { body: { items: { address: string }[] } }): string[] => answer.body.items.map(({ address }) => address);

test("a listing is paged without gaps and repetitions in every order, and people of LDAP are in it once", async () => {
  for (const sort of ["address", "-address", "changed", "-changed"]) {
    const seen: string[] = [];
    let cursor = "";
    for (let pages = 0; pages < 20; pages++) {
      const answer = await admin("GET", `/addresses?limit=7&sort=${sort}${cursor === "" ? "" : `&cursor=${cursor}`}`);
      seen.push(...addressesOf(answer));
      cursor = answer.body.next_cursor ?? "";
      if (cursor === "") break;
    }
    expect(new Set(seen).size, sort).toBe(seen.length);
    expect(seen.length, sort).toBe(sort.endsWith("changed") ? 28 : 29);
    if (sort === "address") expect(seen).toEqual(seen.toSorted());
    if (sort === "-address") expect(seen).toEqual(seen.toSorted().reverse());
  }
});

test.each([
  ["room", 25],
  ['"room 2"', 6],
  ["p", 25],
  ["to:gmail.example", 25],
  ["to:p3@gmail.example", 1],
  ["person01@", 2],
  ["p3@gmail", 1],
  ["kind:list", 1],
  ["kind:person", 1],
  ["owner:person01", 1],
  ["domain:cs.campus.example", 3],
  ["domain:cs.campus.example kind:alias", 2],
  ["state:active kind:alias domain:campus.example", 25],
  ["%", 0],
  ["_", 0],
  ["\\", 0],
])("%s finds %i", async (q, count) => {
  const answer = await admin("GET", `/addresses?q=${encodeURIComponent(q)}`);
  expect(answer.status).toBe(200);
  expect(answer.body.total).toBe(count);
});

test("dead ends are found by the meanings RCPT goes by, and not while LDAP was never compared", async () => {
  const { db } = database;
  expect(await findDeadEnds(db, ["people"])).toBe(0);
  await db.query({ text: "delete from searches" });
  expect(await findDeadEnds(db, [])).toBe(1);
  expect(addressesOf(await admin("GET", "/addresses?state=dead-end"))).toEqual(["lost@cs.campus.example"]);
  expect(await findDeadEnds(db, []), "nothing has changed").toBeNull();
  await setAlias(db, AUTHOR, { address: "ghost@cs.campus.example", targets: ["person04@campus.example"] });
  await db.query({ text: "update searches set began_at = now() - interval '2 minutes'" });
  expect(await findDeadEnds(db, [])).toBe(0);
  await db.query({ text: "delete from entries where address = 'ghost@cs.campus.example'" });
});

test("somebody with a scope sees what lies in it, and counts no more", async () => {
  const department = await panel.as("department", [{ role: "department-admin", domain: "cs.campus.example" }]);
  expect((await department("GET", "/addresses")).body.total).toBe(3);
  expect((await department("GET", "/addresses?domain=campus.example")).body.total).toBe(0);
  const owner = await panel.as("owner", [], ["person01@campus.example"]);
  expect(addressesOf(await owner("GET", "/addresses"))).toEqual(["dean@cs.campus.example", "person01@campus.example"]);
});

test("an alias is made, changed by its version, rehearsed and deleted", async () => {
  const path = "/aliases/new@campus.example";
  const body = { targets: ["person05@campus.example"] };
  expect(await admin("PUT", `${path}?dry_run=true`, body)).toMatchObject({ status: 200, body: { dry_run: true, change_no: null } });
  expect((await admin("GET", path)).status).toBe(404);
  const made = await admin("PUT", path, body, { "x-change-reason": "T%C3%ADcket%2017" });
  expect(made).toMatchObject({ status: 201, body: { changed: true, after: { targets: ["person05@campus.example"] } } });
  expect(made.headers.get("etag")).toBe('"1"');
  const { rows } = await database.db.query<{ actor: string; why: string }>({
    text: "select actor, why from change_records where change_no = $1",
    values: [made.body.change_no],
  });
  expect(rows).toEqual([{ actor: "ldap:admin via panel", why: "Tícket 17" }]);
  expect(await admin("PUT", path, body)).toMatchObject({ status: 409, body: { type: "/docs/problems#address-taken" } });
  expect((await admin("PATCH", path, { note: "x" })).status).toBe(428);
  expect(await admin("PATCH", path, { note: "x" }, { "if-match": '"7"' })).toMatchObject({ status: 412, body: { current_version: 1 } });
  const changed = await admin("PATCH", path, { note: "x", disabled: { answer: "text", text: "Gone" } }, { "if-match": '"1"' });
  expect(changed).toMatchObject({ status: 200, body: { after: { note: "x", disabled: "text", version: 2 } } });
  expect((await admin("PUT", `${path}/targets/person06@campus.example`)).body.after.targets).toHaveLength(2);
  expect((await admin("PUT", `${path}/targets/person06@campus.example`)).body.changed).toBe(false);
  expect((await admin("DELETE", `${path}/targets/person06@campus.example`)).body.after.targets).toHaveLength(1);
  expect((await admin("DELETE", `${path}/targets/person05@campus.example`)).status).toBe(422);
  expect((await admin("DELETE", path, undefined, { "if-match": '"1"' })).status).toBe(412);
  expect((await admin("DELETE", path, undefined, { "if-match": '"4"' })).status).toBe(200);
  expect(await admin("PUT", path, body)).toMatchObject({ status: 409, body: { type: "/docs/problems#address-retired" } });
});

test("two who change the same version: one is told", async () => {
  await admin("PUT", "/aliases/race@campus.example", { targets: ["person05@campus.example"] });
  const answers = await Promise.all(
    ["a", "b", "c", "d"].map((note) => admin("PATCH", "/aliases/race@campus.example", { note }, { "if-match": '"1"' })),
  );
  expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 412, 412, 412]);
});

test("a loop is refused with the loop in the answer", async () => {
  const answer = await admin("PUT", "/aliases/person07@campus.example/targets/back@campus.example");
  expect(answer.status).toBe(200);
  const loop = await admin("PUT", "/aliases/back@campus.example", { targets: ["person07@campus.example"] });
  expect(loop).toMatchObject({ status: 422, body: { type: "/docs/problems#alias-loop" } });
  expect(loop.body.detail).toContain("→");
});

test.each([
  ["GET", "/addresses?limit=1000000000", undefined],
  ["GET", "/addresses?limit=0", undefined],
  ["GET", "/addresses?limit=-1", undefined],
  ["GET", "/addresses?limit=1e3", undefined],
  ["GET", "/addresses?cursor=bm90IGpzb24", undefined],
  ["GET", "/addresses?cursor=eyJhZGRyZXNzIjoxfQ", undefined],
  ["GET", "/addresses?sort=owner;drop", undefined],
  ["GET", "/addresses?q=kidn:list", undefined],
  ["GET", "/addresses?q=kind:", undefined],
  ["GET", "/addresses?unknown=1", undefined],
  ["GET", "/addresses?q=a&q=b", undefined],
  ["PUT", "/aliases/x@campus.example", { targets: [] }],
  ["PUT", "/aliases/x@campus.example", { targets: "a@b.example" }],
  ["PUT", "/aliases/x@campus.example", { targets: ["a@b.example"], version: 1 }],
  ["PUT", "/aliases/x@campus.example", { targets: ["a@b.example"], id: 1, departmentId: 2 }],
  ["PUT", "/aliases/x@campus.example", '{"targets":["a@b.example"],"__proto__":{"owner":"x"}}'],
  ["PUT", "/aliases/x@campus.example", { targets: Array.from({ length: 1001 }, (_, i) => `a${i}@b.example`) }],
])("%s %s %j is 400", async (method, path, body) => {
  const answer = await admin(method, path, body);
  expect(answer.status, JSON.stringify(answer.body)).toBe(400);
  expect(answer.body).toMatchObject({ type: "/docs/problems#validation" });
  expect(answer.headers.get("content-type")).toBe("application/problem+json");
});

test.each([
  "a\r\nRCPT TO:<x@y.example>@b.example",
  "a\u0000@b.example",
  "a\u0085@b.example",
  "<script>@",
  "a b@c.example",
  "@b.example",
  "a@127.1",
  "a@[127.0.0.1]x",
])("the target %j is no address", async (target) => {
  const answer = await admin("PUT", "/aliases/hostile@campus.example", { targets: [target] });
  expect([400, 422]).toContain(answer.status);
  expect((await admin("GET", "/addresses/hostile@campus.example")).status).toBe(404);
});

test("explain says what RCPT would, of now, of a trial and of the past; backwards it names who leads there", async () => {
  const now = await admin("GET", "/explain?address=staff@cs.campus.example");
  expect(now.body).toMatchObject({ verdict: { code: 250 }, counts: { paths: 3, delivers: 3 } });
  const trial = await admin("POST", "/explain", { address: "person03@campus.example", draft: { targets: ["elsewhere@gmail.example"] } });
  expect(trial.body.leaves[0].final_recipient).toBe("elsewhere@gmail.example");
  expect((await admin("GET", "/addresses/person03@campus.example")).body.targets).toEqual(["p3@gmail.example"]);
  expect(
    (await admin("POST", "/explain", { address: "person01@campus.example", draft: { targets: ["dean@cs.campus.example"] } })).status,
  ).toBe(422);
  expect((await admin("GET", "/explain?address=staff@cs.campus.example&as_of=1999-01-01")).status).toBe(404);
  expect((await admin("GET", "/explain?address=staff@cs.campus.example&as_of=soon")).status).toBe(400);
  expect((await admin("GET", "/explain?address=nonsense")).status).toBe(400);
  const back = await admin("GET", "/explain/reverse?address=p1@gmail.example");
  expect(back.body.items.map(({ address, steps }: { address: string; steps: number }) => [address, steps])).toEqual([
    ["person01@campus.example", 1],
    ["dean@cs.campus.example", 2],
    ["staff@cs.campus.example", 3],
  ]);
  const owner = await panel.as("owner2", [], ["person01@campus.example"]);
  const theirs = await owner("GET", "/explain/reverse?address=p1@gmail.example");
  expect(theirs.body).toMatchObject({ items: [{ address: "person01@campus.example" }, { address: "dean@cs.campus.example" }], hidden: 1 });
});
