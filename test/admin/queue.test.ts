import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { addDomain } from "../../src/actions/domains.ts";
import { readGroups } from "../../src/queue/groups.ts";
import { ALL_MAIL } from "../../src/queue/mail-scope.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { openMail, said, type TestMail } from "./mail.ts";
import { AUTHOR, type Caller, openPanel, type TestPanel } from "./support.ts";

let database: TestDatabase;
let panel: TestPanel;
let mail: TestMail;
let admin: Caller;
let department: Caller;
let helpdesk: Caller;
let returned: string[] = [];
const ids: string[] = [];

const GMAIL = "gmail-smtp-in.l.google.com[192.0.2.7]:25";

beforeAll(async () => {
  database = await createDatabase();
  mail = await openMail(database);
  panel = openPanel(database, {
    withReturning: (work) =>
      work({
        claim: (selection) => mail.queue.claimSelected(selection),
        reject: () => Promise.reject(new Error("no post is rejected here")),
        async settle(settlements) {
          returned.push(...settlements.map(({ recipient }) => recipient.finalRecipient.key));
          await mail.queue.settle(settlements.map((each) => mail.queue.endingOf(each)));
        },
      }),
  });
  for (const domain of ["own.example", "other.example"]) await addDomain(database.db, AUTHOR, { domain });
  admin = await panel.as("admin", [{ role: "superadmin" }]);
  department = await panel.as("dept", [{ role: "department-admin", domain: "own.example" }]);
  helpdesk = await panel.as("help", [{ role: "helpdesk", domain: "own.example" }]);
});
afterAll(async () => {
  await mail.queue.stopClaiming();
  await mail.queue.close();
  await panel.close();
  await database.drop();
});

/** Gmail slows three down (one of them of a domain of its own), another host refuses one for now, our DNS fails, one is held. */
beforeEach(async () => {
  await database.db.query({ text: "truncate queued_recipients, content_chunks, messages, deliveries, change_records" });
  returned = [];
  ids.length = 0;
  for (const [n, to] of ["a@gmail.com", "b@googlemail.com", "c@startup.example"].entries())
    ids.push(
      await mail.send(
        "x@world.example",
        n === 0 ? "ann@own.example" : "bob@other.example",
        to,
        said(421, "4.7.28", `Gmail: unusual rate from 192.0.2.${n} - gsmtp ab${n}cd`, GMAIL),
      ),
    );
  ids.push(await mail.send("x@world.example", "ann@own.example", "d@busy.example", said(451, "4.3.2", "come again")));
  ids.push(
    await mail.send("x@world.example", "bob@other.example", "e@lost.example", {
      ...said(451, "4.3.0", "no DNS"),
      kind: "deferred",
      scope: "local",
      relay: null,
    }),
  );
  ids.push(await mail.send("x@world.example", "bob@other.example", "f@own.example", said(250, "2.0.0", "OK"), { held: "mail loop" }));
  await admin("POST", "/queue/retry", { ids: ["2"] }); // nothing; but what was read is forgotten
});

type Group = { key: string; state: string; party: string; recipients: number; cause: string; example: string };
const groups = async (call: Caller): Promise<Group[]> => (await call("GET", "/queue/groups")).body.items;
const inGroup = async (call: Caller, state: string): Promise<Group> => {
  const found = (await groups(call)).find((group) => group.state === state);
  if (found === undefined) throw new Error(`no group is ${state}`);
  return found;
};
const count = async (condition: string): Promise<number> => {
  const { rows } = await database.db.query<{ n: number }>({
    text: `select count(*)::integer as n from queued_recipients where ${condition}`,
  });
  return rows[0]?.n ?? -1;
};

describe("groups", () => {
  test("by who said the same with other numbers; our own trouble and what is held apart", async () => {
    const { body } = await admin("GET", "/queue/groups");
    expect(body).toMatchObject({ recipients: 6, sampled_rows: null, more_groups: 0 });
    expect(body.items.map(({ state, party, recipients, cause }: Group) => [state, party, recipients, cause])).toEqual([
      ["own", "", 1, "own-trouble"],
      ["held", "", 1, "held"],
      ["deferred", "Gmail", 3, "slow-down"],
      ["deferred", "busy.example", 1, "slow-down"],
    ]);
    expect(body.items[2].example).toContain("unusual rate from 192.0.2.2");
    expect(body.items[2].ages).toEqual([3, 0, 0, 0, 0, 0]);
  });

  test("a department's are of its own copies", async () => {
    const seen = await groups(department);
    expect(seen.map(({ party, recipients }) => [party, recipients])).toEqual([
      ["", 1],
      ["Gmail", 1],
      ["busy.example", 1],
    ]);
    expect(JSON.stringify(seen)).not.toContain("192.0.2.2");
  });

  test("of a large queue a sample is read, and it says so; what is held is counted all the same", async () => {
    await database.db.query({
      text: `insert into queued_recipients (message_id, recipient_no, final_recipient, original_recipient, destination, lane, paths, attempts, unrecorded, fence,
               next_attempt_at, expires_at, last_status, last_reply, last_attempt_at)
             select n, 0, 'p' || n || '@gmail.com', 'bob@other.example', 'gmail.com', 0, '[]', 1, 0, 1, now() + interval '1 hour', now() + interval '1 day', '4.7.28', '421 4.7.28 slow', now()
               from generate_series(1, 120000) n`,
    });
    await database.db.query({ text: "analyze queued_recipients" });
    const { groups: found, sampledRows, recipients } = await readGroups(database.db, ALL_MAIL);
    expect(sampledRows).toBeGreaterThan(20_000);
    expect(sampledRows).toBeLessThan(80_000);
    expect(recipients).toBeGreaterThan(100_000);
    expect(recipients).toBeLessThan(140_000);
    expect(found.find(({ state }) => state === "held")).toMatchObject({ recipients: 1 });
  }, 60_000);
});

describe("the list", () => {
  test("of a group, of a message, of all; a page at a time; a department sees its own", async () => {
    const { key } = await inGroup(admin, "deferred");
    const listed = async (call: Caller, query: string): Promise<string[]> =>
      (await call("GET", `/queue/messages${query}`)).body.items.map(({ to }: { to: string }) => to);
    expect(await listed(admin, `?group=${key}`)).toEqual(["a@gmail.com", "b@googlemail.com", "c@startup.example"]);
    expect(await listed(admin, `?id=${ids[3]}`)).toEqual(["d@busy.example"]);
    expect(await listed(admin, "?reason=come%20again")).toEqual(["d@busy.example"]);
    expect(await listed(department, "")).toEqual(["a@gmail.com", "d@busy.example", "f@own.example"]);
    const first = (await admin("GET", "/queue/messages?limit=4")).body;
    const second = (await admin("GET", `/queue/messages?limit=4&cursor=${first.next_cursor}`)).body;
    expect([first.items.length, second.items.length, second.next_cursor]).toEqual([4, 2, null]);
  });
});

describe("actions", () => {
  test("a group is held, released and retried by the number that was confirmed, with a change record each", async () => {
    const { key } = await inGroup(admin, "deferred");
    expect((await admin("POST", "/queue/hold?dry_run=true", { group: key })).body).toMatchObject({
      matched: 3,
      dry_run: true,
      changed: false,
    });
    expect(await count("held_at is not null")).toBe(1);
    expect((await admin("POST", "/queue/hold", { group: key, expected: 3 }, { "x-change-reason": "T-1" })).body).toMatchObject({
      matched: 3,
      done: 3,
      changed: true,
    });
    const held = (await groups(admin)).filter(({ state }) => state === "held");
    expect(held.reduce((sum, { recipients }) => sum + recipients, 0)).toBe(4);
    const released = await admin("POST", "/queue/release", { all: true, expected: 6 });
    expect(released.body).toMatchObject({ matched: 6, done: 4, skipped: 2 });
    expect(released.body.change_no).toBeGreaterThan(0);
    expect((await admin("POST", "/queue/retry", { all: true, expected: 6 })).body).toMatchObject({ done: 6 });
    const { rows } = await database.db.query({ text: "select action, why, after from change_records order by change_no" });
    expect(rows).toEqual([
      { action: "queue.hold", why: "T-1", after: { matched: 3, done: 3, skipped: 0 } },
      { action: "queue.release", why: null, after: { matched: 6, done: 4, skipped: 2 } },
      { action: "queue.retry", why: null, after: { matched: 6, done: 6, skipped: 0 } },
    ]);
  });

  test("another number than was confirmed: 409, and nothing is done, by none of them", async () => {
    for (const verb of ["retry", "hold", "release", "delete", "return"]) {
      for (const expected of [5, 7, 0]) {
        const { status, body } = await admin("POST", `/queue/${verb}`, { all: true, expected });
        expect([verb, expected, status, body.type]).toEqual([verb, expected, 409, "/docs/problems#count-changed"]);
      }
      expect((await admin("POST", `/queue/${verb}`, { all: true })).status, verb).toBe(400);
    }
    expect([await count("true"), await count("held_at is not null"), returned]).toEqual([6, 1, []]);
    const { rows } = await database.db.query({ text: "select 1 from change_records" });
    expect(rows).toEqual([]);
  });

  test("what is deleted or returned is gone: silently, or by the node that tells the senders", async () => {
    expect((await admin("POST", "/queue/delete", { ids: [ids[3]], expected: 1 })).body).toMatchObject({ done: 1 });
    const { key } = await inGroup(admin, "held");
    expect((await admin("POST", "/queue/return", { group: key, expected: 1 })).body).toMatchObject({ matched: 1, done: 1 });
    expect(returned).toEqual(["f@own.example"]);
    expect(await count("true")).toBe(4);
  });

  test("a department's actions end at its domains, however they are asked; the helpdesk may only retry", async () => {
    const { key } = await inGroup(admin, "deferred");
    for (const [asked, matched] of [
      [{ all: true }, 3],
      [{ reason: "4" }, 2],
      [{ ids }, 3],
    ] as const)
      expect((await department("POST", "/queue/retry?dry_run=true", asked)).body, JSON.stringify(asked)).toMatchObject({ matched });
    expect((await department("POST", "/queue/hold", { group: key, expected: 3 })).status).toBe(409);
    expect((await department("POST", "/queue/hold", { all: true, expected: 3 })).body).toMatchObject({ matched: 3, done: 2 });
    expect(await count("held_at is not null and original_recipient = 'bob@other.example' and destination <> 'own.example'")).toBe(0);
    expect((await helpdesk("POST", "/queue/retry", { ids: [ids[1]], expected: 0 })).body).toMatchObject({
      matched: 0,
      done: 0,
      changed: false,
    });
    for (const [call, verb] of [
      [helpdesk, "hold"],
      [helpdesk, "release"],
      [department, "delete"],
      [department, "return"],
    ] as const)
      expect((await call("POST", `/queue/${verb}`, { ids })).status, verb).toBe(403);
  });
});

test.each([
  [{}, 400],
  [{ all: true, reason: "x", expected: 1 }, 400],
  [{ all: false, expected: 1 }, 400],
  [{ ids: [], expected: 0 }, 400],
  [{ ids: ["0"] }, 400],
  [{ ids: ["' or true --"] }, 400],
  [{ ids: Array(1001).fill("2") }, 400],
  [{ group: "AAAA", expected: 1 }, 400],
  [{ group: Buffer.from('{"state":"all","party":"","status":"","shape":""}').toString("base64url"), expected: 1 }, 400],
  [{ group: Buffer.from('{"state":"held","party":"\' or true --","status":"","shape":""}').toString("base64url"), expected: 0 }, 200],
  [{ reason: "' or true --", expected: 0 }, 200],
  [{ reason: "a\u0000b", expected: 0 }, 400],
  [{ all: true, expected: -1 }, 400],
  [{ all: true, expected: 1e12 }, 400],
  [{ all: true, expected: 1, scope: { everything: true } }, 400],
  [{ all: true, expected: 1, __proto__x: 1 }, 400],
])("hostile input %#, and nothing is done", async (body, status) => {
  for (const verb of ["retry", "hold", "release", "delete", "return"]) {
    const answer = await admin("POST", `/queue/${verb}`, body);
    expect(answer.status, `${verb} ${JSON.stringify(answer.body)}`).toBe(status);
  }
  expect([await count("true"), await count("held_at is not null")]).toEqual([6, 1]);
});
