import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { setAlias } from "../../src/actions/aliases.ts";
import { addDomain, domainReach, listDomains, removeDomain } from "../../src/actions/domains.ts";
import { listRoutes, removeRoute, setRoute } from "../../src/actions/routes.ts";
import type { TestDatabase } from "../support/database.ts";
import { author, emptied, hastyDatabase, records, refusal } from "./support.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await hastyDatabase();
});
afterAll(() => database.drop());
beforeEach(() => emptied(database.db));

const us = { hostname: "mail.campus.test", listeners: [{ address: "127.0.0.1", port: 2525 }] };

const add = (domain: string, more = {}) => addDomain(database.db, author, { domain, ...more });
const alias = (address: string, ...targets: string[]) => setAlias(database.db, author, { address, targets });

test("a domain is added once, in its one form, and changed by saying more", async () => {
  expect((await add("Campus.TEST")).after).toMatchObject({ domain: "campus.test", alias_of: null, catch_all: null, subaddressing: true });
  expect((await add("campus.test")).changed).toBe(false);
  expect((await add("campus.test", { subaddressing: false })).after).toMatchObject({ subaddressing: false });
  expect((await add("campus.test")).changed).toBe(false); // what is not said stays
  expect((await add("bücher.test")).after?.domain).toBe("xn--bcher-kva.test");
  expect((await listDomains(database.db)).map((d) => d.domain)).toEqual(["campus.test", "xn--bcher-kva.test"]);
  expect(await records(database.db, "campus.test")).toMatchObject([{ action: "domain add" }, { action: "domain change" }]);
});

test.each([
  "",
  "campus",
  "campus.test.",
  "@campus.test",
  "a@campus.test",
  "[127.0.0.1]",
  "127.0.0.1",
  "cam pus.test",
  "a\u0000.test",
  `${"a".repeat(64)}.test`,
  `${"a.".repeat(5000)}test`,
])("what cannot be a domain of ours is refused (%#)", async (name) => {
  const refused = await refusal(add(name));
  expect(refused.kind).toBe("badData");
  expect(refused.message.length).toBeLessThan(300);
});

test("a domain alias needs a domain of ours that is another one, and no way round to itself", async () => {
  await add("a.test");
  await add("b.test", { aliasOf: "a.test" });
  expect((await refusal(add("c.test", { aliasOf: "far.test" }))).message).toBe("far.test is not one of our domains");
  expect((await refusal(add("c.test", { aliasOf: "c.test" }))).message).toContain("loop: c.test → c.test");
  expect((await refusal(addDomain(database.db, author, { domain: "a.test", aliasOf: "b.test" }))).message).toContain(
    "loop: a.test → b.test → a.test",
  );
  expect((await addDomain(database.db, author, { domain: "b.test", aliasOf: null })).after?.alias_of).toBeNull();
});

test("a domain alias that would close a loop of addresses is refused, with the loop", async () => {
  await add("a.test");
  await add("b.test");
  await alias("x@a.test", "x@b.test");
  expect((await refusal(addDomain(database.db, author, { domain: "b.test", aliasOf: "a.test" }))).message).toBe(
    "this would make a loop: x@b.test → x@a.test → x@b.test",
  );
  await alias("x@b.test", "x@far.test"); // an entry of its own comes first: no loop any more
  expect((await addDomain(database.db, author, { domain: "b.test", aliasOf: "a.test" })).changed).toBe(true);
});

test("a catch-all must lead somewhere, and not round", async () => {
  await add("a.test");
  expect((await refusal(add("a.test", { catchAll: "all@a.test" }))).message).toContain("is itself unknown");
  await alias("all@a.test", "x@far.test");
  expect((await add("a.test", { catchAll: "All@A.test" })).after?.catch_all).toBe("all@a.test");
  expect((await refusal(alias("all@a.test", "unknown@a.test"))).message).toContain(
    "this would make a loop: all@a.test → unknown@a.test → all@a.test",
  );
  expect((await add("a.test", { catchAll: null })).after?.catch_all).toBeNull();
});

test("removing a domain says what stops working and refuses while there is something", async () => {
  await add("a.test");
  await add("b.test", { aliasOf: "a.test" });
  await add("c.test", { catchAll: "x@a.test" });
  await alias("x@a.test", "x@far.test");
  await alias("y@c.test", "x@a.test");
  await setRoute(database.db, author, "a.test", "mx:", us);
  expect(await domainReach(database.db, "A.test")).toEqual({
    domain: "a.test",
    entries: 1,
    examples: ["x@a.test"],
    alias_domains: ["b.test"],
    pointed_at_by: 1,
    catch_all_of: ["c.test"],
    route: "mx:",
  });
  expect((await refusal(removeDomain(database.db, author, "a.test", false))).message).toBe(
    "a.test still has 1 entry (x@a.test) and the alias domains b.test",
  );
  await removeDomain(database.db, author, "a.test", true);
  expect((await listDomains(database.db)).map((d) => [d.domain, d.alias_of])).toEqual([
    ["b.test", null],
    ["c.test", null],
  ]);
  expect(await records(database.db, "x@a.test")).toMatchObject([
    { action: "alias create" },
    { action: "entry delete with domain", before: { targets: ["x@far.test"] } },
  ]);
  expect((await refusal(removeDomain(database.db, author, "a.test", true))).kind).toBe("notFound");
});

test("a domain with nothing in it goes without force", async () => {
  await add("a.test");
  expect((await removeDomain(database.db, author, "a.test", false)).entries).toBe(0);
  expect(await listDomains(database.db)).toEqual([]);
});

test("routes are set in their one form, kept when they are the same, listed and removed", async () => {
  const set = (domain: string, url: string) => setRoute(database.db, author, domain, url, us);
  expect((await set("MBX.Campus.test", "SMTP://Mx1.campus.test")).after).toEqual({
    domain: "mbx.campus.test",
    url: "smtp://mx1.campus.test:25",
  });
  expect((await set("mbx.campus.test", "smtp://mx1.campus.test:25")).changed).toBe(false);
  expect((await set("mbx.campus.test", "lmtp:///run/dovecot/lmtp")).before?.url).toBe("smtp://mx1.campus.test:25");
  await set("*", "mx:");
  expect((await set("gone.test", "discard:")).warnings.join()).toContain("thrown away");
  expect((await listRoutes(database.db)).map((r) => r.domain)).toEqual(["*", "gone.test", "mbx.campus.test"]);
  expect((await removeRoute(database.db, author, "*")).url).toBe("mx:");
  expect((await refusal(removeRoute(database.db, author, "*"))).kind).toBe("notFound");
  expect(await records(database.db, "mbx.campus.test")).toMatchObject([{ action: "route set" }, { action: "route change" }]);
});

test.each([
  ["smtp://127.0.0.1:2525", us.listeners],
  ["lmtp://127.0.0.1:2525", us.listeners],
  ["smtp://[::ffff:127.0.0.1]:2525", us.listeners],
  ["smtp://localhost:2525", us.listeners],
  ["smtp://Mail.Campus.test:2525", us.listeners],
  ["smtp://127.0.0.1", [{ address: "0.0.0.0", port: 25 }]],
  ["smtp://[::1]:2525", [{ address: "::", port: 2525 }]],
])("a route to our own listener is refused: %s", async (url, listeners) => {
  const refused = await refusal(setRoute(database.db, author, "a.test", url, { ...us, listeners }));
  expect(refused).toMatchObject({ kind: "refused", message: expect.stringContaining("this server's own smtp.listen") });
  expect(await listRoutes(database.db)).toEqual([]);
});

test.each(["smtp://127.0.0.1:2526", "smtp://127.0.0.2:2525", "smtp://mx.far.test:2525", "smtp://localhost"])(
  "a route to somebody else is taken: %s",
  async (url) => {
    expect((await setRoute(database.db, author, "a.test", url, us)).changed).toBe(true);
  },
);

test.each([
  "",
  "smtp:host",
  "smtp://u:p@host",
  "http://host",
  "maildir:../x",
  "smtp://127.1",
  "smtp://host:0",
  "smtp://ho\u0000st",
  `smtp://${"a".repeat(100_000)}`,
])("what is no route is refused, in a short sentence (%#)", async (url) => {
  const refused = await refusal(setRoute(database.db, author, "a.test", url, us));
  expect(refused.kind).toBe("badData");
  expect(refused.message.length).toBeLessThan(600);
});
