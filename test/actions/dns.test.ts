import { Resolver } from "node:dns/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { en } from "../../admin-ui/src/i18n/en.ts";
import { checkDns, type DnsFinding, reverseName } from "../../src/actions/dns/check.ts";
import { spfResult } from "../../src/actions/dns/spf.ts";
import { type DnsServer, startDnsServer, type Zone } from "../support/dns-server.ts";

const HOST = "mail.campus.test";
const good: Zone = {
  [HOST]: { A: ["192.0.2.25"], AAAA: ["2001:db8::25"] },
  [reverseName("192.0.2.25")]: { PTR: [HOST] },
  [reverseName("2001:db8::25")]: { PTR: [HOST] },
  "campus.test": { MX: [[10, HOST]], TXT: ["something=else", `v=spf1 a:${HOST} -all`] },
  "_domainkey.campus.test": {},
  "s2026._domainkey.campus.test": { TXT: ["v=DKIM1; k=rsa; p=MIIBIjANBg"] },
  "_dmarc.campus.test": { TXT: ["v=DMARC1; p=reject; rua=mailto:d@campus.test"] },
  "_mta-sts.campus.test": { TXT: ["v=STSv1; id=20260101;"] },
  "_smtp._tls.campus.test": { TXT: ["v=TLSRPTv1; rua=mailto:t@campus.test"] },
};

let dns: DnsServer;
let resolver: Resolver;
beforeEach(async () => {
  dns = await startDnsServer({ ...good });
  resolver = new Resolver({ timeout: 300, tries: 1 });
  resolver.setServers([dns.address]);
});
afterEach(() => dns.close());

async function check(zone: Zone, domain = "campus.test", selectors: readonly string[] = ["s2026"]) {
  dns.zone = zone;
  const findings = await checkDns(resolver, { domain, hostname: HOST, selectors });
  for (const { record, code } of findings) {
    const key = code === "unavailable" ? "domains.dns.code.unavailable" : `domains.dns.code.${record}.${code}`;
    expect(en, `the panel has words for ${key}`).toHaveProperty([key]);
  }
  return Object.fromEntries(findings.map((finding) => [finding.record, finding])) as Record<DnsFinding["record"], DnsFinding>;
}
const verdicts = (found: Record<DnsFinding["record"], DnsFinding>) =>
  Object.fromEntries(Object.entries(found).map(([key, { state, code }]) => [key, `${state} ${code}`])) as Record<
    DnsFinding["record"],
    string
  >;

test("a domain with everything in place is good in everything, and nothing is to be published", async () => {
  const found = await check(good);
  expect(verdicts(found)).toEqual({
    mx: "good ours",
    spf: "good covers-us",
    dkim: "good found",
    dmarc: "good enforced",
    ptr: "good confirmed",
    "mta-sts": "good announced",
    "tls-rpt": "good announced",
  });
  expect(Object.values(found).every(({ publish }) => publish === null)).toBe(true);
});

test("a domain that is not there lacks everything, and each record that is ours to say comes ready to publish", async () => {
  const found = await check(good, "new.test");
  expect(verdicts(found)).toMatchObject({
    mx: "bad none",
    spf: "bad none",
    dkim: "warn none",
    dmarc: "bad none",
    "mta-sts": "warn none",
    "tls-rpt": "warn none",
  });
  expect(found.mx.publish).toEqual({ name: "new.test", type: "MX", value: `10 ${HOST}.` });
  expect(found.spf.publish?.value).toContain(`a:${HOST}`);
  expect(found.dmarc.publish?.name).toBe("_dmarc.new.test");
});

test("DNS trouble is never told as absence", async () => {
  const broken = Object.fromEntries(
    ["campus.test", HOST, "_domainkey.campus.test", "_dmarc.campus.test", "_mta-sts.campus.test", "_smtp._tls.campus.test"].map((name) => [
      name,
      "SERVFAIL" as const,
    ]),
  );
  const found = await check(broken);
  expect(new Set(Object.values(found).map(({ state }) => state))).toEqual(new Set(["unknown"]));
  expect(new Set(Object.values(found).map(({ code }) => code))).toEqual(new Set(["unavailable"]));
});

describe("MX", () => {
  test.each([
    ["another server's", { MX: [[10, "mx.other.test"]] }, "bad elsewhere"],
    [
      "ours and another's",
      {
        MX: [
          [10, HOST],
          [20, "mx.other.test"],
        ],
      },
      "warn ours-and-others",
    ],
    ["null", { MX: [[0, "."]] }, "bad null-mx"],
    ["none, but an address", { A: ["192.0.2.1"] }, "warn none-but-address"],
  ] as const)("%s", async (_, records, verdict) => {
    expect(verdicts(await check({ ...good, "campus.test": records })).mx).toBe(verdict);
  });

  test("our name has no address", async () => {
    const { [HOST]: _, ...rest } = good;
    expect(verdicts(await check(rest))).toMatchObject({ mx: "bad host-without-address", ptr: "bad no-address", spf: "warn no-address" });
  });
});

describe("SPF", () => {
  test.each([
    ["v=spf1 -all", "bad not-us"],
    ["v=spf1 ip4:192.0.2.0/24 -all", "bad not-us"], // the IPv6 address is not covered
    ["v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 ~all", "good covers-us"],
    ["v=spf1 mx -all", "good covers-us"],
    ["v=spf1 +all", "bad everybody"],
    ["v=spf1 all", "bad everybody"],
    ["v=spf1 exists:%{i}.x.test -all", "warn unclear"],
    ["v=spf1 ip4:not-an-address -all", "bad broken"],
    ["v=spf1 nonsense:x -all", "bad broken"],
    ["v=spf1 include:none.test -all", "bad broken"],
    ["v=spf1 include:loop.test -all", "bad broken"],
    ["v=spf1 include:down.test -all", "unknown unavailable"],
    ["v=spf1 include:fine.test -all", "good covers-us"],
    ["v=spf1 redirect=fine.test", "good covers-us"],
  ])("%s", async (record, verdict) => {
    const zone: Zone = {
      ...good,
      "campus.test": { MX: [[10, HOST]], TXT: [record] },
      "loop.test": { TXT: ["v=spf1 include:loop.test -all"] },
      "fine.test": { TXT: [`v=spf1 a:${HOST} -all`] },
      "down.test": "SERVFAIL",
    };
    expect(verdicts(await check(zone)).spf).toBe(verdict);
  });

  test("two records are none", async () => {
    expect(verdicts(await check({ ...good, "campus.test": { TXT: ["v=spf1 -all", "v=spf1 mx -all"] } })).spf).toBe("bad several");
  });

  test("a qualifier decides when its term matches", async () => {
    const result = (record: string) => spfResult(resolver, "campus.test", record, "192.0.2.25");
    expect(await result("v=spf1 ?a:mail.campus.test -all")).toBe("neutral");
    expect(await result("v=spf1 ~all")).toBe("softfail");
    expect(await result("v=spf1 a:mail.campus.test/24 -all")).toBe("pass");
    expect(await result("v=spf1")).toBe("neutral");
  });
});

test("DKIM: no key at all, keys under a selector nobody knows, and revoked ones are told apart", async () => {
  const { "_domainkey.campus.test": _, "s2026._domainkey.campus.test": __, ...bare } = good;
  expect(verdicts(await check(bare)).dkim).toBe("warn none");
  expect(verdicts(await check(good, "campus.test", [])).dkim).toBe("warn selector-unknown");
  expect(verdicts(await check({ ...good, "s2026._domainkey.campus.test": { TXT: ["v=DKIM1; p="] } })).dkim).toBe("warn revoked");
});

test("DMARC: the policy of the domain above holds, by sp= before p=", async () => {
  const above = (text: string): Zone => ({ ...good, "_dmarc.campus.test": { TXT: [text] } });
  expect(verdicts(await check(above("v=DMARC1; p=reject"), "cs.campus.test")).dmarc).toBe("good enforced");
  expect(verdicts(await check(above("v=DMARC1; p=reject; sp=none"), "cs.campus.test")).dmarc).toBe("warn watching");
  expect(verdicts(await check(above("v=DMARC1; p=none"))).dmarc).toBe("warn watching");
  expect(verdicts(await check(above("v=DMARC1; rua=mailto:x@y.test"))).dmarc).toBe("bad broken");
});

test("PTR: the worst of our addresses counts, and a name must lead back", async () => {
  const at = reverseName("192.0.2.25");
  expect(verdicts(await check({ ...good, [at]: {} })).ptr).toBe("bad none");
  expect(verdicts(await check({ ...good, [at]: { PTR: ["liar.test"] }, "liar.test": { A: ["203.0.113.1"] } })).ptr).toBe(
    "bad not-confirmed",
  );
  const other = await check({ ...good, [at]: { PTR: ["out.campus.test"] }, "out.campus.test": { A: ["192.0.2.25"] } });
  expect(other.ptr).toMatchObject({ state: "warn", code: "other-name", publish: { name: at, type: "PTR", value: `${HOST}.` } });
});

test("names of addresses", () => {
  expect(reverseName("192.0.2.25")).toBe("25.2.0.192.in-addr.arpa");
  expect(reverseName("2001:db8::25")).toBe("5.2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
});
