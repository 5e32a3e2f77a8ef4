/** A list whose members a real slapd names by a filter: resolved, in an outage, frozen, and with its source gone from the settings. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { addFilter, filtersOf, removeFilter } from "../../../src/actions/list-filters.ts";
import { addMembers, removeMembers } from "../../../src/actions/lists.ts";
import { type PeopleShape, presets } from "../../../src/config/ldap-presets.ts";
import { openLdapSource } from "../../../src/directory/ldap/open-source.ts";
import { readDirectory } from "../../../src/directory/open-directory.ts";
import { openPeople } from "../../../src/directory/people/open-people.ts";
import { explain } from "../../../src/resolve/explain.ts";
import { explainText } from "../../../src/resolve/explain-text.ts";
import { LIMITS } from "../../../src/resolve/limits.ts";
import { openResolve } from "../../../src/resolve/resolve.ts";
import { createDatabase, type TestDatabase } from "../../support/database.ts";
import { writeDirectory } from "../../support/directory-rows.ts";
import { mailbox } from "../../support/mailbox.ts";
import { needs } from "../../support/needs.ts";
import { type Slapd, SUFFIX, sourceAt, startSlapd } from "../../support/slapd.ts";
import { silentLog } from "../../support/sql.ts";

const AUTHOR = { actor: "test", why: null };
const dnOf = (i: number) => `uid=p${i},ou=people,${SUFFIX}`;
const person = (i: number) =>
  `dn: ${dnOf(i)}\nobjectClass: inetOrgPerson\nobjectClass: inetLocalMailRecipient\ncn: p${i}\nsn: p\nuid: p${i}\nemployeeType: ${i < 30 ? "cs" : "law"}\nmailLocalAddress: p${i}@campus.test\nmailRoutingAddress: p${i}@mbx.test\n`;

needs("slapd", "ldapmodify")("members of a list by a filter", () => {
  let slapd: Slapd;
  let database: TestDatabase;
  beforeAll(async () => {
    slapd = await startSlapd({ ldif: Array.from({ length: 40 }, (_, i) => person(i)).join("\n") });
    database = await createDatabase();
    await writeDirectory(database.db, {
      domains: [{ domain: "campus.test" }],
      entries: { "cs@campus.test": { targets: ["dean@far.test"], list: "anyone" }, "an@campus.test": ["x@far.test"] },
      routes: { "mbx.test": "discard:", "far.test": "discard:" },
    });
  }, 60_000);
  afterAll(async () => {
    await database?.drop();
    await slapd?.remove();
  });

  const add = (filter: string, list = "cs@campus.test") => addFilter(database.db, AUTHOR, list, "campus", filter);
  /** What a node that has just started says of the list. */
  async function answer<T>(
    ask: (directory: Parameters<typeof explain>[0] & Parameters<typeof openResolve>[0]) => Promise<T>,
    name = "campus",
  ): Promise<T> {
    const people = { ...(presets.inetLocalMailRecipient.people as PeopleShape), base: `ou=people,${SUFFIX}`, affiliation: null };
    const source = openLdapSource({ ...sourceAt(slapd), name, people, queryTimeout: 1000 }, async () => ["campus.test"]);
    const opened = await openPeople(database.db, [source], { freshMs: 60_000, staleMs: 3_600_000, log: silentLog, now: Date.now });
    try {
      return await ask({ ...readDirectory(database.db), people: opened.people });
    } finally {
      source.close();
      await opened.close();
    }
  }
  const count = (name?: string) =>
    answer(async (directory) => {
      const said = await openResolve(directory, { limits: LIMITS })(mailbox("cs@campus.test"), mailbox("a@far.test"));
      return said.kind === "expanded" ? said.recipients.length : said.kind;
    }, name);

  it.each(["uid=p1", "(uid=p1", "(uid=p1)(uid=p2)", "(&", "", "(uid=\u0000)", "{address}"])(
    "%j is bad data, and nothing is kept",
    async (filter) => {
      await expect(add(filter)).rejects.toMatchObject({ kind: "badData" });
      expect(await filtersOf(database.db, "cs@campus.test")).toEqual([]);
    },
  );

  it("is for lists that exist", async () => {
    await expect(add("(uid=*)", "an@campus.test")).rejects.toMatchObject({ name: "Refusal" });
    await expect(add("(uid=*)", "nobody@campus.test")).rejects.toMatchObject({ kind: "notFound" });
  });

  it("makes everybody who fulfils it a member, beside those who are named; explain says so; and no more when it is taken off", async () => {
    expect(await count()).toBe(1);
    expect(await add(" (employeeType=cs) ")).toMatchObject({ changed: true, filters: [{ source: "campus", filter: "(employeeType=cs)" }] });
    expect(await add("(employeeType=cs)")).toMatchObject({ changed: false });
    expect(await count()).toBe(31);
    expect(await removeFilter(database.db, AUTHOR, "cs@campus.test", "campus", "(employeeType=cs)")).toMatchObject({
      changed: true,
      filters: [],
    });
    expect(await count()).toBe(1);
    await add("(employeeType=cs)");
    const text = await answer(async (directory) =>
      explainText(await explain(directory, mailbox("cs@campus.test"), undefined, { limits: LIMITS, postmaster: null })),
    );
    expect(text).toMatch(/\(employeeType=cs\) {2}<-- members by filter; group in campus/);
    expect(text).toMatch(/p0@campus\.test {2}<-- in the group; person in campus/);
    const { rows } = await database.db.query<{ action: string }>({
      text: "select action from change_records where object = 'cs@campus.test'",
    });
    expect(rows.map(({ action }) => action).toSorted()).toEqual(["list filter add", "list filter add", "list filter remove"]);
  });

  it("leaves out whom the list excludes, by filter or by name", async () => {
    const left = ["p3@campus.test", "dean@far.test"];
    await addMembers(database.db, AUTHOR, "cs@campus.test", left, "excluded");
    expect(await count()).toBe(29);
    await removeMembers(database.db, AUTHOR, "cs@campus.test", left, "excluded");
    expect(await count()).toBe(31);
  });

  it("serves its last good members in an outage, and waits where its source is not set up", async () => {
    await slapd.stop("SIGKILL");
    expect(await count()).toBe(31);
    await slapd.start();
    expect(await count("other")).toBe("unavailable");
    expect(
      await openResolve(readDirectory(database.db), { limits: LIMITS })(mailbox("cs@campus.test"), mailbox("a@far.test")).then(
        ({ kind }) => kind,
      ),
    ).toBe("unavailable");
  });

  it("is frozen when it loses more than a fifth", async () => {
    slapd.modify(
      Array.from({ length: 10 }, (_, i) => `dn: ${dnOf(i)}\nchangetype: modify\nreplace: employeeType\nemployeeType: law\n`).join("\n"),
    );
    expect(await count()).toBe(31);
    const { rows } = await database.db.query({ text: "select source, address, lost, known from ldap_frozen" });
    expect(rows).toEqual([{ source: "campus", address: "(employeeType=cs)@ldap:campus", lost: 10, known: 30 }]);
  });

  it("goes with the list, and a change is told to every node", async () => {
    const told: string[] = [];
    const heard = await database.db.listen(
      "directory_changed",
      (payload) => void told.push(payload),
      () => undefined,
    );
    await add("(uid=p1)");
    await expect.poll(() => told).toContain('["cs@campus.test"]');
    await heard.stop();
    await database.db.query({ text: "delete from entries where address = 'cs@campus.test'" });
    expect((await database.db.query({ text: "select from list_filters" })).rowCount).toBe(0);
  });
});
