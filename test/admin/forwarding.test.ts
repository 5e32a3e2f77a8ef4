/** Forwarding that people set for themselves: who may, what is mailed to whom, and how often. With real rows and the real queue. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { setAlias } from "../../src/actions/aliases.ts";
import { addDomain } from "../../src/actions/domains.ts";
import { setPolicy } from "../../src/actions/policies.ts";
import { forwardingLinkRoutes } from "../../src/admin/forwarding-links.ts";
import type { Entry } from "../../src/directory/directory.ts";
import { openDirectory } from "../../src/directory/open-directory.ts";
import { type Mailbox, mailboxOfKey } from "../../src/mail/mailbox.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { silentLog } from "../support/sql.ts";
import { AUTHOR, type Caller, openPanel, type TestPanel } from "./support.ts";

const mailbox = (key: string): Mailbox => {
  const read = mailboxOfKey(key);
  if (!read.ok) throw new Error(key);
  return read.mailbox;
};

/** People as an LDAP source knows them: address, mailbox, affiliation. */
const PEOPLE: Record<string, readonly [string, string]> = {
  "ann@campus.example": ["ann@mbx.example", "staff"],
  "stu@campus.example": ["stu@mbx.example", "student"],
  "self@campus.example": ["self@campus.example", "staff"],
  "eve@campus.example": ["eve@mbx.example", "staff"],
};
let ldapIsAway = false;

const personOf = (address: Mailbox, [target, affiliation]: readonly [string, string]): Entry => ({
  address,
  kind: "person",
  owner: null,
  expiresAt: null,
  posting: null,
  list: null,
  targets: [mailbox(target)],
  badTargets: [],
  oversized: false,
  ldap: { source: "campus", dn: `uid=${address.localPart}`, answeredAt: new Date(), stale: null, shadowed: [], affiliation },
});

let database: TestDatabase;
let panel: TestPanel;
let rows: ReturnType<typeof openDirectory>;
let ann: Caller;
let eve: Caller;
let self: Caller;
let stu: Caller;

beforeAll(async () => {
  database = await createDatabase();
  rows = openDirectory(database.db, { log: silentLog });
  const people = async (addresses: readonly Mailbox[]) => ({
    byKey: new Map(
      addresses.flatMap((one) => (PEOPLE[one.key] === undefined ? [] : [[one.key, personOf(one, PEOPLE[one.key] ?? ["", ""])]])),
    ),
    unavailable: new Map(ldapIsAway ? addresses.map((one) => [one.key, new Error("away")] as const) : []),
    freshUntil: 0,
  });
  panel = openPanel(database, { directory: { ...rows, people } });
  await addDomain(database.db, AUTHOR, { domain: "campus.example" });
  await database.db.query({ text: "insert into routes values ($1, $2)", values: ["campus.example", "lmtp://127.0.0.1:24"] });
  await setPolicy(database.db, AUTHOR, "student", false);
});
beforeEach(async () => {
  ldapIsAway = false;
  for (const text of [
    "delete from forwarding_requests",
    "delete from queued_recipients",
    "delete from content_chunks",
    "delete from entries",
    "delete from tombstones",
    "delete from panel_sessions",
  ])
    await database.db.query({ text });
  [ann, eve, self, stu] = await Promise.all(
    ["ann", "eve", "self", "stu"].map((name) => panel.as(name, [], [`${name}@campus.example`])) as [
      Promise<Caller>,
      Promise<Caller>,
      Promise<Caller>,
      Promise<Caller>,
    ],
  );
});
afterAll(async () => {
  await panel.close();
  await rows.close();
  await database.drop();
});

type Mail = { readonly to: string; readonly reversePath: string | null; readonly text: string };

/** RFC 2045 §6.7. */
const unquoted = (text: string): string =>
  text.replace(/=\r\n/g, "").replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));

/** All mail in the queue, oldest first. */
async function mails(): Promise<Mail[]> {
  const { rows: found } = await database.db.query<{ final_recipient: string; reverse_path: string | null; octets: Buffer }>({
    text: `select q.final_recipient, q.reverse_path, c.octets from queued_recipients q join content_chunks c using (message_id) order by message_id`,
  });
  return found.map(({ final_recipient, reverse_path, octets }) => ({
    to: final_recipient,
    reversePath: reverse_path,
    text: unquoted(octets.toString("latin1")),
  }));
}
const mailTo = async (to: string): Promise<string> => (await mails()).findLast((mail) => mail.to === to)?.text ?? "";
const codeIn = (text: string): string => /^ {4}(\d{6})\r$/m.exec(text)?.[1] ?? "";
const linkIn = (text: string): string => /https:\/\/mail\.campus\.example(\/forwarding\/\S+)/.exec(text)?.[1] ?? "";
const link = (method: string, path: string) => forwardingLinkRoutes(panel.deps).request(path, { method });
const targetsOf = async (address: string): Promise<string[]> =>
  (
    await database.db.query<{ target: string }>({ text: "select target from targets where address = $1 order by 1", values: [address] })
  ).rows.map(({ target }) => target);
const ask = (call: Caller, target: string, keep_copy = true, more: object = {}) =>
  call("POST", "/me/forwarding", { target, keep_copy, ...more });
const later = (seconds: number) =>
  database.db.query({
    text: `update forwarding_requests set made_at = made_at - make_interval(secs => $1), ends_at = ends_at - make_interval(secs => $1),
             confirmed_at = confirmed_at - make_interval(secs => $1)`,
    values: [seconds],
  });
const stateOf = async (call: Caller) => (await call("GET", "/me/forwarding")).body.items[0];

async function forwarded(call: Caller, target: string, keep = true): Promise<void> {
  expect((await ask(call, target, keep)).status).toBe(202);
  expect((await call("POST", "/me/forwarding/confirm", { code: codeIn(await mailTo(target)) })).status).toBe(200);
}

describe("the way", () => {
  test("ask, mail to the target, type the code, notice to the campus mailbox with its undo", async () => {
    expect(await stateOf(ann)).toMatchObject({ state: "off", campus_mailboxes: ["ann@mbx.example"], waiting: null });
    expect((await ask(ann, "ann@far.example")).status).toBe(202);
    const [mail] = await mails();
    expect(mail).toMatchObject({ to: "ann@far.example", reversePath: null });
    expect(mail?.text).toContain("Auto-Submitted: auto-generated");
    expect(await stateOf(ann)).toMatchObject({ state: "off", waiting: { target: "ann@far.example", tries_left: 5 } });
    expect(await targetsOf("ann@campus.example")).toEqual([]);
    const done = await ann("POST", "/me/forwarding/confirm", { code: codeIn(mail?.text ?? "") });
    expect(done.status).toBe(200);
    expect(done.body.change_no).toBeGreaterThan(0);
    expect(await targetsOf("ann@campus.example")).toEqual(["ann@far.example", "ann@mbx.example"]);
    expect(await stateOf(ann)).toMatchObject({ state: "verified", targets: ["ann@far.example"], keeps_copy: true, waiting: null });
    const notice = await mailTo("ann@mbx.example");
    expect(notice).toContain("is forwarded to\r\nann@far.example");
    expect((await link("GET", linkIn(notice))).status).toBe(200);
    expect(await targetsOf("ann@campus.example")).toHaveLength(2);
    expect(await (await link("POST", linkIn(notice))).text()).toContain("The forwarding is undone");
    expect(await targetsOf("ann@campus.example")).toEqual(["ann@mbx.example"]);
    expect((await link("POST", linkIn(notice))).status).toBe(404);
    expect((await ann("GET", "/me")).status).toBe(401);
  });

  test("the link in the mail does it too, once, and by POST alone", async () => {
    await ask(ann, "ann@far.example", false);
    const path = linkIn(await mailTo("ann@far.example"));
    for (let i = 0; i < 3; i++) expect(await (await link("GET", path)).text()).toContain("<button>Forward the mail");
    expect(await targetsOf("ann@campus.example")).toEqual([]);
    expect((await link("POST", path)).status).toBe(200);
    expect(await targetsOf("ann@campus.example")).toEqual(["ann@far.example"]);
    expect((await link("POST", path)).status).toBe(404);
    expect((await link("GET", path)).status).toBe(404);
  });

  test("the old target is told, not where mail goes now; undo brings it back with its proof", async () => {
    await forwarded(ann, "old@far.example");
    await forwarded(ann, "new@far.example");
    const told = await mailTo("old@far.example");
    expect(told).toContain("not forwarded to this mailbox any more");
    expect(told).not.toContain("new@far.example");
    expect((await link("POST", linkIn(told))).status).toBe(200);
    expect(await targetsOf("ann@campus.example")).toEqual(["ann@mbx.example", "old@far.example"]);
    const again = await panel.as("ann", [], ["ann@campus.example"]);
    expect(await stateOf(again)).toMatchObject({ state: "verified", targets: ["old@far.example"] });
    expect(await mailTo("new@far.example")).toContain("was undone");
  });

  test("pause, resume, end", async () => {
    await forwarded(ann, "ann@far.example", false);
    expect((await ann("POST", "/me/forwarding/pause", {})).status).toBe(200);
    expect(await targetsOf("ann@campus.example")).toEqual(["ann@mbx.example"]);
    expect(await stateOf(ann)).toMatchObject({ state: "paused", targets: ["ann@far.example"] });
    expect((await ann("POST", "/me/forwarding/resume", {})).status).toBe(200);
    expect(await targetsOf("ann@campus.example")).toEqual(["ann@far.example"]);
    expect((await ann("DELETE", "/me/forwarding?dry_run=true")).status).toBe(200);
    expect(await stateOf(ann)).toMatchObject({ state: "verified" });
    expect((await ann("DELETE", "/me/forwarding")).status).toBe(200);
    expect(await stateOf(ann)).toMatchObject({ state: "off" });
    expect((await ann("POST", "/me/forwarding/resume", {})).status).toBe(422);
  });

  test("who is their own mailbox forwards without a copy, and gets the mail again afterwards", async () => {
    expect((await ask(self, "self@far.example", true)).body.detail).toContain("no copy can be kept");
    await forwarded(self, "self@far.example", false);
    expect(await targetsOf("self@campus.example")).toEqual(["self@far.example"]);
    expect(await mailTo("self@campus.example")).toContain("No copy of it comes here any more");
    await self("DELETE", "/me/forwarding");
    expect(await targetsOf("self@campus.example")).toEqual([]);
    await later(100);
    await forwarded(self, "self@far.example", false); // the name was theirs before
  });
});

describe("refused before any mail is sent", () => {
  afterEach(async () => expect(await mails()).toEqual([]));

  test("by the policy of the directory's affiliation", async () => {
    const answer = await ask(stu, "stu@far.example");
    expect([answer.status, answer.body.detail]).toEqual([422, "Mail of student may not be forwarded outside campus."]);
    expect(await stateOf(stu)).toMatchObject({ kept_on_campus: "student" });
  });

  test("what is ours, a loop, what reaches them already", async () => {
    await setAlias(database.db, AUTHOR, { address: "back@campus.example", targets: ["ann@campus.example"] });
    expect((await ask(ann, "back@campus.example")).body.detail).toContain(
      "loop: ann@campus.example → back@campus.example → ann@campus.example",
    );
    expect((await ask(ann, "ann@campus.example")).body.detail).toContain("loop");
    expect((await ask(ann, "eve@campus.example")).body.detail).toContain("an alias does this better");
    expect((await ask(ann, "ann@mbx.example")).body.detail).toContain("reaches you already");
  });

  test.each([
    ["a@b.example\r\nBcc: victim@far.example", 400],
    ["a@b.example\n", 400],
    ["a@b.example\0", 400],
    ["a@b.example\u0085", 400],
    ["a@b.example\u2028x", 400],
    ["Ann <a@b.example>", 422],
    ["<a@b.example>", 422],
    ["a@b.example, c@d.example", 422],
    ["a@b.example c@d.example", 422],
    ["a@[127.0.0.1]", 422],
    ["a@localhost", 422],
    ["nobody", 422],
    ["a@b.example\u202e", 400],
  ])("%j: %i", async (target, status) => {
    expect((await ask(ann, target)).status).toBe(status);
  });

  test.each([
    [{ address: "eve@campus.example" }, 404],
    [{ address: "nothing@campus.example" }, 404],
    [{ request_no: 1 }, 400],
    [{ principal: "ldap:eve" }, 400],
  ])("%j in the request", async (more, status) => {
    expect((await ask(ann, "ann@far.example", true, more)).status).toBe(status);
  });

  test("while the directory does not answer", async () => {
    ldapIsAway = true;
    expect((await ask(ann, "ann@far.example")).status).toBe(503);
    expect((await ann("GET", "/me")).body).toMatchObject({ complete: false, forwarding: [] });
  });

  test("and never rehearsed into the queue", async () => {
    expect((await ann("POST", "/me/forwarding?dry_run=true", { target: "ann@far.example", keep_copy: true })).status).toBe(202);
    expect(await stateOf(ann)).toMatchObject({ waiting: null });
  });
});

describe("guessing", () => {
  const wrongOf = (code: string) => String((Number(code) + 1) % 1_000_000).padStart(6, "0");

  test("a hundred codes side by side are five tries: then code and link are void", async () => {
    await ask(ann, "ann@far.example");
    const mail = await mailTo("ann@far.example");
    const code = codeIn(mail);
    const answers = await Promise.all(Array.from({ length: 100 }, () => ann("POST", "/me/forwarding/confirm", { code: wrongOf(code) })));
    const kinds = answers.map(({ status }) => status);
    expect(kinds.filter((status) => status === 422)).toHaveLength(5);
    expect(kinds.filter((status) => status === 404)).toHaveLength(95);
    expect(
      answers
        .map(({ body }) => body.tries_left)
        .filter((left) => left !== undefined)
        .sort((a, b) => a - b),
    ).toEqual([0, 1, 2, 3, 4]);
    expect((await ann("POST", "/me/forwarding/confirm", { code })).status).toBe(404);
    expect((await link("POST", linkIn(mail))).status).toBe(404);
    expect(await targetsOf("ann@campus.example")).toEqual([]);
  }, 30_000);

  test("a rehearsal is no free guess", async () => {
    await ask(ann, "ann@far.example");
    const code = codeIn(await mailTo("ann@far.example"));
    for (const typed of [code, wrongOf(code)])
      expect((await ann("POST", "/me/forwarding/confirm?dry_run=true", { code: typed })).status).toBe(400);
    expect(await stateOf(ann)).toMatchObject({ waiting: { tries_left: 5 } });
  });

  test("another person's code is nothing to me, whatever address I name", async () => {
    await ask(ann, "ann@far.example");
    const code = codeIn(await mailTo("ann@far.example"));
    expect((await eve("POST", "/me/forwarding/confirm", { code })).status).toBe(404);
    expect((await eve("POST", "/me/forwarding/confirm", { code, address: "ann@campus.example" })).status).toBe(404);
    expect((await eve("POST", "/me/forwarding/pause", { address: "ann@campus.example" })).status).toBe(404);
    expect((await eve("DELETE", "/me/forwarding?address=ann@campus.example")).status).toBe(404);
    expect(await stateOf(ann)).toMatchObject({ waiting: { tries_left: 5 } });
  });

  test("a code counts for 24 hours, until a newer one, and once, by two at once too", async () => {
    await ask(ann, "ann@far.example");
    const first = codeIn(await mailTo("ann@far.example"));
    await later(61);
    await ask(ann, "ann@far.example");
    const second = codeIn(await mailTo("ann@far.example"));
    if (first !== second) expect((await ann("POST", "/me/forwarding/confirm", { code: first })).status).toBe(422);
    await later(86_401);
    expect((await ann("POST", "/me/forwarding/confirm", { code: second })).status).toBe(404);
    await ask(ann, "ann@far.example");
    const code = codeIn(await mailTo("ann@far.example"));
    const both = await Promise.all([1, 2].map(() => ann("POST", "/me/forwarding/confirm", { code })));
    expect(both.map(({ status }) => status).sort((a, b) => a - b)).toEqual([200, 404]);
  });

  test.each(["", "x", "../../../leave", `${"A".repeat(43)}`, "A".repeat(5000), "%00", "<script>"])("the link %j", async (token) => {
    for (const where of ["confirm", "undo"])
      for (const method of ["GET", "POST"]) {
        const answer = await link(method, `/forwarding/${where}/${encodeURIComponent(token)}`);
        expect(answer.status).toBe(404);
        expect(await answer.text()).not.toContain("<script");
      }
  });

  test("the database holds neither code nor link", async () => {
    await ask(ann, "ann@far.example");
    const mail = await mailTo("ann@far.example");
    const { rows: stored } = await database.db.query({ text: "select * from forwarding_requests" });
    const text = JSON.stringify(stored, (_, value) => (typeof value === "bigint" ? String(value) : value));
    expect(text).not.toContain(codeIn(mail));
    expect(text).not.toContain(linkIn(mail).split("/").at(-1));
  });
});

describe("a stranger is not mailed again and again", () => {
  test("a thousand requests are one mail", async () => {
    let [sent, refused] = [0, 0];
    for (let i = 0; i < 1000; i += 50) {
      const answers = await Promise.all(Array.from({ length: 50 }, () => ask(eve, "victim@far.example")));
      for (const { status, headers } of answers) {
        if (status === 202) sent++;
        else if (status === 429 && Number(headers.get("retry-after")) > 0) refused++;
      }
    }
    expect([sent, refused]).toEqual([1, 999]);
    expect(await mails()).toHaveLength(1);
  }, 60_000);

  test("three a day to one mailbox, however it is spelt and whoever asks; five a day of one person", async () => {
    const spellings = ["victim@far.example", "VICTIM@far.example", "vic.tim+1@far.example", "v.i.c.t.i.m+2@FAR.example"];
    const answers = [];
    for (const [i, target] of spellings.entries()) {
      answers.push((await ask(i % 2 === 0 ? ann : eve, target)).status);
      await later(61);
    }
    expect(answers).toEqual([202, 202, 202, 429]);
    const others = [];
    for (let i = 0; i < 5; i++) others.push((await ask(ann, `other${i}@far.example`)).status);
    expect(others).toEqual([202, 202, 202, 429, 429]);
    const { headers } = await ask(ann, "one@far.example");
    expect(Number(headers.get("retry-after"))).toBeGreaterThan(80_000);
  });

  test("the same mailbox again after 60 seconds, and the wait is said", async () => {
    await ask(ann, "ann@far.example");
    const again = await ask(ann, "ann@far.example");
    expect(again.status).toBe(429);
    expect(Number(again.headers.get("retry-after"))).toBeGreaterThan(50);
    await later(61);
    expect((await ask(ann, "ann@far.example")).status).toBe(202);
  });
});

describe("takeover", () => {
  test("undo of the first change beats a second one, whose own undo is void then; who is signed in is signed out", async () => {
    await forwarded(ann, "evil1@far.example", false);
    const notice = await mailTo("ann@mbx.example");
    await forwarded(ann, "evil2@far.example", false);
    const evils = linkIn(await mailTo("evil1@far.example"));
    await ask(ann, "evil3@far.example", false);
    const waiting = linkIn(await mailTo("evil3@far.example"));
    expect((await link("POST", linkIn(notice))).status).toBe(200);
    expect(await targetsOf("ann@campus.example")).toEqual(["ann@mbx.example"]);
    expect((await link("POST", evils)).status).toBe(404);
    expect((await link("POST", waiting)).status).toBe(404);
    expect((await ann("GET", "/me")).status).toBe(401);
    expect(await targetsOf("ann@campus.example")).toEqual(["ann@mbx.example"]);
  });

  test("undo counts for 72 hours", async () => {
    await forwarded(ann, "ann@far.example");
    const path = linkIn(await mailTo("ann@mbx.example"));
    await later(72 * 3600 + 1);
    expect((await link("POST", path)).status).toBe(404);
  });

  test("nobody gets round the code by editing the alias at their own address", async () => {
    await forwarded(ann, "ann@far.example");
    const { version } = (await ann("GET", "/aliases/ann%40campus.example")).body;
    const ifMatch = { "if-match": `"${version}"` };
    const at = "/aliases/ann%40campus.example";
    expect((await ann("PATCH", at, { targets: ["evil@far.example"] }, ifMatch)).status).toBe(422);
    expect((await ann("PATCH", at, { moved: { to: "evil@far.example", delivers: true } }, ifMatch)).status).toBe(422);
    expect((await ann("PUT", `${at}/targets/evil@far.example`)).status).toBe(422);
    expect(await targetsOf("ann@campus.example")).toEqual(["ann@far.example", "ann@mbx.example"]);
  });
});
