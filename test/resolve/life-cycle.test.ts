import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readDirectory } from "../../src/directory/open-directory.ts";
import { openPeople } from "../../src/directory/people/open-people.ts";
import type { Source } from "../../src/directory/people/source.ts";
import { found, unavailable } from "../../src/mail/lookup.ts";
import { replyLine } from "../../src/mail/reply.ts";
import { explain } from "../../src/resolve/explain.ts";
import { explainText } from "../../src/resolve/explain-text.ts";
import { exitStatusOf } from "../../src/resolve/explanation.ts";
import type { Resolution } from "../../src/resolve/resolution.ts";
import { openResolve } from "../../src/resolve/resolve.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { type Rows, writeDirectory } from "../support/directory-rows.ts";
import { mailbox } from "../support/mailbox.ts";
import { silentLog } from "../support/sql.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await createDatabase();
});
afterAll(() => database.drop());

const NOW = new Date("2026-03-03T10:00:00Z");
const SENDER = mailbox("sender@far.test");
const domains = [{ domain: "campus.test" }];

/** What RCPT and explain say of an address, which must be the same. */
async function asked(rows: Rows, address: string): Promise<{ resolution: Resolution; said: string; text: string; exit: number }> {
  await writeDirectory(database.db, { domains, routes: { "mbx.test": "lmtp://mailstore:24" }, ...rows });
  const directory = readDirectory(database.db);
  const resolution = await openResolve(directory, { now: () => NOW })(mailbox(address), SENDER);
  const explanation = await explain(directory, mailbox(address), SENDER, { now: () => NOW });
  expect(explanation.verdict.kind).toBe(resolution.kind);
  const { code, enhanced_status, text } = explanation.verdict;
  if (resolution.kind === "refused") expect(replyLine(resolution.reply)).toBe(`${code} ${enhanced_status} ${text}`);
  const finals = resolution.kind === "expanded" ? resolution.recipients : [];
  const said =
    finals.length === 0
      ? `${code} ${enhanced_status} ${text}`
      : finals.map(({ mailbox: to, discarded }) => `${to.key}${discarded === undefined ? "" : " discarded"}`).join(", ");
  return { resolution, said, text: explainText(explanation), exit: exitStatusOf(explanation) };
}

const UNKNOWN = "550 5.1.1 No such address here";
const one = (entry: object, more: Rows = {}): Rows => ({ entries: { "a@campus.test": { targets: ["ann@mbx.test"], ...entry } }, ...more });

describe("an entry", () => {
  it.each<[why: string, rows: Rows, said: string, explained: string, exit: number]>([
    [
      "before its start",
      one({ starts: "2026-03-03T10:00:01Z" }),
      UNKNOWN,
      "DEAD END does not begin before 2026-03-03T10:00:01Z (5.1.1)",
      2,
    ],
    ["at its start", one({ starts: "2026-03-03T10:00:00Z" }), "ann@mbx.test", "ok, lmtp", 0],
    ["before its end", one({ expires: "2026-03-03T10:00:01Z" }), "ann@mbx.test", "ok, lmtp", 0],
    ["at its end", one({ expires: "2026-03-03T10:00:00Z" }), UNKNOWN, "DEAD END expired on 2026-03-03T10:00Z (5.1.1)", 2],
    ["switched off hard", one({ disabled: "hard" }), UNKNOWN, "DEAD END switched off (5.1.1)", 2],
    [
      "switched off for a while",
      one({ disabled: "soft" }),
      "450 4.2.1 This address takes no mail at present, try again later",
      "OFF for a while; mail would wait (4.2.1)",
      1,
    ],
    [
      "switched off with words",
      one({ disabled: "text", text: "Ask the dean's office" }),
      "550 5.2.1 Ask the dean's office",
      "DEAD END switched off: Ask the dean's office (5.2.1)",
      2,
    ],
    ["switched off quietly", one({ disabled: "quiet" }), "a@campus.test discarded", "discarded: switched off quietly", 0],
    [
      "retired",
      one({ movedTo: "new@far.test" }),
      "550 5.1.6 This address has moved to <new@far.test>",
      "DEAD END moved to new@far.test (5.1.6)",
      2,
    ],
    ["retired, and mail still goes there", one({ movedTo: "new@far.test", delivers: true }), "new@far.test", "<-- moved there", 0],
    ["retired to what is no address", one({ movedTo: "|rm -rf /", delivers: true }), UNKNOWN, "DEAD END switched off (5.1.1)", 2],
    ["a date wins over an answer", one({ disabled: "soft", expires: "2026-01-01" }), UNKNOWN, "expired on 2025-12-31", 2],
  ])("%s", async (_, rows, said, explained, exit) => {
    const answer = await asked(rows, "a+tag@campus.test");
    expect(answer.said).toBe(said);
    expect(answer.text).toContain(explained);
    expect(answer.exit).toBe(exit);
  });

  it("says who wrote to a retired address which one that was", async () => {
    const { resolution } = await asked(one({ movedTo: "new@far.test", delivers: true }), "a+tag@campus.test");
    expect(resolution).toMatchObject({ moved: { from: { key: "a@campus.test" }, to: { key: "new@far.test" } } });
    const behind = await asked(
      { entries: { "l@campus.test": ["a@campus.test"], "a@campus.test": { targets: [], movedTo: "new@far.test", delivers: true } } },
      "l@campus.test",
    );
    expect(behind.said).toBe("new@far.test");
    expect(behind.resolution).not.toHaveProperty("moved");
  });
});

describe("behind another address", () => {
  const behind = (entry: object, others: readonly string[] = []): Rows => ({
    entries: { "l@campus.test": ["a@campus.test", ...others], "a@campus.test": { targets: ["ann@mbx.test"], ...entry } },
  });

  it.each<[why: string, rows: Rows, said: string]>([
    ["an admin's words are not told", behind({ disabled: "text", text: "secret" }), UNKNOWN],
    ["nor is a new address", behind({ movedTo: "new@far.test" }), UNKNOWN],
    [
      "mail waits when it may work later",
      behind({ disabled: "soft" }, ["gone@campus.test"]),
      "450 4.2.1 This address takes no mail at present, try again later",
    ],
    ["others get their copies", behind({ disabled: "soft" }, ["bob@mbx.test"]), "bob@mbx.test"],
    ["a quiet one is discarded beside others", behind({ disabled: "quiet" }, ["bob@mbx.test"]), "a@campus.test discarded, bob@mbx.test"],
  ])("%s", async (_, rows, said) => {
    expect((await asked(rows, "l@campus.test")).said.split(", ").toSorted().join(", ")).toBe(said);
  });
});

describe("a target with dates", () => {
  const dated = (dates: readonly [string | null, string | null]): Rows =>
    one({ targets: ["ann@mbx.test", "bob@mbx.test"], dates: { "ann@mbx.test": dates } });

  it("counts from its start until its end", async () => {
    expect((await asked(dated(["2026-03-03T10:00:00Z", "2026-03-04"]), "a@campus.test")).said).toBe("ann@mbx.test, bob@mbx.test");
    expect((await asked(dated(["2026-03-03T10:00:01Z", null]), "a@campus.test")).said).toBe("bob@mbx.test");
    const ended = await asked(dated([null, "2026-03-03T10:00:00Z"]), "a@campus.test");
    expect(ended.said).toBe("bob@mbx.test");
    expect(ended.text).toContain("ann@mbx.test  <-- alias  DEAD END expired on 2026-03-03T10:00Z (5.1.1)");
    expect(ended.exit).toBe(2);
  });

  it("is unknown when it was the last one", async () => {
    expect((await asked(one({ dates: { "ann@mbx.test": [null, "2020-01-01"] } }), "a@campus.test")).said).toBe(UNKNOWN);
  });
});

describe("forwarding off campus", () => {
  const policies = { student: false, staff: true };
  const denied = "550 5.7.1 Mail for this address may not be forwarded to where it leads";

  it.each<[why: string, entry: object, said: string]>([
    ["who may not", { affiliation: "student", targets: ["x@gmail.test"] }, denied],
    ["who may not, beside what is allowed", { affiliation: "student", targets: ["x@gmail.test", "ann@mbx.test"] }, "ann@mbx.test"],
    ["who may", { affiliation: "staff", targets: ["x@gmail.test"] }, "x@gmail.test"],
    ["of whom nothing is said", { affiliation: "guest", targets: ["x@gmail.test"] }, "x@gmail.test"],
    ["without affiliation", { targets: ["x@gmail.test"] }, "x@gmail.test"],
    ["with an exception", { affiliation: "student", offCampusUntil: "2026-03-04", targets: ["x@gmail.test"] }, "x@gmail.test"],
    ["with one that has ended", { affiliation: "student", offCampusUntil: "2026-03-03T10:00:00Z", targets: ["x@gmail.test"] }, denied],
    ["to where it is retired", { affiliation: "student", targets: [], movedTo: "x@gmail.test", delivers: true }, denied],
  ])("%s", async (_, entry, said) => {
    expect((await asked(one(entry, { policies }), "a@campus.test")).said).toBe(said);
  });

  it("is explained", async () => {
    const { text, exit } = await asked(
      one({ affiliation: "student", targets: ["x@gmail.test", "ann@mbx.test"] }, { policies }),
      "a@campus.test",
    );
    expect(text).toContain("x@gmail.test  <-- alias  NOT ALLOWED off campus for student (5.7.1)");
    expect(exit).toBe(2);
  });
});

describe("a person in LDAP", () => {
  const source = (affiliation: string | null): Source => {
    const ann = {
      kind: "person",
      dn: "uid=ann",
      targets: [mailbox("ann@gmail.test")],
      badTargets: [],
      affiliation,
      oversized: false,
    } as const;
    return {
      name: "campus",
      lookup: (asked) =>
        Promise.resolve(found({ entries: new Map(asked.map((address) => [address.key, { ...ann, address }])), twins: new Map() })),
      all: async function* () {
        yield { ...ann, address: mailbox("ann@campus.test") };
      },
    };
  };

  it.each<[affiliation: string | null, said: string]>([
    ["student", "550 5.7.1"],
    ["staff", "expanded"],
    [null, "expanded"],
  ])("whom the directory calls %s", async (affiliation, said) => {
    await writeDirectory(database.db, { domains, policies: { student: false, staff: true } });
    const people = await openPeople(database.db, [source(affiliation)], {
      freshMs: 60_000,
      staleMs: 60_000,
      log: silentLog,
      now: Date.now,
    });
    const directory = { ...readDirectory(database.db), people: people.people };
    const resolution = await openResolve(directory)(mailbox("ann@campus.test"), SENDER);
    await people.close();
    expect(resolution.kind === "refused" ? replyLine(resolution.reply) : resolution.kind).toContain(said);
    // Nobody knows the policies now: later, not "you may".
    const away = { ...directory, forwarding: () => Promise.resolve(unavailable(new Error("away"))) };
    const unsure = await openResolve(away)(mailbox("ann@campus.test"), SENDER);
    expect(unsure.kind).toBe(affiliation === null ? "expanded" : "unavailable");
  });
});

it("an answer that is kept ends when a date passes", async () => {
  await writeDirectory(database.db, {
    domains,
    ...one({
      starts: "2026-03-03T10:00:10Z",
      expires: "2026-03-03T10:00:40Z",
      targets: ["ann@mbx.test", "bob@mbx.test"],
      dates: { "ann@mbx.test": ["2026-03-03T10:00:20Z", "2026-03-03T10:00:30Z"] },
    }),
  });
  let now = NOW;
  const resolve = openResolve({ ...readDirectory(database.db), generation: () => 1 }, { now: () => now });
  const seen: string[] = [];
  for (let second = 0; second <= 45; second += 5) {
    now = new Date(NOW.getTime() + second * 1000);
    const resolution = await resolve(mailbox("a@campus.test"), SENDER);
    seen.push(resolution.kind === "expanded" ? String(resolution.recipients.length) : "-");
  }
  expect(seen.join("")).toBe("--112211--");
});
