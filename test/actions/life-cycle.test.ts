import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { deleteEntry, getEntry, setAlias } from "../../src/actions/aliases.ts";
import { addDomain, removeDomain } from "../../src/actions/domains.ts";
import { entryHistory } from "../../src/actions/history.ts";
import { dateTarget, disableEntry, enableEntry, retireEntry } from "../../src/actions/life.ts";
import { addMembers, createList } from "../../src/actions/lists.ts";
import { exceptFromPolicy, listPolicies, removePolicy, setPolicy } from "../../src/actions/policies.ts";
import { coverageExit, roleCoverage } from "../../src/actions/roles.ts";
import { setRoute } from "../../src/actions/routes.ts";
import { directoryAsOf } from "../../src/directory/as-of.ts";
import { readDirectory } from "../../src/directory/open-directory.ts";
import { explain } from "../../src/resolve/explain.ts";
import { LIMITS } from "../../src/resolve/limits.ts";
import type { TestDatabase } from "../support/database.ts";
import { mailbox } from "../support/mailbox.ts";
import { author, emptied, hastyDatabase, records, refusal } from "./support.ts";

const us = { hostname: "mail.campus.test", listeners: [] };

let database: TestDatabase;
beforeAll(async () => {
  database = await hastyDatabase();
});
afterAll(() => database.drop());
beforeEach(async () => {
  await emptied(database.db);
  await addDomain(database.db, author, { domain: "campus.test" });
});

const set = (address: string, targets: readonly string[] = ["ann@far.test"], more = {}) =>
  setAlias(database.db, author, { address, targets, ...more });
const sql = (text: string, values: readonly unknown[] = []) => database.db.query<Record<string, unknown>>({ text, values });

describe("a name that somebody held", () => {
  test("is not given away again without a reason, which is kept", async () => {
    await set("j.smith@campus.test", ["jane@far.test"], { owner: "jane@far.test" });
    await deleteEntry(database.db, { actor: "bob via test", why: "LEFT-1" }, "alias", "j.smith@campus.test");
    const refused = await refusal(set("j.smith@campus.test", ["john@far.test"]));
    expect(refused.kind).toBe("refused");
    expect(refused.message).toMatch(
      /^j\.smith@campus\.test was held by jane@far\.test from \d{4}-\d\d-\d\d to .* \(deleted by bob via test: LEFT-1\)/,
    );
    expect(refused.hint).toContain("--reuse --why");
    const silent = setAlias(
      database.db,
      { ...author, why: " " },
      { address: "j.smith@campus.test", targets: ["a@far.test"], allow: { reuse: true } },
    );
    expect((await refusal(silent)).message).toBe("--reuse needs a reason");
    await set("j.smith@campus.test", ["john@far.test"], { allow: { reuse: true } });
    expect((await records(database.db, "j.smith@campus.test")).at(-1)).toMatchObject({ action: "alias create", why: author.why });
  });

  test("was deleted by hand, renamed by hand, or went with its domain or all others", async () => {
    for (const name of ["a", "b", "c", "d"]) await set(`${name}@campus.test`);
    await sql("delete from entries where address = 'a@campus.test'");
    await sql("update entries set address = 'bb@campus.test' where address = 'b@campus.test'");
    await removeDomain(database.db, author, "campus.test", true);
    const { rows } = await sql("select address, targets from tombstones order by address");
    expect(rows.map((row) => row["address"])).toEqual([
      "a@campus.test",
      "b@campus.test",
      "bb@campus.test",
      "c@campus.test",
      "d@campus.test",
    ]);
    expect(rows[0]?.["targets"]).toEqual(["ann@far.test"]);
    await addDomain(database.db, author, { domain: "campus.test" });
    expect((await refusal(set("c@campus.test"))).message).toContain("was held by ann@far.test");
    await set("e@campus.test");
    await sql("truncate entries cascade");
    expect((await refusal(set("e@campus.test"))).message).toContain("e@campus.test was held by");
  });

  test("looks like another: a warning, or a refusal when asked for", async () => {
    await set("jo.hill@campus.test", undefined, { owner: "jo@far.test" });
    await set("dead-01@campus.test");
    await deleteEntry(database.db, author, "alias", "dead-01@campus.test");
    expect((await set("johi1l@campus.test")).warnings).toEqual([
      "johi1l@campus.test looks like jo.hill@campus.test, whose owner is jo@far.test",
    ]);
    expect((await refusal(set("j-o-h-i-l-l@campus.test", undefined, { allow: { strict: true } }))).message).toContain(
      "looks like jo.hill@",
    );
    expect((await set("deado1@campus.test")).warnings.join()).toMatch(/looks like dead-01@campus\.test, which was deleted until \d{4}/);
    expect((await set("jo.hall@campus.test", undefined, { allow: { strict: true } })).warnings).toEqual([]);
  });
});

describe("switching off and retiring", () => {
  const off = (answer: "quiet" | "soft" | "hard" | "text", text?: string) =>
    disableEntry(database.db, author, "alias", "a@campus.test", answer, text);

  test("one follows the other, and enabling undoes both", async () => {
    await set("a@campus.test");
    expect((await off("soft")).after).toMatchObject({ disabled: "soft", moved_to: null });
    expect((await off("soft")).changed).toBe(false);
    const retired = await retireEntry(database.db, author, "alias", "a@campus.test", "New@Far.test", true);
    expect(retired.after).toMatchObject({ disabled: null, moved_to: "New@far.test", moved_delivers: true, targets: ["ann@far.test"] });
    expect((await off("text", " Ask the dean ")).after).toMatchObject({ disabled: "text", disabled_text: "Ask the dean", moved_to: null });
    expect((await enableEntry(database.db, author, "alias", "a@campus.test")).after).toMatchObject({ disabled: null, disabled_text: null });
    expect((await set("a@campus.test", ["bob@far.test"])).after).toMatchObject({ disabled: null });
  });

  test.each([
    ["a line break", "gone\r\n250 2.1.5 Ok"],
    ["a letter outside ASCII", "geschlossen für immer"],
    ["a control character", "a\u001bb"],
    ["nothing", "  "],
    ["too much", "x".repeat(201)],
  ])("words that cannot be said: %s", async (_, text) => {
    await set("a@campus.test");
    expect((await refusal(off("text", text))).kind).toBe("badData");
    await expect(sql("update entries set disabled = 'text', disabled_text = $1", [text])).rejects.toThrow("text_fits_a_reply");
  });

  test("a loop by retiring is refused, a move to itself too, and postmaster must answer", async () => {
    await set("a@campus.test");
    await set("b@campus.test", ["a@campus.test"]);
    const retire = (to: string) => retireEntry(database.db, author, "alias", "a@campus.test", to, true);
    expect((await refusal(retire("b@campus.test"))).message).toContain("a@campus.test → b@campus.test → a@campus.test");
    expect((await refusal(retire("a@campus.test"))).kind).toBe("badData");
    await set("postmaster@campus.test", undefined, { allow: { reserved: true } });
    const silenced = disableEntry(database.db, author, "alias", "postmaster@campus.test", "quiet", undefined);
    expect((await refusal(silenced)).message).toContain("must take mail");
    expect((await refusal(enableEntry(database.db, author, "list", "a@campus.test"))).kind).toBe("notFound");
  });

  test("dates of one target survive a change of the others", async () => {
    await set("a@campus.test", ["ann@far.test", "bob@far.test"]);
    const date = (dates: object) => dateTarget(database.db, author, "alias", "a@campus.test", "Bob@Far.test".toLowerCase(), dates);
    await date({ starts: "2099-01-01", expires: "2099-06-30" });
    await set("a@campus.test", ["bob@far.test", "cy@far.test"]);
    const { target_dates } = await getEntry(database.db, "alias", "a@campus.test");
    expect(Object.keys(target_dates ?? {})).toEqual(["bob@far.test"]);
    expect((await refusal(date({ starts: "2100-01-01" }))).message).toContain("start when it has expired");
    expect((await date({ starts: null, expires: null })).after?.target_dates).toBeNull();
    expect((await refusal(dateTarget(database.db, author, "alias", "a@campus.test", "who@far.test", {}))).kind).toBe("notFound");
  });
});

describe("forwarding policies", () => {
  test("are kept when an alias is saved, with exceptions that end", async () => {
    await setRoute(database.db, author, "mbx.test", "discard:", us);
    await set("a@campus.test", ["x@gmail.test"], { affiliation: "Staff" });
    const forbidden = await setPolicy(database.db, author, "staff", false);
    expect(forbidden.warnings).toEqual(["1 addresses have targets off campus, which get nothing from now on (a@campus.test)"]);
    expect((await refusal(set("b@campus.test", ["y@gmail.test"], { affiliation: "staff" }))).message).toBe(
      "staff may not forward off campus: y@gmail.test",
    );
    await set("b@campus.test", ["y@mbx.test", "c@campus.test"], { affiliation: "staff" });
    expect((await refusal(retireEntry(database.db, author, "alias", "b@campus.test", "y@gmail.test", true))).kind).toBe("refused");
    await exceptFromPolicy(database.db, author, "b@campus.test", "2099-01-01");
    await set("b@campus.test", ["y@gmail.test"]);
    expect((await refusal(exceptFromPolicy(database.db, author, "b@campus.test", "2001-01-01"))).message).toContain("in the past");
    expect(await listPolicies(database.db)).toEqual([{ affiliation: "staff", off_campus: false, addresses: 2 }]);
    await removePolicy(database.db, author, "staff");
    await set("c@campus.test", ["y@gmail.test"], { affiliation: "staff" });
    expect((await refusal(setPolicy(database.db, author, "two words", true))).kind).toBe("badData");
  });
});

test("role coverage says who answers, and flags who does not", async () => {
  await set("abuse@campus.test", ["ann@far.test"], { allow: { reserved: true } });
  await set("security@campus.test", ["gone@campus.test"], { allow: { reserved: true } });
  const coverage = (postmaster: string | null) =>
    roleCoverage(readDirectory(database.db), "Campus.test", {
      limits: LIMITS,
      postmaster: postmaster === null ? null : mailbox(postmaster),
    });
  const views = await coverage(null);
  expect(views.slice(0, 3)).toMatchObject([
    { address: "postmaster@campus.test", state: "fallback", answered_by: [] },
    { address: "abuse@campus.test", state: "answered", answered_by: ["ann@far.test"] },
    { address: "security@campus.test", state: "empty", reply: "550 5.1.1 No such address here" },
  ]);
  expect(coverageExit(views)).toBe(2);
  await addDomain(database.db, author, { domain: "campus.test", catchAll: "all@far.test" });
  await set("security@campus.test", ["sec@far.test"]);
  expect(coverageExit(await coverage(null))).toBe(0);
  expect((await refusal(roleCoverage(readDirectory(database.db), "else.test", { limits: LIMITS, postmaster: null }))).kind).toBe(
    "notFound",
  );
});

describe("history", () => {
  const now = async (): Promise<Date> => (await sql("select clock_timestamp() as t")).rows[0]?.["t"] as Date;
  const finals = async (moment: Date, address = "dean@campus.test"): Promise<string> => {
    await new Promise((wake) => setTimeout(wake, 2)); // JavaScript's dates have milliseconds
    const { leaves } = await explain(await directoryAsOf(database.db, moment), mailbox(address), undefined, { now: () => moment });
    return leaves.map(({ state, final_recipient: to }) => to ?? state).join(" ");
  };
  const pause = () => new Promise((wake) => setTimeout(wake, 3));

  test("explain answers with the directory of that moment, changes by hand included", async () => {
    await setRoute(database.db, author, "gmail.test", "discard:", us);
    const times: Date[] = [];
    const then = async (work: () => Promise<unknown>) => {
      await work();
      await pause();
      times.push(await now());
      await pause();
    };
    await then(() => set("dean@campus.test", ["ann@far.test"]));
    await then(() => sql("insert into targets values ('dean@campus.test', 'bob@far.test')"));
    await then(() => disableEntry(database.db, author, "alias", "dean@campus.test", "hard", undefined));
    await then(() => deleteEntry(database.db, author, "alias", "dean@campus.test"));
    await then(() => set("dean@campus.test", ["cy@far.test"], { allow: { reuse: true } }));
    const answers: string[] = [];
    for (const time of times) answers.push(await finals(time));
    expect(answers).toEqual(["ann@far.test", "ann@far.test bob@far.test", "disabled", "unknown", "cy@far.test"]);
    await expect(directoryAsOf(database.db, new Date("2001-01-01"))).rejects.toThrow("the history begins 2");
  });

  test("tells who, what and why, in order", async () => {
    await set("a@campus.test", ["ann@far.test"]);
    await createList(database.db, author, { address: "l@campus.test" });
    await addMembers(database.db, { actor: "eve", why: "T-2" }, "l@campus.test", ["x@far.test"]);
    await sql("update entries set note = 'by hand' where address = 'l@campus.test'");
    await deleteEntry(database.db, author, "list", "l@campus.test");
    const events = await entryHistory(database.db, "L@campus.test");
    expect(events.map(({ what, target, by, why }) => [what, target, by, why].join(" "))).toEqual([
      `created  ${author.actor} ${author.why}`,
      "changed  eve T-2",
      "target added x@far.test eve T-2",
      expect.stringMatching(/^changed {2}\S+ \(mailroom test\) $/),
      `target removed x@far.test ${author.actor} ${author.why}`,
      `deleted  ${author.actor} ${author.why}`,
    ]);
    expect((await refusal(entryHistory(database.db, "never@campus.test"))).message).toContain("never had an entry");
  });

  test("a row that comes and goes several times in one transaction is there once", async () => {
    await database.db.transaction(async (tx) => {
      for (let i = 0; i < 3; i++) {
        await tx.query({ text: "insert into entries (address, domain, kind) values ('z@campus.test', 'campus.test', 'alias')" });
        if (i < 2) await tx.query({ text: "delete from entries where address = 'z@campus.test'" });
      }
    });
    const { rows } = await sql("select count(*)::int as n from directory_history where key = 'z@campus.test' and valid_to is null");
    expect(rows[0]?.["n"]).toBe(1);
    expect(await finals(await now().then(async (t) => (await pause(), new Date(t.getTime() + 1))), "z@campus.test")).toBe("empty");
  });
});
