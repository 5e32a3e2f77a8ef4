import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Db } from "../../src/db/client.ts";
import type { Directory } from "../../src/directory/directory.ts";
import { openDirectory, readDirectory } from "../../src/directory/open-directory.ts";
import { readEntries } from "../../src/directory/tables.ts";
import { found } from "../../src/mail/lookup.ts";
import { openResolve } from "../../src/resolve/resolve.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { writeDirectory } from "../support/directory-rows.ts";
import { mailbox } from "../support/mailbox.ts";
import { bareClient, silentLog } from "../support/sql.ts";

let database: TestDatabase;
let directory: Directory;

beforeAll(async () => {
  database = await createDatabase();
  directory = readDirectory(database.db);
});
afterAll(() => database.drop());

const entryOf = async (address: string) => {
  const answer = await directory.entries([mailbox(address)]);
  if (answer.kind !== "found") throw new Error(answer.kind);
  return answer.value.get(address);
};

describe("rows that somebody wrote by hand", () => {
  it.each([
    ["a line break", "ann@mbx.test\r\nRCPT TO:<x@evil.test>"],
    ["a pipe", "|/bin/sh -c id"],
    ["a file", "/etc/passwd"],
    ["an include", ":include:/etc/passwd"],
    ["three addresses", "a@mbx.test, b@mbx.test c@mbx.test"],
    ["a name", "Ann <ann@mbx.test>"],
    ["a number for a domain", "x@127.0.0.1"],
    ["an address literal", "x@[127.0.0.1]"],
    ["a single label", "x@localhost"],
    ["a dot at the end", "x@mbx.test."],
    ["no domain", "ann"],
    ["nothing", ""],
    ["10 KiB", `${"a".repeat(10_240)}@mbx.test`],
    ["another direction of writing", "ann\u202e@mbx.test\u2028"],
    ["quotes", '"a b"@mbx.test'],
    ["a source route", "@relay.test:ann@mbx.test"],
  ])("%s is no target, is named, and breaks nothing else", async (_, bad) => {
    await writeDirectory(database.db, { domains: [{ domain: "campus.test" }], entries: { "a@campus.test": [bad, "ann@mbx.test"] } });
    const entry = await entryOf("a@campus.test");
    expect([entry?.targets.map(({ key }) => key), entry?.badTargets]).toEqual([["ann@mbx.test"], [bad.slice(0, 200)]]);
  });

  it.each([
    ["Ann@MBX.Test", "Ann@mbx.test"],
    ["a b@mbx.test", "a b@mbx.test"],
    ["ann@bücher.test", "ann@xn--bcher-kva.test"],
  ])("%j is read as %s", async (written, key) => {
    await writeDirectory(database.db, { domains: [{ domain: "campus.test" }], entries: { "a@campus.test": [written] } });
    expect((await entryOf("a@campus.test"))?.targets.map((target) => target.key)).toEqual([key]);
  });

  it("domains, catch-alls, owners and routes", async () => {
    await writeDirectory(database.db, {
      domains: [
        { domain: "Campus.Test", catchAll: "|cmd" },
        { domain: "localhost" },
        { domain: "two words", aliasOf: "|cmd" },
        { domain: "alias.test", aliasOf: "not a domain" },
      ],
      routes: { "MBX.test": "lmtp://store", "bad.test": "pipe:/bin/sh", "*": "discard:" },
    });
    const domains = await directory.domains();
    expect(domains.kind === "found" && [...domains.value.values()]).toEqual([
      { domain: "campus.test", aliasOf: null, catchAll: null, subaddressing: true, isRouted: false },
      { domain: "alias.test", aliasOf: null, catchAll: null, subaddressing: true, isRouted: false },
    ]);
    expect(await directory.domain("localhost")).toEqual({ kind: "absent" });
    expect(await directory.route("mbx.test")).toMatchObject({ kind: "found", value: { kind: "lmtp", host: "store" } });
    expect(await directory.route("bad.test")).toMatchObject({ kind: "unavailable" }); // its mail waits for somebody to mend it
    expect(await directory.route("else.test")).toMatchObject({ kind: "found", value: { kind: "discard" } });
  });

  it("may hold addresses that make a notification too long, or hard to read: every node hears of it all the same", async () => {
    const hostile = [`${"a".repeat(9000)}@campus.test`, '"\\\n[1]*@campus.test', "domains", "*", "ü\u2028@campus.test"];
    await writeDirectory(database.db, { domains: [{ domain: "campus.test" }] });
    const node = openDirectory(database.open(), { log: silentLog });
    await expect.poll(() => node.generation()).not.toBeNull();
    await database.db.query({
      text: "insert into entries (address, domain, kind) select unnest($1::text[]), 'campus.test', 'alias'",
      values: [hostile],
    });
    for (const address of hostile) {
      const before = node.generation();
      await database.db.query({ text: "insert into targets values ($1, 'ann@mbx.test')", values: [address] });
      await expect.poll(() => node.generation()).not.toBe(before);
    }
    await node.close();
  });
});

describe("a long list", () => {
  it.each([
    [1000, 1000, false],
    [1001, 1001, false],
    [100_000, 100_000, false],
    [100_001, 100_000, true],
  ])("of %i members", async (count, read, oversized) => {
    const patient = database.open({ statementMs: 60_000 });
    await writeDirectory(patient, {
      domains: [{ domain: "campus.test" }],
      entries: { "l@campus.test": { list: "anyone", targets: [] } },
    });
    await patient.query({
      text: "insert into targets select 'l@campus.test', 'm' || n || '@mbx.test' from generate_series(1, $1::int) n",
      values: [count],
    });
    const entries = await readEntries(patient, ["l@campus.test"]);
    const entry = entries.get("l@campus.test");
    expect([entry?.targets.length, entry?.oversized]).toEqual([read, oversized]);
    const whole: Directory = { ...directory, entries: async () => found(entries) };
    const resolution = await openResolve(whole, { limits: { depth: 10, recipients: 1e6, hops: 1e6 } })(mailbox("l@campus.test"), null);
    if (oversized)
      expect(resolution).toMatchObject({ kind: "tooLarge", at: "l@campus.test" }); // never half of it
    else expect(resolution.kind).toBe("mayNotPost"); // for a null sender: it was expanded
    const bounded = readEntries(patient, ["l@campus.test"], 1000);
    if (count > 1000) await expect(bounded).rejects.toThrow("more than 1000 targets");
    else expect((await bounded).size).toBe(1);
  });
});

describe("questions asked at once", () => {
  it("go together in few statements", async () => {
    const entries = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`a${i}@campus.test`, [`m${i}@mbx.test`]]));
    await writeDirectory(database.db, { domains: [{ domain: "campus.test" }], entries });
    let statements = 0;
    const counting: Db = {
      ...database.db,
      query: (statement) => {
        statements++;
        return database.db.query(statement);
      },
    };
    const resolve = openResolve(readDirectory(counting));
    const answers = await Promise.all(Array.from({ length: 600 }, (_, i) => resolve(mailbox(`a${i}@campus.test`), mailbox("s@else.test"))));
    expect(answers.filter(({ kind }) => kind === "expanded").length).toBe(300);
    expect(answers.filter(({ kind }) => kind === "absent").length).toBe(300);
    expect(statements).toBeLessThanOrEqual(6); // 600 dialogues of two questions each
  });

  it("a level of 2,500 addresses comes back whole", async () => {
    const targets = Array.from({ length: 2500 }, (_, i) => `a${i}@campus.test`);
    const entries = Object.fromEntries(targets.map((target, i) => [target, [`m${i}@mbx.test`]]));
    await writeDirectory(database.db, {
      domains: [{ domain: "campus.test" }],
      entries: { ...entries, "l@campus.test": { list: "anyone", targets } },
    });
    const resolution = await openResolve(directory)(mailbox("l@campus.test"), mailbox("s@else.test"));
    expect(resolution.kind === "expanded" && resolution.recipients.length).toBe(2500);
  });
});

describe("unavailable is never absent", () => {
  const all = async (from: Directory): Promise<string[]> => {
    const answers = await Promise.all([
      from.domain("campus.test"),
      from.domain("foreign.test"),
      from.domains(),
      from.route("mbx.test"),
      from.entries([mailbox("a@campus.test")]),
      openResolve(from)(mailbox("a@campus.test"), null),
      openResolve(from)(mailbox("nobody@campus.test"), null),
    ]);
    return answers.map(({ kind }) => kind);
  };
  const unavailable = Array(7).fill("unavailable");

  it("when a table cannot be read", async () => {
    await writeDirectory(database.db, { domains: [{ domain: "campus.test" }], entries: { "a@campus.test": ["ann@mbx.test"] } });
    await database.db.query({ text: "alter table targets rename to gone" });
    try {
      expect((await all(directory)).slice(4)).toEqual(Array(3).fill("unavailable"));
    } finally {
      await database.db.query({ text: "alter table gone rename to targets" });
    }
    expect((await all(directory)).slice(4)).toEqual(["found", "expanded", "absent"]);
  });

  it("when the tables are locked: after 3 s, and it works again by itself", async () => {
    const locker = await bareClient(database.connection);
    const node = openDirectory(database.open(), { log: silentLog });
    try {
      await locker.query("begin; lock table domains, entries in access exclusive mode");
      const start = performance.now();
      expect(await all(node)).toEqual(unavailable);
      expect(performance.now() - start).toBeGreaterThan(2500);
      expect(performance.now() - start).toBeLessThan(6000);
      await locker.query("rollback");
      await expect.poll(() => all(node), { timeout: 5000 }).toEqual(["found", "absent", "found", "found", "found", "expanded", "absent"]);
    } finally {
      await locker.end();
      await node.close();
    }
  });

  it("when its connections are killed under the question, at the first level or at the second", async () => {
    await writeDirectory(database.db, {
      domains: [{ domain: "campus.test" }],
      entries: { "a@campus.test": ["b@campus.test", "ann@mbx.test"], "b@campus.test": ["bob@mbx.test"] },
    });
    const killed = readDirectory(database.open({ applicationName: "victim" }));
    const locker = await bareClient(database.connection);
    try {
      await locker.query("begin; lock table entries in access exclusive mode");
      const asked = killed.entries([mailbox("a@campus.test")]);
      const kill = {
        text: "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'victim' and wait_event_type = 'Lock'",
      };
      await expect.poll(async () => (await database.db.query(kill)).rowCount).toBeGreaterThan(0);
      expect(await asked).toMatchObject({ kind: "unavailable" });
    } finally {
      await locker.end();
    }
    let level = 0;
    const second: Directory = {
      ...killed,
      entries: (addresses) =>
        level++ === 1 ? Promise.resolve({ kind: "unavailable", cause: new Error("gone") }) : killed.entries(addresses),
    };
    expect(await openResolve(second)(mailbox("a@campus.test"), null)).toMatchObject({ kind: "unavailable" });
    level = 5;
    expect(await openResolve(second)(mailbox("a@campus.test"), null)).toMatchObject({ kind: "expanded" });
  });

  it("when the database is closed", async () => {
    const db = database.open();
    const closed = readDirectory(db);
    await db.close();
    expect(await all(closed)).toEqual(unavailable);
  });
});

it("a local part that nobody can have costs no question", async () => {
  await writeDirectory(database.db, { domains: [{ domain: "campus.test", catchAll: "all@mbx.test" }] });
  let asked = 0;
  const counting: Directory = {
    ...directory,
    entries: (addresses) => {
      asked += addresses.length;
      return directory.entries(addresses);
    },
  };
  const localParts = ["x%evil.test", "evil.test!x", "|cmd", "$" + "{jndi}", "{{7*7}}", "*", "a/b", `"x'; drop table entries; --"`, "ü"];
  for (const localPart of localParts) {
    expect(await openResolve(counting)(mailbox(`${localPart}@campus.test`), null)).toMatchObject({ kind: "absent" });
  }
  expect(asked).toBe(0);
});
