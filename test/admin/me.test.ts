/** What people see and change of their own mail: theirs, and nothing of anybody else's. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { setAlias } from "../../src/actions/aliases.ts";
import { addDomain } from "../../src/actions/domains.ts";
import { addMembers, createList } from "../../src/actions/lists.ts";
import { openSession } from "../../src/admin/access/sessions.ts";
import { firstIdAt } from "../../src/mail/queue-id.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { AUTHOR, type Caller, openPanel, type TestPanel } from "./support.ts";

const ANN = "ann@campus.example";
const EVE = "eve@campus.example";

let database: TestDatabase;
let panel: TestPanel;
let ann: Caller;
let eve: Caller;

beforeAll(async () => {
  database = await createDatabase();
  panel = openPanel(database);
  const { db } = database;
  await addDomain(db, AUTHOR, { domain: "campus.example" });
  await addDomain(db, AUTHOR, { domain: "other.example" });
});
beforeEach(async () => {
  const { db } = database;
  for (const text of ["delete from entries", "delete from tombstones", "delete from app_passwords", "delete from panel_sessions"])
    await db.query({ text });
  await setAlias(db, AUTHOR, { address: ANN, targets: ["ann@mbx.example"], owner: ANN });
  await setAlias(db, AUTHOR, { address: EVE, targets: ["eve@mbx.example"], owner: EVE });
  await setAlias(db, AUTHOR, { address: "annie@campus.example", targets: [ANN], owner: ANN });
  await setAlias(db, AUTHOR, { address: "help@campus.example", targets: [ANN, EVE], owner: "boss@campus.example" });
  await createList(db, AUTHOR, { address: "open@campus.example", owner: EVE, mayLeave: true });
  await createList(db, AUTHOR, { address: "closed@campus.example", owner: EVE });
  for (const list of ["open@campus.example", "closed@campus.example"]) await addMembers(db, AUTHOR, list, [ANN, EVE]);
  ann = await panel.as("ann", [], [ANN]);
  eve = await panel.as("eve", [], [EVE]);
});
afterAll(async () => {
  await panel.close();
  await database.drop();
});

const at = (address: string) => encodeURIComponent(address);
const versionOf = async (address: string) =>
  (await database.db.query<{ version: number }>({ text: "select version from entries where address = $1", values: [address] })).rows[0]
    ?.version;
const patch = async (call: Caller, address: string, body: object, dry = "") =>
  call("PATCH", `/me/aliases/${at(address)}${dry}`, body, { "if-match": `"${await versionOf(address)}"` });

describe("my mail", () => {
  test("my addresses, what I am on and why, and nothing of others", async () => {
    const { body } = await ann("GET", "/me");
    expect(body.addresses).toEqual([ANN]);
    expect(body.aliases.items.map(({ address, is_own }: { address: string; is_own: boolean }) => [address, is_own])).toEqual([
      [ANN, true],
      ["annie@campus.example", false],
    ]);
    expect(body.ways.items.map(({ address, may_leave }: { address: string; may_leave: boolean }) => [address, may_leave])).toEqual(
      expect.arrayContaining([
        ["help@campus.example", false],
        ["open@campus.example", true],
        ["closed@campus.example", false],
      ]),
    );
    expect(JSON.stringify(body)).not.toContain("eve@mbx.example");
  });

  test("somebody without an address, and a local account of the same name, see nobody's", async () => {
    const cookie = await openSession(database.db, { login: "local:ann", addresses: [], affiliation: null }, "192.0.2.1");
    const local: Caller = (method, path, body, headers) =>
      panel.anonymous(method, path, body, { ...headers, cookie: `__Host-mailroom=${cookie}` });
    expect((await local("GET", "/me")).body).toMatchObject({ addresses: [], forwarding: [], aliases: { items: [] }, ways: { items: [] } });
    expect((await local("POST", "/me/forwarding", { target: "x@far.example", keep_copy: false })).status).toBe(404);
    await ann("POST", "/me/app-passwords", { device: "phone" });
    expect((await local("GET", "/me/app-passwords")).body).toEqual({ possible: false, items: [] });
    expect((await local("POST", "/me/app-passwords", { device: "x" })).status).toBe(422);
  });

  test("the last week is counted once for each recipient, with the latest word, and tells no subject", async () => {
    const { db } = database;
    const id = firstIdAt(Date.now() - 3_600_000);
    await db.query({
      text: `insert into messages (message_id, reverse_path, smtputf8, body_8bit, size, sha256, header_size, prefix, recipient_count)
             values ($1, 'a@elsewhere.example', false, false, 1, '\\x00', 1, '', 2)`,
      values: [id],
    });
    for (const [recipient, attempt, outcome, to] of [
      [0, 1, "deferred", ANN],
      [0, 2, "sent", ANN],
      [1, 1, "sent", EVE],
    ])
      await db.query({
        text: `insert into deliveries (message_id, recipient_no, attempt_no, outcome, final_recipient, original_recipient, paths, enhanced_status, reply)
               values ($1, $2, $3, $4, 'x@mbx.example', $5, '[]', '2.0.0', 'secret words of the remote')`,
        values: [id, recipient, attempt, outcome, to],
      });
    const { body } = await ann("GET", "/me");
    expect(body.week.counts).toEqual({ sent: 1 });
    expect(body.week.latest).toMatchObject([{ from: "a@elsewhere.example", to: ANN, outcome: "sent" }]);
    expect(JSON.stringify(body.week)).not.toContain("secret words");
  });
});

describe("an alias of mine", () => {
  test("off and on, rehearsed or not, by its version", async () => {
    expect((await patch(ann, "annie@campus.example", { on: false }, "?dry_run=true")).body).toMatchObject({ changed: true, dry_run: true });
    expect((await patch(ann, "annie@campus.example", { on: false })).body.after.disabled).toBe("hard");
    expect((await ann("PATCH", `/me/aliases/${at("annie@campus.example")}`, { on: true }, { "if-match": '"1"' })).status).toBe(412);
    expect((await ann("PATCH", `/me/aliases/${at("annie@campus.example")}`, { on: true })).status).toBe(428);
    expect((await patch(ann, "annie@campus.example", { on: true })).body.after.disabled).toBeNull();
  });

  test("an end date comes earlier, never later", async () => {
    expect((await patch(ann, "annie@campus.example", { expires_at: "2127-06-30" })).status).toBe(200);
    for (const expires_at of ["2127-07-01", null]) expect((await patch(ann, "annie@campus.example", { expires_at })).status).toBe(422);
    expect((await patch(ann, "annie@campus.example", { expires_at: "2127-01-01" })).status).toBe(200);
    expect((await patch(ann, "annie@campus.example", { expires_at: "1999-01-01" })).status).toBe(422);
  });

  test("my own address stays", async () => {
    for (const body of [{ on: false }, { expires_at: "2127-01-01" }]) expect((await patch(ann, ANN, body)).status).toBe(422);
  });

  test.each([[EVE], ["help@campus.example"], ["open@campus.example"], ["nothing@campus.example"], ["x@nowhere.example"]])(
    "%s is none",
    async (address) => {
      const answer = await ann("PATCH", `/me/aliases/${at(address)}`, { on: false }, { "if-match": '"1"' });
      expect(answer.status).toBe(404);
    },
  );

  test.each([[{ targets: ["evil@far.example"] }], [{ owner: EVE }], [{ on: "no" }], [{ on: false, disabled: null }]])(
    "%j is refused",
    async (body) => {
      expect((await patch(ann, "annie@campus.example", body)).status).toBe(400);
    },
  );
});

describe("lists", () => {
  test("leaving where it is allowed, once; who is no member learns nothing", async () => {
    const leave = (call: Caller, list: string) => call("POST", `/me/lists/${at(list)}/leave`, {});
    expect((await leave(ann, "open@campus.example")).status).toBe(200);
    expect((await leave(ann, "open@campus.example")).status).toBe(404);
    expect((await leave(ann, "closed@campus.example")).status).toBe(422);
    expect((await leave(ann, "nothing@campus.example")).status).toBe(404);
    expect((await ann("POST", `/me/lists/${at("open@campus.example")}/leave`, { member: EVE })).status).toBe(400);
    const { rows } = await database.db.query<{ target: string }>({
      text: "select target from targets where address = 'open@campus.example'",
    });
    expect(rows).toEqual([{ target: EVE }]);
  });

  test("those I own, in pages", async () => {
    expect((await ann("GET", "/me/lists")).body.items).toEqual([]);
    const first = (await eve("GET", "/me/lists?limit=1")).body;
    expect(first.items).toMatchObject([{ address: "closed@campus.example", members: 2, more_members: false }]);
    expect((await eve("GET", `/me/lists?limit=1&cursor=${first.next_cursor}`)).body.items).toMatchObject([
      { address: "open@campus.example" },
    ]);
    for (const query of ["limit=201", "limit=0", "cursor=x", "owner=ann@campus.example"])
      expect((await eve("GET", `/me/lists?${query}`)).status).toBe(400);
  });
});

describe("app passwords", () => {
  test("shown once, mine alone", async () => {
    const made = await ann("POST", "/me/app-passwords", { device: "phone" });
    expect(made.status).toBe(201);
    expect(made.body.password).toMatch(/^[a-z2-9]{4}(-[a-z2-9]{4}){4}$/);
    expect(JSON.stringify((await ann("GET", "/me/app-passwords")).body)).not.toContain(made.body.password);
    expect((await eve("GET", "/me/app-passwords")).body.items).toEqual([]);
    expect((await eve("DELETE", `/me/app-passwords/${made.body.id}`)).status).toBe(404);
    expect((await ann("DELETE", `/me/app-passwords/${made.body.id}?dry_run=true`)).status).toBe(200);
    expect((await ann("DELETE", `/me/app-passwords/${made.body.id}`)).status).toBe(200);
    expect((await ann("DELETE", `/me/app-passwords/${made.body.id}`)).status).toBe(404);
    const { rows } = await database.db.query<{ record: string }>({ text: "select row_to_json(c)::text as record from change_records c" });
    expect(rows.some(({ record }) => record.includes(made.body.password))).toBe(false);
  });

  test.each(["", " ", "x".repeat(101), "a\nb", "a\u202eb", "\0"])("no device is called %j", async (device) => {
    expect([400, 422]).toContain((await ann("POST", "/me/app-passwords", { device })).status);
  });

  test("thirty at once are enough, forty side by side too", async () => {
    const answers = await Promise.all(Array.from({ length: 40 }, (_, i) => ann("POST", "/me/app-passwords", { device: `d${i}` })));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(30);
    expect((await ann("POST", "/me/app-passwords", { device: "one more" })).status).toBe(422);
  }, 60_000);

  test.each(["0", "-1", "x", "99999999999", "1 or 1=1"])("the number %j is none", async (id) => {
    expect((await ann("DELETE", `/me/app-passwords/${encodeURIComponent(id)}`)).status).toBe(400);
  });

  test("how programs are set up", async () => {
    expect((await ann("GET", "/me/programs")).body).toEqual({
      login: "ann",
      address: ANN,
      outgoing: { hostname: "mail.campus.example", tls_port: 465, starttls_port: 587 },
      incoming: { hostname: "imap.campus.example", tls_port: 993 },
      files: {
        thunderbird: "/mail/config-v1.1.xml?emailaddress=ann%40campus.example",
        apple: "/mail/apple.mobileconfig?emailaddress=ann%40campus.example",
      },
    });
  });
});
