import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openDirectory, readDirectory } from "../../src/directory/open-directory.ts";
import { found, unavailable } from "../../src/mail/lookup.ts";
import { replies } from "../../src/mail/replies.ts";
import { type Decider, decideForAuthor, decideRecipient } from "../../src/receive/decide-recipient.ts";
import { type ExplainDirectory, explain } from "../../src/resolve/explain.ts";
import { explainText } from "../../src/resolve/explain-text.ts";
import { exitStatusOf } from "../../src/resolve/explanation.ts";
import { LIMITS } from "../../src/resolve/limits.ts";
import { openResolve } from "../../src/resolve/resolve.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { type Rows, writeDirectory } from "../support/directory-rows.ts";
import { mailbox } from "../support/mailbox.ts";
import { silentLog } from "../support/sql.ts";

let database: TestDatabase;
let directory: ExplainDirectory;

beforeAll(async () => {
  database = await createDatabase();
  directory = readDirectory(database.db);
});
afterAll(() => database.drop());

const campus: Rows = {
  domains: [{ domain: "campus.test" }, { domain: "old.test", aliasOf: "campus.test" }],
  routes: { "mbx.test": "lmtp://mailstore:24", "void.test": "discard:", "bad.test": "smtp://127.1" },
};

async function shown(rows: Rows, address: string, sender?: string | null): Promise<string> {
  await writeDirectory(database.db, { ...campus, ...rows });
  const from = sender === undefined ? undefined : sender === null ? null : mailbox(sender);
  return `\n${explainText(await explain(directory, mailbox(address), from))}\n`;
}

describe("mailroom explain", () => {
  it("draws the tree with its reasons and ends", async () => {
    const text = await shown(
      {
        entries: {
          "help@campus.test": {
            list: "anyone",
            owner: "it@campus.test",
            targets: ["ana@campus.test", "desk@campus.test", "help-all@campus.test"],
          },
          "ana@campus.test": ["ana@gmail.test"],
          "desk@campus.test": [
            "raj@mbx.test",
            "ana@campus.test",
            "pc@campus.test",
            "old@campus.test",
            "|cmd\u202e",
            "x@void.test",
            "empty@campus.test",
          ],
          "help-all@campus.test": { list: "anyone", targets: ["help@campus.test", "dora@mbx.test"], expires: "2126-01-01" },
          "old@campus.test": { targets: ["x@mbx.test"], expires: "2020-05-01" },
          "empty@campus.test": [],
        },
      },
      "help+printer@old.test",
    );
    expect(text).toBe(`
help+printer@old.test
└─ help+printer@campus.test  <-- domain alias
   └─ help@campus.test  <-- without its tag; list, owner it@campus.test
      ├─ ana@campus.test  <-- member
      │  └─ ana@gmail.test  <-- alias     ok, mx:, bounces to help-bounces@campus.test
      ├─ desk@campus.test  <-- member
      │  ├─ ana@campus.test  <-- alias    duplicate, one copy only
      │  ├─ empty@campus.test  <-- alias  DEAD END leads to nobody (5.1.1)
      │  ├─ old@campus.test  <-- alias    DEAD END expired on 2020-04-30 (5.1.1)
      │  ├─ pc@campus.test  <-- alias     DEAD END no such address (5.1.1)
      │  ├─ raj@mbx.test  <-- alias       ok, lmtp://mailstore:24, bounces to help-bounces@campus.test
      │  ├─ x@void.test  <-- alias        discarded, as the route says
      │  └─ |cmd\\u{202e}  <-- alias       DEAD END not an address
      └─ help-all@campus.test  <-- member; list, until 2125-12-31
         ├─ dora@mbx.test  <-- member     ok, lmtp://mailstore:24, bounces to help-all-bounces@campus.test
         └─ help@campus.test  <-- member  LOOP, stopped here
10 paths: 3 deliver, 1 is discarded, 1 duplicate, 4 dead ends, 1 loop  exit 2
`);
  });

  it("one alias", async () => {
    expect(await shown({ entries: { "a@campus.test": ["ann@mbx.test"] } }, "a@campus.test")).toBe(`
a@campus.test
└─ ann@mbx.test  <-- alias  ok, lmtp://mailstore:24
1 path: 1 delivers          exit 0
`);
  });

  it("nobody", async () => {
    expect(await shown({}, "a@campus.test")).toBe(
      `
a@campus.test                 DEAD END no such address (5.1.1)
A client is told: 550 5.1.1 No such address here
1 path: 1 dead end            exit 2
`.replace(/ {2,}/g, "  "),
    );
  });

  it("a route that cannot be used is trouble of ours: mail waits", async () => {
    expect(await shown({ entries: { "a@campus.test": ["ann@bad.test"] } }, "a@campus.test")).toContain(
      `LOOKUP FAILED: the route of bad.test cannot be used: "127.1" is neither a host name nor an IPv4 address; mail would wait (451), not bounce
1 path: 1 lookup failed`,
    );
  });

  it("an address that is not ours", async () => {
    const text = await shown({}, "a@else.test");
    expect(text).toContain("NOT OURS, strangers are refused (5.7.1)");
    expect(text).toContain("exit 2");
  });

  it("who may post is asked when a sender is named", async () => {
    const rows = { entries: { "l@campus.test": { list: "members", targets: ["ann@mbx.test", "bob@mbx.test"] } } };
    expect(await shown(rows, "l@campus.test")).toContain("note: l@campus.test does not take posts from everybody");
    expect(await shown(rows, "l@campus.test", "ann@mbx.test")).toContain("2 paths: 2 deliver");
    const refused = await shown(rows, "l@campus.test", "stranger@else.test");
    expect(refused).toContain("MAY NOT POST (5.7.2)");
    expect(refused).toContain("1 path: 1 may not post");
    expect(refused).not.toContain("ann@mbx.test");
    expect(await shown(rows, "l@campus.test", null)).toContain("MAY NOT POST (5.7.2)");
  });

  it("a moderated list holds, which is no failure", async () => {
    const text = await shown(
      { entries: { "l@campus.test": { list: "moderated", targets: ["ann@mbx.test"] } } },
      "l@campus.test",
      "ann@mbx.test",
    );
    expect(text).toContain("HELD: l@campus.test is moderated");
    expect(text).toContain("exit 0");
  });

  it("postmaster, whom nobody answers: as RCPT does, held or to whom the settings name", async () => {
    expect(await shown({}, "Postmaster@campus.test")).toBe(`
postmaster@campus.test  HELD: nobody answers postmaster@campus.test
note: mail for postmaster is always taken, and no entry says whose it is
1 path: 1 held          exit 0
`);
    const named = await explain(directory, mailbox("postmaster@campus.test"), undefined, { postmaster: mailbox("it@mbx.test") });
    expect(`\n${explainText(named)}\n`).toBe(`
postmaster@campus.test
└─ it@mbx.test  <-- named in the settings, as nobody answers  ok, lmtp://mailstore:24
note: mail for postmaster is always taken, and no entry says whose it is
1 path: 1 delivers                                            exit 0
`);
    const dead = await shown({ entries: { "postmaster@campus.test": ["gone@campus.test"] } }, "postmaster@campus.test");
    expect(dead).toContain("HELD: nobody answers");
    expect(dead).toContain("but where its entry leads it cannot go");
    expect(await shown({ entries: { "postmaster@campus.test": ["raj@mbx.test"] } }, "postmaster@campus.test")).toContain("1 delivers");
    expect(await shown({}, "postmaster@evil.test")).toContain("NOT OURS");
  });

  it("a bounce for a list whose owner is gone goes to postmaster", async () => {
    const rows: Rows = { entries: { "l@campus.test": { list: "anyone", owner: "gone@campus.test", targets: ["raj@mbx.test"] } } };
    expect(await shown(rows, "l-bounces@campus.test", "a@far.test")).toContain("A client is told: 550 5.1.1");
    const bounce = await shown(rows, "l-bounces@campus.test", null);
    expect(bounce).toContain("HELD: nobody answers postmaster@campus.test");
    expect(bounce).toContain("postmaster@campus.test answers for them");
  });

  it("says what RCPT says, of every kind of address", async () => {
    await writeDirectory(database.db, {
      ...campus,
      entries: {
        "a@campus.test": ["raj@mbx.test"],
        "dead@campus.test": ["gone@campus.test"],
        "round@campus.test": ["round@campus.test"],
        "l@campus.test": { list: "members", owner: "gone@campus.test", targets: ["raj@mbx.test"] },
      },
    });
    const opened = openDirectory(database.db, { log: silentLog });
    const decider: Decider = {
      directory: opened,
      resolve: openResolve(opened),
      postmaster: async () => ({ address: mailbox("postmaster@campus.test"), fallback: null }),
      unavailable: () => {},
    };
    const locals = ["a", "dead", "round", "l", "l-bounces", "l-request", "owner-l", "nobody", "postmaster", "x%y", '"a b"'];
    for (const address of [...locals.map((local) => `${local}@campus.test`), "postmaster@old.test", "x@evil.test"]) {
      for (const sender of [mailbox("s@far.test"), null]) {
        const path = { kind: "mailbox", mailbox: mailbox(address) } as const;
        const question = { path, reversePath: sender, trustedNetwork: false, ownAddress: "192.0.2.1", signedIn: false, ownAddresses: [] };
        const atRcpt = await decideRecipient(decider, question);
        const decision = atRcpt.accepted === "ifAuthorMay" ? await decideForAuthor(decider, path.mailbox, sender) : atRcpt;
        const { verdict, warnings } = await explain(directory, mailbox(address), sender);
        expect(
          warnings.some((text) => text.startsWith("RCPT takes mail")),
          address,
        ).toBe(atRcpt.accepted === "ifAuthorMay");
        const { code, enhancedStatus } = decision.accepted ? replies.recipientOk : decision.reply;
        expect([address, verdict.code, verdict.enhanced_status]).toEqual([address, code, enhancedStatus]);
      }
    }
    await opened.close();
  });

  it("folds long lists, but shows what fails", async () => {
    const targets = Array.from({ length: 500 }, (_, i) => `m${String(i).padStart(3, "0")}@mbx.test`);
    const text = await shown(
      { entries: { "l@campus.test": { list: "anyone", targets: [...targets, "zzz@campus.test"] } } },
      "l@campus.test",
    );
    expect(text).toContain("m019@mbx.test");
    expect(text).not.toContain("m020@mbx.test");
    expect(text).toContain("├─ zzz@campus.test");
    expect(text).toContain("└─ + 480 more, none of which fails");
    expect(text).toContain("501 paths: 500 deliver, 1 dead end");
  });

  it("too deep and too wide", async () => {
    const chain = Object.fromEntries(
      Array.from({ length: 12 }, (_, i) => [`c${i}@campus.test`, [`c${i + 1}@campus.test`, `m${i}@mbx.test`]]),
    );
    const deep = await shown({ entries: chain }, "c0@campus.test");
    expect(deep).toContain("c11@campus.test  <-- alias");
    expect(deep).toContain("TOO DEEP, all of it is refused (5.2.4)");
    expect(deep).toContain("A client is told: 550 5.2.4");
    expect(deep).not.toContain("  ok");
    const wide = await explain(directory, mailbox("c0@campus.test"), undefined, { limits: { ...LIMITS, recipients: 2 } });
    expect(wide.leaves.map(({ state }) => state)).toContain("tooWide");
    expect(exitStatusOf(wide)).toBe(2);
  });
});

describe("when the directory fails half way", () => {
  const failingAtLevel = (level: number): ExplainDirectory => {
    let asked = 0;
    return {
      ...directory,
      entries: async (addresses) => (asked++ === level ? unavailable(new Error("gone")) : directory.entries(addresses)),
    };
  };
  const rows: Rows = {
    ...campus,
    entries: { "a@campus.test": ["b@campus.test", "ann@mbx.test", "!@campus.test"], "b@campus.test": ["bob@mbx.test"] },
  };

  it("what was seen is drawn, and mail would wait", async () => {
    await writeDirectory(database.db, rows);
    const text = explainText(await explain(failingAtLevel(1), mailbox("b@campus.test"), undefined));
    expect(text).toContain("bob@mbx.test  <-- alias  ok");
    const half = await explain(failingAtLevel(1), mailbox("a@campus.test"), undefined);
    expect(explainText(half)).toContain("b@campus.test  <-- alias  LOOKUP FAILED; mail would wait (451), not bounce");
    expect(half.verdict).toMatchObject({ code: 451, enhanced_status: "4.3.0" });
    expect(exitStatusOf(half)).toBe(2); // for the dead end beside it
  });

  it("nothing seen at all", async () => {
    const none: ExplainDirectory = { ...directory, domains: async () => unavailable(new Error("gone")) };
    const nothing = await explain(none, mailbox("a@campus.test"), undefined);
    expect(explainText(nothing)).toContain("A client is told: 451 4.3.0");
    expect(exitStatusOf(nothing)).toBe(1);
    const start = await explain(failingAtLevel(0), mailbox("a@campus.test"), undefined);
    expect(exitStatusOf(start)).toBe(1);
    expect(found(start.counts)).toEqual(found({ paths: 1, lookupFailed: 1 }));
  });
});

it("10,000 members are explained in JSON without a gap", async () => {
  await writeDirectory(database.db, { ...campus, entries: { "l@campus.test": { list: "anyone", targets: [] } } });
  await database.db.query({ text: "insert into targets select 'l@campus.test', 'm' || n || '@mbx.test' from generate_series(1, 10000) n" });
  const explanation = await explain(directory, mailbox("l@campus.test"), undefined);
  expect(explanation.counts).toEqual({ paths: 10_000, delivers: 10_000 });
  expect(JSON.parse(JSON.stringify(explanation))).toEqual(explanation);
});
