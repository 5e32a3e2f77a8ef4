/** Servers that do what slapd never does: Active Directory's ranges of values, empty pages, references, answers cut short, nonsense. */
import { afterEach, expect, test } from "vitest";
import { type Preset, presets } from "../../../src/config/ldap-presets.ts";
import { type LdapSource, openLdapSource } from "../../../src/directory/ldap/open-source.ts";
import type { SourceEntry } from "../../../src/directory/people/source.ts";
import { type FakeAnswer, type FakeEntry, type FakeLdap, startFakeLdap } from "../../support/fake-ldap.ts";
import { mailbox } from "../../support/mailbox.ts";

let server: FakeLdap;
let source: LdapSource;
afterEach(async () => {
  source?.close();
  await server?.close();
});

const BASE = "dc=campus,dc=example";
const user = (n: number): FakeEntry => ({ dn: `CN=U${n},OU=People,${BASE}`, attributes: { mail: [`u${n}@campus.example`] } });
function open(preset: keyof typeof presets, queryTimeout = 400): void {
  const { people, groups }: Preset = presets[preset];
  source = openLdapSource(
    {
      name: "odd",
      urls: [server.url],
      starttls: false,
      ca: null,
      bind: null,
      domains: ["campus.example"],
      people: people === undefined ? null : { ...people, base: BASE, affiliation: null },
      groups: groups === undefined ? null : { ...groups, base: BASE },
      connectTimeout: 1000,
      queryTimeout,
      connections: 2,
    },
    async () => ["campus.example"],
  );
}
async function lookUp(address: string): Promise<SourceEntry | "absent" | "unavailable"> {
  const answer = await source.lookup([mailbox(address)]);
  return answer.kind === "found" ? (answer.value.entries.get(address) ?? "absent") : "unavailable";
}
async function everybody(): Promise<string[]> {
  const all: string[] = [];
  for await (const { address } of source.all()) all.push(address.key);
  return all;
}

/** A directory with one group of `size` users, that gives 1,500 values a time; `spoil` says what comes instead, by the first value. */
function activeDirectory(size: number, spoil: (from: number) => FakeAnswer | null = () => null) {
  const dns = Array.from({ length: size }, (_, i) => user(i).dn);
  return ({ filter, attributes }: { filter: string; attributes: readonly string[] }): FakeAnswer => {
    const asked = attributes.map((name) => /^member;range=([0-9]+)-\*$/i.exec(name)).find((match) => match !== null);
    const range = (from: number): FakeEntry => {
      const end = Math.min(from + 1500, size);
      const name = `member;range=${from}-${end === size ? "*" : end - 1}`;
      return { dn: `CN=Big,${BASE}`, attributes: { mail: ["big@campus.example"], member: [], [name]: dns.slice(from, end) } };
    };
    if (asked) return spoil(Number(asked[1])) ?? { entries: [range(Number(asked[1]))] };
    if (/objectclass=group/i.test(filter)) return filter.includes("big@campus.example") ? { entries: [range(0)] } : {};
    return { entries: [...filter.matchAll(/\((?:cn=U|mail=u)([0-9]+)(?:@campus\.example)?\)/gi)].map(([, n]) => user(Number(n))) };
  };
}

test("Active Directory: 5,000 members in ranges of 1,500", async () => {
  server = await startFakeLdap(activeDirectory(5000));
  open("activeDirectory", 10_000);
  const big = await lookUp("big@campus.example");
  if (typeof big === "string") throw new Error(big);
  expect(new Set(big.targets.map(({ key }) => key)).size).toBe(5000);
  expect(big).toMatchObject({ badTargets: [], oversized: false });
  // the address twice, the other ranges, 200 members each as groups and as people, and the holders of their addresses by two attributes
  expect(server.questions.length).toBe(2 + 3 + 2 * 25 + 50);
});

const big = (name: string, values = ["CN=U1"]): FakeAnswer => ({ entries: [{ dn: `CN=Big,${BASE}`, attributes: { [name]: values } }] });
test.each<[string, FakeAnswer]>([
  ["an error", { status: 51 }],
  ["no entry", {}],
  ["an entry without values", { entries: [{ dn: `CN=Big,${BASE}`, attributes: {} }] }],
  ["the values without their range", big("member")],
  ["a range that was there before", big("member;range=0-1499")],
  ["a range that leaves some out", big("member;range=3001-*")],
  ["a range of another attribute", big("other;range=3000-*")],
  ["a range without an end", big("member;range=3000-")],
  ["an empty range", big("member;range=3000-4499", [])],
  ["a closed connection", { hangUp: true }],
])("a range that is followed by %s is unavailable, not a short list", async (_, answer) => {
  server = await startFakeLdap(activeDirectory(5000, (from) => (from === 3000 ? answer : null)));
  open("activeDirectory");
  expect(await lookUp("big@campus.example")).toBe("unavailable");
});

test("ranges without end are unavailable, after a thousand of them", async () => {
  server = await startFakeLdap(activeDirectory(5000, (from) => big(`member;range=${from}-${from}`)));
  open("activeDirectory");
  expect(await lookUp("big@campus.example")).toBe("unavailable");
  expect(server.questions.length).toBeLessThan(1100);
});

test.each<[string, FakeAnswer]>([
  ["a reference beside the entry", { entries: [user(1)], references: ["ldap://other.example/dc=x"] }],
  ["a reference alone", { references: ["ldap://other.example/dc=x"] }],
  ["a referral", { status: 10 }],
  ["a size limit beside the entry", { entries: [user(1)], status: 4 }],
  ["a time limit", { entries: [user(1)], status: 3 }],
  ["busy", { status: 51 }],
  ["a missing base", { status: 32 }],
  ["a status nobody knows", { status: 99 }],
  ["nonsense", { raw: Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n") }],
  ["half a message, and no more", { raw: Buffer.from([0x30, 0x84, 0x00, 0x00, 0xff, 0xff, 0x02]) }],
  ["a message of four gigabytes", { raw: Buffer.from([0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 0x02]) }],
  ["a length that is none", { raw: Buffer.from([0x30, 0x80, 0x02, 0x01, 0x01]) }],
  [
    "an answer to another question",
    { raw: Buffer.from([0x30, 0x0c, 0x02, 0x01, 0x7f, 0x65, 0x07, 0x0a, 0x01, 0x00, 0x04, 0x00, 0x04, 0x00]) },
  ],
  [
    "the notice of disconnection",
    { raw: Buffer.from([0x30, 0x0c, 0x02, 0x01, 0x00, 0x78, 0x07, 0x0a, 0x01, 0x34, 0x04, 0x00, 0x04, 0x00]) },
  ],
  ["a closed connection", { hangUp: true }],
])("%s is unavailable", async (_, answer) => {
  server = await startFakeLdap(() => answer);
  open("inetOrgPerson");
  const since = performance.now();
  expect(await lookUp("u1@campus.example")).toBe("unavailable");
  expect((await source.authenticate("u1", "x")).kind).toBe("unavailable");
  await expect(everybody()).rejects.toThrow();
  expect(performance.now() - since).toBeLessThan(3000);
});

test("a connection lost once is not noticed", async () => {
  server = await startFakeLdap((_, count) => (count === 1 ? { hangUp: true } : { entries: [user(1)] }));
  open("inetOrgPerson");
  expect(await lookUp("u1@campus.example")).toMatchObject({ kind: "person" });
});

test("an entry that was not asked for, and one whose address only looks like it, are nobody's", async () => {
  const looks = ["u2@campus.example ", "u2 @campus.example", Buffer.from([0x75, 0x32, 0xff, 0x40])];
  server = await startFakeLdap(() => ({ entries: [user(1), { dn: `CN=Odd,${BASE}`, attributes: { mail: looks } }] }));
  open("inetOrgPerson");
  expect(await lookUp("u2@campus.example")).toBe("absent");
});

test("pages: an empty one is not the last one", async () => {
  const pages: readonly FakeAnswer[] = [{ entries: [user(1)], cookie: "a" }, { cookie: "b" }, { entries: [user(2)], cookie: "" }];
  server = await startFakeLdap((_, count) => pages[count - 1] ?? { status: 53 });
  open("inetOrgPerson");
  expect(await everybody()).toEqual(["u1@campus.example", "u2@campus.example"]);
  expect(server.questions.map(({ cookie }) => cookie)).toEqual(["", "a", "b"]);
});

test("empty pages without end throw", async () => {
  server = await startFakeLdap((_, count) => ({ cookie: `c${count}` }));
  open("inetOrgPerson", 2000);
  await expect(everybody()).rejects.toThrow("1000 empty pages");
});

test.each<[string, FakeAnswer]>([
  ["an error", { status: 4 }],
  ["a reference", { references: ["ldap://other.example/"], cookie: "" }],
  ["no control", { entries: [user(2)] }],
  ["a closed connection", { hangUp: true }],
])("pages that end in %s throw", async (_, last) => {
  server = await startFakeLdap((__, count) => (count === 1 ? { entries: [user(1)], cookie: "a" } : last));
  open("inetOrgPerson");
  await expect(everybody()).rejects.toThrow();
});
