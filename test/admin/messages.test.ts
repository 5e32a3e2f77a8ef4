import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { addDomain } from "../../src/actions/domains.ts";
import { firstIdAt, queueIdOf } from "../../src/mail/queue-id.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { idOf, openMail, said, type TestMail } from "./mail.ts";
import { AUTHOR, type Caller, openPanel, type TestPanel } from "./support.ts";

let database: TestDatabase;
let panel: TestPanel;
let mail: TestMail;
let admin: Caller;
let department: Caller;
let owner: Caller;
const ids = { sent: "", slow: "", refused: "", held: "" };

beforeAll(async () => {
  database = await createDatabase();
  panel = openPanel(database);
  mail = await openMail(database);
  for (const domain of ["own.example", "other.example"]) await addDomain(database.db, AUTHOR, { domain });
  admin = await panel.as("admin", [{ role: "superadmin" }]);
  department = await panel.as("dept", [{ role: "department-admin", domain: "own.example" }]);
  owner = await panel.as("ann", [], ["ann@own.example"]);
  ids.sent = await mail.send(
    "x@world.example",
    "ann@own.example",
    "ann@gmail.com",
    said(250, "2.0.0", "OK", "gmail-smtp-in.l.google.com[192.0.2.7]:25"),
  );
  ids.slow = await mail.send(
    "x@world.example",
    "bob@other.example",
    "bob@gmail.com",
    said(421, "4.7.28", "Gmail has detected an unusual rate of mail from 192.0.2.1", "gmail-smtp-in.l.google.com[192.0.2.7]:25"),
  );
  ids.refused = await mail.send("ann@own.example", "carl@other.example", "carl@secret.example", said(550, "5.1.1", "no such user"));
  ids.held = await mail.send("", "dora@own.example", "dora@own.example", said(250, "2.0.0", "OK"), { held: "by hand" });
});
afterAll(async () => {
  await mail.queue.stopClaiming();
  await mail.queue.close();
  await panel.close();
  await database.drop();
});

const found = async (call: Caller, query = ""): Promise<string[]> => {
  const { status, body } = await call("GET", `/messages${query}`);
  expect(status, JSON.stringify(body)).toBe(200);
  return body.items.map(({ queueId }: { queueId: string }) => queueId);
};

describe("finding messages", () => {
  test("newest first; by sender, original and final recipient, queue id, Message-ID, status and server", async () => {
    const { sent, slow, refused, held } = ids;
    expect(await found(admin)).toEqual([held, refused, slow, sent]);
    expect(await found(admin, "?person=ann@own.example")).toEqual([refused, sent]);
    expect(await found(admin, "?person=bob@gmail.com")).toEqual([slow]);
    expect(await found(admin, "?person=%3C%3E")).toEqual([held]);
    expect(await found(admin, "?person=dora@own.example")).toEqual([held]); // never tried: only the queue knows it
    expect(await found(admin, `?id=${slow}`)).toEqual([slow]);
    expect(await found(admin, "?id=1@test.example")).toEqual([sent]);
    expect(await found(admin, "?status=deferred")).toEqual([slow]);
    expect(await found(admin, "?status=bounced")).toEqual([refused]);
    expect(await found(admin, "?status=held")).toEqual([held]);
    expect(await found(admin, "?relay=Google.com")).toEqual([slow, sent]);
    expect(await found(admin, "?relay=%25")).toEqual([]);
    expect(await found(admin, "?until=2025-01-01")).toEqual([]);
    expect(await found(admin, "?person=nobody@own.example")).toEqual([]);
  });

  test("pages hold still, whatever is asked", async () => {
    for (const query of ["?limit=1", "?limit=1&person=ann@own.example"]) {
      const seen: string[] = [];
      let cursor: string | null = null;
      do {
        const { body } = await admin("GET", `/messages${query}${cursor === null ? "" : `&cursor=${cursor}`}`);
        seen.push(...body.items.map(({ queueId }: { queueId: string }) => queueId));
        cursor = body.next_cursor;
      } while (cursor !== null);
      expect(seen).toEqual(await found(admin, query.replace("limit=1", "limit=50")));
    }
  });

  test("a list's post is found once, however many copies it has", async () => {
    const many = Array.from({ length: 30 }, (_, i) => i);
    await database.db.query({
      text: `insert into deliveries (message_id, recipient_no, attempt_no, outcome, final_recipient, original_recipient, paths, enhanced_status, reply)
             select message_id, 100 + n, 1, 'sent', 'm' || n || '@far.example', 'ann@own.example', '[]', '2.0.0', '250 OK'
               from messages, unnest($1::integer[]) n where header_message_id = '<1@test.example>'`,
      values: [many],
    });
    expect(await found(admin, "?person=ann@own.example")).toEqual([ids.refused, ids.sent]);
    await database.db.query({ text: "delete from deliveries where recipient_no >= 100" });
  });
});

describe("who sees what", () => {
  test("a department: what touches its domains; of it only its own recipients, the rest counted", async () => {
    expect(await found(department)).toEqual([ids.held, ids.refused, ids.sent]);
    expect(await found(department, `?id=${ids.slow}`)).toEqual([]);
    expect((await department("GET", `/messages/${ids.slow}`)).status).toBe(404);
    await database.db.query({
      text: `insert into deliveries (message_id, recipient_no, attempt_no, outcome, final_recipient, original_recipient, paths, enhanced_status, reply)
             select message_id, 77, 1, 'sent', 'hidden@other.example', 'hidden@other.example', '[]', '2.0.0', '250 OK'
               from messages where header_message_id = '<1@test.example>'`,
    });
    const { body } = await department("GET", `/messages/${ids.sent}`);
    expect(JSON.stringify(body)).not.toContain("hidden@");
    expect(body).toMatchObject({ hidden: 1, deliveries: [{ to: "ann@gmail.com" }] });
    expect((await admin("GET", `/messages/${ids.sent}`)).body.deliveries).toHaveLength(2);
    await database.db.query({ text: "delete from deliveries where recipient_no = 77" });
  });

  test("an owner: own mail of a week; where another's address leads stays hidden", async () => {
    expect(await found(owner)).toEqual([ids.refused, ids.sent]);
    expect(await found(owner, "?person=bob@other.example")).toEqual([]);
    const { body } = await owner("GET", `/messages/${ids.refused}`);
    expect(body.deliveries).toMatchObject([{ to: null, origTo: "carl@other.example", paths: [], outcome: "bounced" }]);
    expect(JSON.stringify(body)).not.toContain("secret.example");
    expect((await owner("GET", `/messages/${ids.held}`)).status).toBe(404);
    const old = firstIdAt(Date.now() - 8 * 86_400_000);
    for (const table of ["messages", "deliveries"])
      await database.db.query({
        text: `insert into ${table} select (jsonb_populate_record(t, jsonb_build_object('message_id', $1::bigint))).* from ${table} t where message_id = $2`,
        values: [old, idOf(ids.sent)],
      });
    expect(await found(admin, "?since=2025-01-01&person=ann@own.example")).toEqual([ids.refused, ids.sent, queueIdOf(old)]);
    expect(await found(owner, "?since=2025-01-01")).toEqual([ids.refused, ids.sent]);
    expect((await owner("GET", `/messages/${queueIdOf(old)}`)).status).toBe(404);
  });
});

describe("one message", () => {
  test("every attempt and what waits, in the remote's words and in plain ones, and the moment to explain it by", async () => {
    const { body } = await admin("GET", `/messages/${ids.slow}`);
    expect(body).toMatchObject({
      queue_id: ids.slow,
      as_of: body.receivedAt,
      deliveries: [{ outcome: "deferred", status: "4.7.28", paths: [["bob@other.example", "bob@gmail.com"]] }],
      waiting: [{ state: "waiting", plain: { cause: "slow-down", party: "Gmail" } }],
    });
    expect(body.waiting[0].plain.text).toMatch(/^Gmail asked us to slow down; next try \d\d:\d\d UTC\.$/);
    expect(body.deliveries[0].reply).toContain("unusual rate");
  });
});

test.each([
  ["?person=nobody", 400],
  ["?person=a@b.example%0d%0aX", 400],
  ["?person=a%00@b.example", 400],
  ["?since=yesterday", 400],
  ["?cursor=AAAA", 400],
  ["?cursor=eyJhIjoxfQ", 400],
  ["?limit=100000", 400],
  ["?status=lost", 400],
  ["?to=a@b.example", 400],
  ["?id=%27%20or%20true%20--", 200],
  ["?relay=%27%20or%20true%20--", 200],
  [`?id=${"9".repeat(900)}`, 200],
  ["/0", 404],
  ["/zzzzzzzzzzzz", 404],
  ["/%00", 404],
  [`/${"b".repeat(500)}`, 400],
])("hostile input %s: %i", async (query, status) => {
  const answer = await admin("GET", `/messages${query}`);
  expect(answer.status, JSON.stringify(answer.body)).toBe(status);
  if (status === 200) expect(answer.body.items).toEqual([]);
});
