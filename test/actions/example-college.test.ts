import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { setAlias } from "../../src/actions/aliases.ts";
import { readEntry } from "../../src/actions/entries.ts";
import { type ExampleCollege, loadExampleCollege } from "../../src/actions/example-college.ts";
import { MAILBOXES, people } from "../../src/actions/example-college-data.ts";
import { listRoutes } from "../../src/actions/routes.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";

describe("the example college", () => {
  let database: TestDatabase;
  let first: ExampleCollege;
  const count = async (table: string) =>
    Number((await database.db.query<{ n: string }>({ text: `select count(*) as n from ${table}` })).rows[0]?.n);

  beforeAll(async () => {
    database = await createDatabase();
    first = await loadExampleCollege(database.db, "/srv/mail");
  });
  afterAll(() => database.drop());

  it("has about fifty people, each account and each name once", () => {
    expect(people.length).toBeGreaterThanOrEqual(45);
    expect(new Set(people.map(([account]) => account)).size).toBe(people.length);
    expect(new Set(people.map(([, name]) => name)).size).toBe(people.length);
  });

  it("leads from a short address over the person's own to the mailbox", async () => {
    expect((await readEntry(database.db, "dobrien@campus.example"))?.targets).toEqual(["dara.obrien@campus.example"]);
    expect((await readEntry(database.db, "dara.obrien@campus.example"))?.targets).toEqual([`dobrien@${MAILBOXES}`]);
    expect((await readEntry(database.db, "alee@cs.campus.example"))?.targets).toEqual(["ann.lee@campus.example"]);
  });

  it("has lists in lists", async () => {
    expect((await readEntry(database.db, "everyone@campus.example"))?.targets).toContain("all-faculty@campus.example");
    expect((await readEntry(database.db, "all-faculty@campus.example"))?.targets).toContain("cs-faculty@cs.campus.example");
    expect((await readEntry(database.db, "cs-all@cs.campus.example"))?.targets).toContain("cs-phd@cs.campus.example");
  });

  it("routes all mail into Maildirs, also that to the rest of the world", async () => {
    const routes = Object.fromEntries((await listRoutes(database.db)).map(({ domain, url }) => [domain, url]));
    expect(routes).toEqual({ [MAILBOXES]: "maildir:/srv/mail/{local}", "*": "maildir:/srv/mail/elsewhere/{domain}/{local}" });
  });

  it("has a dead end, and shows the loop that could not be saved", async () => {
    expect((await readEntry(database.db, "robotics@cs.campus.example"))?.targets).toContain("retired.professor@campus.example");
    expect(await readEntry(database.db, "retired.professor@campus.example")).toBeNull();
    expect(first.refusal).toContain("night-desk@campus.example → helpdesk@campus.example");
    expect((await readEntry(database.db, "helpdesk@campus.example"))?.targets).toEqual([
      "victor.hill@campus.example",
      "wanda.moore@campus.example",
    ]);
  });

  it("is loaded once: what people change afterwards stays", async () => {
    expect(first.loaded).toBe(true);
    await setAlias(
      database.db,
      { actor: "test", why: null },
      { address: "dean@cs.campus.example", targets: ["ben.okafor@campus.example"] },
    );
    const [entries, records] = [await count("entries"), await count("change_records")];
    const second = await loadExampleCollege(database.db, "/srv/mail");
    expect(second).toEqual({ ...first, loaded: false });
    expect([await count("entries"), await count("change_records")]).toEqual([entries, records]);
    expect((await readEntry(database.db, "dean@cs.campus.example"))?.targets).toEqual(["ben.okafor@campus.example"]);
  });

  it("follows a data directory that was moved", async () => {
    await loadExampleCollege(database.db, "/srv/elsewhere");
    expect((await listRoutes(database.db)).find(({ domain }) => domain === MAILBOXES)?.url).toBe("maildir:/srv/elsewhere/{local}");
  });
});
