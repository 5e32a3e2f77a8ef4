import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { addDomain } from "../../src/actions/domains.ts";
import { createList } from "../../src/actions/lists.ts";
import { createMaillog } from "../../src/log/maillog.ts";
import { createMetrics } from "../../src/log/metrics.ts";
import { createHeldReport } from "../../src/report/held-posts.ts";
import { box, message, openTestQueue, put, recipient, type TestQueue } from "../queue/harness.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { silentLog } from "../support/sql.ts";
import { AUTHOR, type Caller, openPanel, type TestPanel } from "./support.ts";

let database: TestDatabase;
let panel: TestPanel;
let node: TestQueue;
let owner: Caller;
let department: Caller;
let admin: Caller;

const CHOIR = "choir@own.example";
const held = (list = CHOIR, rest = "") => `/lists/${encodeURIComponent(list)}/held${rest}`;
const SUBJECT = '<img src=x onerror="alert(1)">\u202e private';

beforeAll(async () => {
  database = await createDatabase();
  node = await openTestQueue(database.db);
  const report = createHeldReport({
    queue: node.queue,
    resolve: async (mailbox) => ({
      kind: "expanded",
      recipients: [{ mailbox, paths: [[mailbox.key]], morePaths: 0, list: null, held: null }],
      deadEnds: [],
      posts: [],
      withoutOwnCopy: [],
    }),
    reporter: { hostname: "mx.campus.test", domain: "campus.test", now: () => new Date(), uniqueId: () => "unique" },
    log: silentLog,
    maillog: createMaillog(silentLog, createMetrics()),
  });
  const never = () => Promise.reject(new Error("a held post is not claimed"));
  panel = openPanel(database, { withReturning: (work) => work({ claim: never, settle: never, reject: report.reject }) });
  const { db } = database;
  for (const domain of ["own.example", "other.example"]) await addDomain(db, AUTHOR, { domain });
  await createList(db, AUTHOR, { address: CHOIR, owner: "ann@own.example", posting: "moderated" });
  await createList(db, AUTHOR, { address: "secret@other.example", owner: "boss@other.example", posting: "moderated" });
  admin = await panel.as("root", [{ role: "superadmin" }]);
  department = await panel.as("dep", [{ role: "department-admin", domain: "own.example" }]);
  owner = await panel.as("ann", [], ["ann@own.example"]);
});
afterAll(async () => {
  await node.queue.stopClaiming();
  await node.queue.close();
  await panel.close();
  await database.drop();
});
beforeEach(async () => {
  await database.db.query({ text: "truncate held_posts, queued_recipients, content_chunks, messages, deliveries" });
  await database.db.query({ text: "delete from change_records where action like 'held.%'" });
  node.delivery.messages.length = 0;
});

const waits = (list = CHOIR): Promise<string> =>
  put(
    node.queue,
    message(
      ["a@mbx.test", "b@mbx.test"].map((to) => recipient(to, { held: "waits for its owner", heldBy: list })),
      { heldPosts: [{ list, reason: "only owners post without a look", sender: "sender@outside.test", subject: SUBJECT }] },
    ),
  );

const records = async () =>
  (
    await database.db.query<{ action: string; why: string | null }>({
      text: "select action, why from change_records where action like 'held.%' order by change_no",
    })
  ).rows;

test("what waits is shown to who decides, and its subject to an owner and a superadmin alone, which is written down", async () => {
  const id = await waits();
  const seen = await owner("GET", held());
  expect(seen.body).toMatchObject({
    total: 1,
    subjects_shown: true,
    items: [{ queue_id: id, subject: SUBJECT, from: "sender@outside.test", copies: 2, reason: "only owners post without a look" }],
  });
  expect(await records()).toEqual([{ action: "held.read", why: null }]);
  expect((await admin("GET", held())).body.items[0].subject).toBe(SUBJECT);
  const other = await department("GET", held());
  expect(other.body).toMatchObject({ subjects_shown: false, items: [{ queue_id: id, subject: null }] });
  expect(JSON.stringify(other.body)).not.toContain("private");
  expect((await department("GET", `/lists/${CHOIR}`)).body.held_count).toBe(1);
  expect((await department("GET", "/lists")).body.items[0]).toMatchObject({ address: CHOIR, held_count: 1 });
});

test("an owner lets a post through, once; rehearsed it stays", async () => {
  const id = await waits();
  expect((await owner("POST", held(CHOIR, `/${id}/approve?dry_run=true`))).body).toMatchObject({ copies: 2, dry_run: true });
  expect((await owner("GET", held())).body.total).toBe(1);
  const done = await owner("POST", held(CHOIR, `/${id}/approve`), undefined, { "x-change-reason": "looked at it" });
  expect(done.body).toMatchObject({ changed: true, queue_id: id, list: CHOIR, copies: 2 });
  expect(done.body.change_no).toBeGreaterThan(0);
  expect((await owner("GET", held())).body.total).toBe(0);
  expect((await owner("POST", held(CHOIR, `/${id}/approve`))).status).toBe(404);
  expect(await records()).toContainEqual({ action: "held.approve", why: "looked at it" });
});

test("an owner sends a post back: its sender reads the reason, in the same commit", async () => {
  const id = await waits();
  const rehearsed = await owner("POST", held(CHOIR, `/${id}/reject?dry_run=true`), { why: "no" });
  expect(rehearsed.body).toMatchObject({ copies: 2, dry_run: true, change_no: null });
  expect((await owner("GET", held())).body.total).toBe(1);
  const done = await owner("POST", held(CHOIR, `/${id}/reject`), { why: "Not for this list" });
  expect(done.body).toMatchObject({ queue_id: id, copies: 2, dry_run: false });
  expect(done.body.change_no).toBeGreaterThan(0);
  expect(await records()).toContainEqual({ action: "held.reject", why: "Not for this list" });
  const notice = await node.delivery.next();
  expect(notice.recipients.map(({ finalRecipient }) => finalRecipient.key)).toEqual([box("sender@outside.test").key]);
  const { rows } = await database.db.query<{ octets: Buffer }>({
    text: "select octets from content_chunks where message_id = $1 order by chunk_no",
    values: [notice.messageId],
  });
  expect(Buffer.concat(rows.map(({ octets }) => octets)).toString()).toContain("The reason given: Not for this list");
  expect((await owner("POST", held(CHOIR, `/${id}/reject`), {})).status).toBe(404);
});

test("nobody decides for a list that is not theirs, nor by the name of their own over another's post", async () => {
  const id = await waits("secret@other.example");
  for (const call of [owner, department]) {
    expect((await call("GET", held("secret@other.example"))).status).toBe(404);
    for (const verb of ["approve", "reject"]) {
      expect((await call("POST", held("secret@other.example", `/${id}/${verb}`), {})).status).toBe(404);
      expect((await call("POST", held(CHOIR, `/${id}/${verb}`), {})).status).toBe(404);
    }
  }
  expect((await admin("GET", held("secret@other.example"))).body.total).toBe(1);
});

test("odd ids and reasons are refused, and nothing happens", async () => {
  const id = await waits();
  for (const odd of ["0", "-1", "aeiou", "%00", "%27--", "9".repeat(12)])
    expect([400, 404], odd).toContain((await owner("POST", held(CHOIR, `/${odd}/approve`))).status);
  for (const body of [{ why: "a\r\nBcc: x@y.example" }, { why: "\u0000" }]) {
    const refused = await owner("POST", held(CHOIR, `/${id}/reject`), body);
    expect(refused.status).toBe(422);
  }
  for (const body of [{ why: 1 }, { reason: "x" }, { why: "x".repeat(1001) }, []])
    expect((await owner("POST", held(CHOIR, `/${id}/reject`), body)).status).toBe(400);
  expect((await owner("GET", held())).body.total).toBe(1);
});
