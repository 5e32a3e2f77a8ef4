import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { readDirectory } from "../../src/directory/open-directory.ts";
import { readHeader } from "../../src/mail/header.ts";
import { type ExpiryDeps, sendExpiryNotices } from "../../src/report/expiry-notices.ts";
import { tellMoved } from "../../src/report/moved-notices.ts";
import { openResolve } from "../../src/resolve/resolve.ts";
import { openTestQueue, type TestQueue } from "../queue/harness.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { writeDirectory } from "../support/directory-rows.ts";
import { mailbox } from "../support/mailbox.ts";
import { silentLog } from "../support/sql.ts";

let database: TestDatabase;
let nodes: TestQueue[];
beforeAll(async () => {
  database = await createDatabase();
  nodes = [await openTestQueue(database.db), await openTestQueue(database.db)];
});
afterAll(async () => {
  for (const node of nodes) await node.queue.close();
  await database.drop();
});
beforeEach(async () => {
  for (const table of ["queued_recipients", "messages", "content_chunks", "expiry_notices", "moved_notices"])
    await database.db.query({ text: `delete from ${table}` });
});

const reporter = { hostname: "mx.campus.test", domain: "campus.test", now: () => new Date(), uniqueId: () => crypto.randomUUID() };
const depsOf = (node: TestQueue | undefined): ExpiryDeps => {
  if (node === undefined) throw new Error("no such node");
  const resolve = openResolve(readDirectory(database.db));
  return { db: database.db, queue: node.queue, resolve: (to) => resolve(to, null), reporter, log: silentLog };
};

type Sent = { to: string; reverse_path: string | null; text: string };
async function sent(): Promise<Sent[]> {
  const { rows } = await database.db.query<Sent>({
    text: `select q.final_recipient as "to", q.reverse_path, convert_from(c.octets, 'UTF8') as text
             from queued_recipients q join content_chunks c using (message_id) order by q.message_id, 1`,
  });
  return rows;
}

const NOW = new Date("2026-03-01T12:00:00Z");
const at = (days: number) => new Date(NOW.getTime() + days * 86_400_000).toISOString();
const run = (days: number) => sendExpiryNotices(depsOf(nodes[0]), new Date(at(days)));

test("an owner is told 30, 7 and 1 days ahead, once each, by whichever of several nodes", async () => {
  await writeDirectory(database.db, {
    domains: [{ domain: "campus.test" }],
    entries: {
      "a@campus.test": { targets: ["ann@mbx.test"], owner: "boss@campus.test", expires: at(40) },
      "b@campus.test": {
        targets: ["ann@mbx.test", "guest@far.test"],
        owner: "boss@campus.test",
        dates: { "guest@far.test": [null, at(40)] },
      },
      "off@campus.test": { targets: ["ann@mbx.test"], owner: "boss@campus.test", expires: at(40), disabled: "hard" },
      "nobody@campus.test": { targets: ["ann@mbx.test"], expires: at(40) },
      "boss@campus.test": ["boss@mbx.test"],
    },
  });
  expect(await run(0)).toBe(0);
  const together = await Promise.all(nodes.map((node) => sendExpiryNotices(depsOf(node), new Date(at(10)))));
  expect(together[0]).not.toBe(together[1]); // one of them, once
  expect(Math.max(...together)).toBe(1);
  expect(await run(20)).toBe(0);
  expect([await run(33), await run(34), await run(39), await run(39.5), await run(41)]).toEqual([1, 0, 1, 0, 0]);
  const mails = await sent();
  expect(mails.map(({ to, reverse_path }) => [to, reverse_path])).toEqual(Array(3).fill(["boss@mbx.test", null]));
  expect(mails[0]?.text).toContain("From: Mail administration <postmaster@campus.test>\r\n");
  expect(mails[0]?.text).toContain("Auto-Submitted: auto-generated\r\n");
  expect(mails[0]?.text).toContain("a@campus.test\r\n");
  expect(mails[0]?.text).toContain("b@campus.test: mail to guest@far.test\r\n");
});

test("a new date is told anew; one close by has no earlier stages; who leads nowhere is not tried for ever", async () => {
  const entry = { targets: ["ann@mbx.test"], owner: "boss@far.test", expires: at(5) };
  await writeDirectory(database.db, {
    domains: [{ domain: "campus.test" }],
    entries: { "a@campus.test": entry, "x@campus.test": { ...entry, owner: "gone@campus.test" } },
  });
  expect([await run(0), await run(0)]).toEqual([1, 0]);
  await database.db.query({ text: "update entries set expires_at = $1 where address = 'a@campus.test'", values: [at(25)] });
  expect([await run(0), await run(0)]).toEqual([1, 0]);
});

test("nothing is booked when the notice cannot be stored", async () => {
  await writeDirectory(database.db, {
    domains: [{ domain: "campus.test" }],
    entries: { "a@campus.test": { targets: ["ann@mbx.test"], owner: "boss@far.test", expires: at(5) } },
  });
  await database.db.query({ text: "alter table content_chunks rename to gone" });
  await expect(run(0)).rejects.toThrow();
  await database.db.query({ text: "alter table gone rename to content_chunks" });
  expect(await run(0)).toBe(1);
});

const moved = (sender: string | null, header = "Subject: x\r\nMessage-ID: <1@far.test>\r\n\r\n") => {
  const read = readHeader(Buffer.from(header));
  if (!read.ok) throw new Error("no header");
  const mail = { from: mailbox("old@campus.test"), to: mailbox("new@far.test"), header: read.header, messageId: "<1@far.test>" };
  return tellMoved(depsOf(nodes[0]), { ...mail, sender: sender === null ? null : mailbox(sender) });
};

test("a sender hears of a move once in seven days", async () => {
  await Promise.all([moved("ann@far.test"), moved("ann@far.test"), moved("bob@far.test")]);
  const mails = await sent();
  expect(mails.map(({ to }) => to).toSorted()).toEqual(["ann@far.test", "bob@far.test"]);
  expect(mails[0]?.text).toContain("Auto-Submitted: auto-replied\r\n");
  expect(mails[0]?.text).toContain("In-Reply-To: <1@far.test>\r\n");
  expect(mails[0]?.text).toContain("new@far.test");
  await database.db.query({ text: "update moved_notices set noticed_at = now() - interval '7 days'" });
  await moved("ann@far.test");
  expect((await sent()).length).toBe(3);
});

test.each([
  ["a bounce", null, undefined],
  ["a list's bounce address", "staff-bounces@far.test", undefined],
  ["a program", "No-Reply@far.test", undefined],
  ["an automatic answer", "ann@far.test", "Auto-Submitted: auto-replied\r\n\r\n"],
  ["bulk mail", "ann@far.test", "Precedence: Bulk\r\n\r\n"],
  ["list mail", "ann@far.test", "List-Id: <x.far.test>\r\n\r\n"],
  ["a vacation program", "ann@far.test", "X-Auto-Response-Suppress: All\r\n\r\n"],
])("nobody is told for %s", async (_, sender, header) => {
  await moved(sender, header);
  expect(await sent()).toEqual([]);
});

test("a flood of forged senders is answered a hundred times a day at most", async () => {
  await database.db.query({
    text: "insert into moved_notices (address, sender) select 'old@campus.test', n::text from generate_series(1, 99) n",
  });
  for (const name of ["a", "b", "c"]) await moved(`${name}@far.test`);
  expect((await sent()).length).toBe(1);
});
