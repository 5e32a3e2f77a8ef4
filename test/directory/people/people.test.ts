/** Sources that are there, away, frozen or wrong, on a real database; the clock and what the sources say are the test's. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type OpenPeople, openPeople } from "../../../src/directory/people/open-people.ts";
import type { Said, Source, SourceEntry } from "../../../src/directory/people/source.ts";
import { Twins } from "../../../src/directory/people/twins.ts";
import { found, type Lookup, unavailable } from "../../../src/mail/lookup.ts";
import type { Mailbox } from "../../../src/mail/mailbox.ts";
import { createDatabase, type TestDatabase } from "../../support/database.ts";
import { eventually } from "../../support/eventually.ts";
import { mailbox } from "../../support/mailbox.ts";
import { silentLog } from "../../support/sql.ts";

type Person = string | readonly string[];

/** A directory of the test: `people` by address, with one target, or a group's members. */
class Scripted implements Source {
  readonly name: string;
  people: Record<string, Person>;
  away = false;
  /** Addresses that two entries have. */
  readonly shared = new Set<string>();
  asked = 0;
  constructor(name: string, people: Record<string, Person>) {
    this.name = name;
    this.people = people;
  }

  #entry(key: string): SourceEntry | null {
    const means = this.people[key];
    if (means === undefined) return null;
    const isGroup = typeof means !== "string";
    const targets = (isGroup ? means : [means]).map(mailbox);
    return {
      address: mailbox(key),
      kind: isGroup ? "group" : "person",
      dn: `cn=${key}`,
      targets,
      badTargets: [],
      affiliation: null,
      oversized: false,
    };
  }

  lookup(addresses: readonly Mailbox[]): Promise<Lookup<Said>> {
    this.asked++;
    if (this.away) return Promise.resolve(unavailable(new Error("away")));
    const all = new Twins();
    for (const { key } of addresses) for (const entry of this.#entriesOf(key)) all.take(entry);
    return Promise.resolve(found(all));
  }

  async *all(): AsyncIterable<SourceEntry> {
    if (this.away) throw new Error("away");
    for (const key of Object.keys(this.people)) yield* this.#entriesOf(key);
  }

  #entriesOf(key: string): SourceEntry[] {
    const entry = this.#entry(key);
    if (entry === null) return [];
    return this.shared.has(key) ? [entry, { ...entry, dn: `cn=other ${key}` }] : [entry];
  }
}

describe("people", () => {
  let database: TestDatabase;
  let now = 0;
  const opened: OpenPeople[] = [];
  beforeAll(async () => {
    database = await createDatabase();
  });
  afterAll(() => database.drop());
  beforeEach(async () => {
    now = Date.parse("2026-11-25T12:00:00Z");
    for (const people of opened.splice(0)) await people.close(); // which writes what it knows
    await database.db.query({ text: "truncate ldap_answers, ldap_frozen, ldap_syncs" });
  });

  /** One node: what it answers of an address, in a few words. */
  async function node(...sources: Source[]) {
    const people = await openPeople(database.db, sources, {
      freshMs: 60_000,
      staleMs: 24 * 3_600_000,
      log: silentLog,
      now: () => now,
    });
    opened.push(people);
    return {
      people,
      async says(key: string): Promise<string> {
        const { byKey, unavailable: away } = await people.people([mailbox(key)]);
        if (away.has(key)) return "unavailable";
        const entry = byKey.get(key);
        if (entry === undefined) return "absent";
        const { stale = null, shadowed = [] } = entry.ldap ?? {};
        const targets = entry.targets.map((target) => target.key).join(" ");
        return [targets, ...(stale === null ? [] : [`(${stale})`]), ...shadowed.map((other) => `not ${other}`)].join(" ");
      },
    };
  }
  const campus = () => new Scripted("campus", { "ann@campus.test": "ann@mbx.test" });
  const members = (count: number, from = 0) => Array.from({ length: count }, (_, i) => `m${from + i}@mbx.test`);

  it("keeps an answer for a minute, found and absent alike, and then asks again", async () => {
    const source = campus();
    const { says } = await node(source);
    for (let again = 0; again < 3; again++) {
      expect(await says("ann@campus.test")).toBe("ann@mbx.test");
      expect(await says("bob@campus.test")).toBe("absent");
    }
    expect(source.asked).toBe(2);
    source.people = { "ann@campus.test": "ann@new.test", "bob@campus.test": "bob@mbx.test" };
    now += 60_000;
    expect([await says("ann@campus.test"), await says("bob@campus.test")]).toEqual(["ann@new.test", "bob@mbx.test"]);
  });

  it("serves the last good answer for a day when the source fails, and nobody is absent", async () => {
    const source = campus();
    const { says, people } = await node(source);
    await says("ann@campus.test");
    await says("bob@campus.test");
    source.away = true;
    now += 60_000;
    expect([await says("ann@campus.test"), await says("bob@campus.test")]).toEqual(["ann@mbx.test (source away)", "unavailable"]);
    await people.close(); // a restart during the outage
    const after = await node(source);
    expect([await after.says("ann@campus.test"), await after.says("bob@campus.test")]).toEqual([
      "ann@mbx.test (source away)",
      "unavailable",
    ]);
    now += 24 * 3_600_000;
    expect(await after.says("ann@campus.test")).toBe("unavailable");
    source.away = false;
    expect([await after.says("ann@campus.test"), await after.says("bob@campus.test")]).toEqual(["ann@mbx.test", "absent"]);
  });

  it("knows everybody after one comparison, whom nobody has ever asked for too", async () => {
    const source = campus();
    await (await node(source)).people.syncAll(0);
    source.away = true;
    expect(await (await node(source)).says("ann@campus.test")).toBe("ann@mbx.test (source away)");
  });

  it("tells nobody that a known person is gone before the source was compared as a whole", async () => {
    const source = new Scripted("campus", Object.fromEntries(members(100).map((box) => [box.replace("mbx", "campus"), box])));
    const { says, people } = await node(source);
    await people.syncAll(0);
    delete source.people["m7@campus.test"];
    now += 60_000;
    await database.db.query({ text: "update ldap_syncs set ended_at = now() - interval '1 minute'" });
    expect(await says("m7@campus.test")).toBe("unavailable");
    await eventually(async () => expect(await says("m7@campus.test")).toBe("absent"));
  });

  it("freezes a source that loses more than a tenth, and goes on by itself when they are back", async () => {
    const everybody = Object.fromEntries(members(100).map((box) => [box.replace("mbx", "campus"), box]));
    const source = new Scripted("campus", everybody);
    const { says, people } = await node(source);
    await people.syncAll(0);
    source.people = Object.fromEntries(Object.entries(everybody).slice(0, 89));
    await people.syncAll(0);
    const { rows } = await database.db.query({ text: "select address, lost, known from ldap_frozen" });
    expect(rows).toEqual([{ address: "*", lost: 11, known: 100 }]);
    expect(await says("m99@campus.test")).toBe("m99@mbx.test (source frozen)");
    expect(await says("nobody@campus.test")).toBe("absent");
    source.people = everybody;
    await people.syncAll(0);
    now += 60_000;
    expect(await says("m99@campus.test")).toBe("m99@mbx.test");
    source.people = {}; // emptied
    await people.syncAll(0);
    now += 60_000;
    expect(await says("m99@campus.test")).toBe("m99@mbx.test (source frozen)");
  });

  it.each([
    ["loses a fifth and one", 30, 23, true],
    ["loses a fifth", 30, 24, false],
    ["loses five of twenty", 20, 15, false],
    ["is emptied", 3, 0, true],
  ])("a group that %s", async (_, before, after, isFrozen) => {
    const source = new Scripted("campus", { "all@campus.test": members(before) });
    const { says, people } = await node(source);
    await says("all@campus.test");
    await people.close(); // written
    source.people = { "all@campus.test": members(after) };
    const other = await node(source);
    const kept = isFrozen ? `${members(before).join(" ")} (group frozen)` : members(after).join(" ");
    expect(await other.says("all@campus.test")).toBe(kept);
    source.people = { "all@campus.test": members(before) };
    now += 60_000;
    expect(await other.says("all@campus.test")).toBe(members(before).join(" "));
    expect((await database.db.query({ text: "select from ldap_frozen" })).rowCount).toBe(0);
  });

  it("lets mail wait for an address that two entries have, not that of its neighbours, and learns neither of the two", async () => {
    const source = new Scripted("campus", { "ann@campus.test": "ann@mbx.test", "bob@campus.test": "bob@mbx.test" });
    source.shared.add("ann@campus.test");
    const { people, says } = await node(source);
    const both = await people.people([mailbox("ann@campus.test"), mailbox("bob@campus.test"), mailbox("cleo@campus.test")]);
    expect([[...both.byKey.keys()], [...both.unavailable.keys()]]).toEqual([["bob@campus.test"], ["ann@campus.test"]]);
    expect(both.unavailable.get("ann@campus.test")?.message).toContain("cn=ann@campus.test and cn=other ann@campus.test both have");
    await people.syncAll(0);
    const { rows } = await database.db.query({ text: "select address from ldap_answers" });
    expect(rows).toEqual([{ address: "bob@campus.test" }]);
    source.shared.clear();
    expect(await says("ann@campus.test")).toBe("ann@mbx.test");
    source.shared.add("ann@campus.test");
    await people.syncAll(0);
    now += 60_000;
    expect(await says("ann@campus.test")).toBe("unavailable"); // though it was known: nobody can tell which of them it was
  });

  it("asks sources in their order, names those that are not heard, and passes none that cannot answer", async () => {
    const first = campus();
    const second = new Scripted("staff", { "ann@campus.test": "ann@other.test", "cleo@campus.test": "cleo@mbx.test" });
    const { says } = await node(first, second);
    expect(await says("ann@campus.test")).toBe("ann@mbx.test not staff");
    expect(await says("cleo@campus.test")).toBe("cleo@mbx.test");
    first.away = true;
    now += 60_000;
    expect(await says("cleo@campus.test")).toBe("unavailable"); // the first source may know another
    second.away = true;
    first.away = false;
    now += 60_000;
    expect(await says("ann@campus.test")).toBe("ann@mbx.test not staff");
    expect(await says("bob@campus.test")).toBe("unavailable");
  });

  it("is of use without Postgres while the source answers, and calls nobody absent", async () => {
    const gone = await createDatabase();
    const source = campus();
    const people = await openPeople(gone.db, [source], { freshMs: 60_000, staleMs: 60_000, log: silentLog, now: () => now });
    await gone.drop();
    const { byKey, unavailable: away } = await people.people([mailbox("ann@campus.test"), mailbox("bob@campus.test")]);
    expect([byKey.get("ann@campus.test")?.targets[0]?.key, away.has("bob@campus.test")]).toEqual(["ann@mbx.test", true]);
    await people.close();
  });
});
