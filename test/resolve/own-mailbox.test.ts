/** People whose mailbox is the very address: no loop, where a route says what keeps it, and mail that waits where none does. */
import { expect, it } from "vitest";
import type { Directory, Domain, Entry } from "../../src/directory/directory.ts";
import { absent, found } from "../../src/mail/lookup.ts";
import { explain } from "../../src/resolve/explain.ts";
import { explainText } from "../../src/resolve/explain-text.ts";
import { LIMITS } from "../../src/resolve/limits.ts";
import { openResolve } from "../../src/resolve/resolve.ts";
import { mailbox } from "../support/mailbox.ts";

const person = (address: string, ...targets: readonly string[]): Entry => ({
  address: mailbox(address),
  kind: "person",
  owner: null,
  expiresAt: null,
  posting: null,
  list: null,
  targets: targets.map(mailbox),
  badTargets: [],
  oversized: false,
  ldap: { source: "campus", dn: `uid=${address}`, answeredAt: new Date(), stale: null, shadowed: [], affiliation: null },
});
const ENTRIES: readonly Entry[] = [
  person("ann@campus.test", "Ann@campus.test"),
  person("ann.smith@campus.test", "ann@campus.test"),
  person("bob@campus.test", "bob@campus.test", "bob@far.test"),
  { ...person("all@campus.test", "ann@campus.test", "ann.smith@campus.test", "bob@campus.test", "ann@far.test"), kind: "group" },
  { ...person("knot@campus.test", "knot@campus.test"), kind: "alias" },
];

function directory(isRouted: boolean): Directory {
  const domain: Domain = { domain: "campus.test", aliasOf: null, catchAll: null, subaddressing: true, isRouted };
  const among = (kinds: readonly string[], addresses: readonly { key: string }[]) =>
    new Map(
      ENTRIES.filter((one) => kinds.includes(one.kind) && addresses.some(({ key }) => key === one.address.key)).map((one) => [
        one.address.key,
        one,
      ]),
    );
  return {
    domain: async () => absent,
    domains: async () => found(new Map([[domain.domain, domain]])),
    entries: async (addresses) => found(among(["alias"], addresses)),
    people: async (addresses) => ({ byKey: among(["person", "group"], addresses), unavailable: new Map(), freshUntil: 0 }),
    route: async (name) =>
      found(
        name === "campus.test" && isRouted
          ? { kind: "lmtp", host: "mbx.test", port: 24, url: "lmtp://mbx.test:24" }
          : { kind: "mx", url: "mx:" },
      ),
    forwarding: async () => found({ forbidden: new Set<string>(), routed: new Set<string>() }),
    generation: () => null,
    close: async () => undefined,
  };
}

async function outcome(address: string, isRouted: boolean): Promise<string> {
  const answer = await openResolve(directory(isRouted), { limits: LIMITS })(mailbox(address), null);
  return answer.kind === "expanded" ? answer.recipients.map((one) => one.mailbox.key).join(" ") : answer.kind;
}

it.each([
  ["ann@campus.test", "ann@campus.test"],
  ["ann+tag@campus.test", "ann@campus.test"],
  ["ann.smith@campus.test", "ann@campus.test"],
  ["bob@campus.test", "bob@campus.test bob@far.test"],
  ["all@campus.test", "ann@far.test ann@campus.test bob@campus.test bob@far.test"],
  ["knot@campus.test", "onlyItself"], // an alias is no mailbox
  ["nobody@campus.test", "absent"],
])("with a route %s is delivered to %s", async (address, expected) => {
  expect(await outcome(address, true)).toBe(expected);
});

it.each([
  ["ann@campus.test", "unavailable"],
  ["all@campus.test", "unavailable"], // never half a group
  ["bob@campus.test", "unavailable"],
  ["knot@campus.test", "onlyItself"],
  ["nobody@campus.test", "absent"],
])("without a route %s is %s", async (address, expected) => {
  expect(await outcome(address, false)).toBe(expected);
});

it("explain says where it goes, or what is missing", async () => {
  const said = async (isRouted: boolean) =>
    explainText(await explain(directory(isRouted), mailbox("ann.smith@campus.test"), undefined, { limits: LIMITS, postmaster: null }));
  expect(await said(true)).toMatch(
    /ann@campus\.test {2}<-- mailbox of the person; person in campus.*\n.*ann@campus\.test {2}<-- mailbox of the person {2}ok, lmtp:\/\/mbx\.test:24/,
  );
  expect(await said(false)).toMatch(
    /LOOKUP FAILED.*ann@campus\.test is kept at campus\.test, which has no route that says where: mailroom route set campus\.test URL.*; mail would wait \(451\)/,
  );
});
