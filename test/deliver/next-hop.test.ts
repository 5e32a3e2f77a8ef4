import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { systemEdges } from "../../src/deliver/edges.ts";
import { createNextHops, type NextHops, type Whereabouts } from "../../src/deliver/next-hop.ts";
import { type DelivererSettings, delivererDefaults } from "../../src/deliver/settings.ts";
import type { Route } from "../../src/directory/directory.ts";
import { type DnsServer, startDnsServer, type Zone } from "../support/dns-server.ts";

const mx: Route = { kind: "mx", url: "mx:" };
const zone: Zone = {
  "one.test": { MX: [[10, "mx.one.test"]] },
  "mx.one.test": { A: ["192.0.2.1"], AAAA: ["2001:db8::1"] },
  "two.test": {
    MX: [
      [20, "late.two.test"],
      [10, "a.two.test"],
      [10, "b.two.test"],
    ],
  },
  "a.two.test": { A: ["198.51.100.1"] },
  "b.two.test": { A: ["198.51.100.2"] },
  "late.two.test": { A: ["198.51.100.9"] },
  "implicit.test": { A: ["203.0.113.5"], AAAA: ["2001:db8::5"] },
  "null.test": { MX: [[0, "."]], A: ["203.0.113.6"] },
  "half-null.test": {
    MX: [
      [0, "."],
      [10, "mx.one.test"],
    ],
  },
  "nowhere.test": { MX: [[10, "gone.test"]], A: ["203.0.113.7"] },
  "bare.test": {},
  "broken.test": "SERVFAIL",
  "broken-mx.test": { MX: [[10, "broken.test"]] },
  "half-broken.test": {
    MX: [
      [10, "broken.test"],
      [20, "mx.one.test"],
    ],
  },
  "behind-us.test": {
    MX: [
      [5, "mx.one.test"],
      [10, "Mailroom.Test"],
      [10, "a.two.test"],
      [20, "b.two.test"],
    ],
  },
  "only-us.test": {
    MX: [
      [10, "mailroom.test"],
      [20, "b.two.test"],
    ],
  },
  "mailroom.test": { A: ["203.0.113.99"] },
  "big.test": { truncated: { MX: [[10, "mx.one.test"]] } },
  "alias.test": { CNAME: "one.test" },
  "many.test": { MX: Array.from({ length: 30 }, (_, i) => [i, `mx${i}.many.test`] as const) },
  ...Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`mx${i}.many.test`, { A: [`203.0.113.${100 + i}`] }])),
};

let dns: DnsServer;
beforeEach(async () => {
  dns = await startDnsServer({ ...zone });
});
afterEach(() => dns.close());

// The documentation ranges are reserved, so they are allowed here by name, as a campus would allow its own.
const documentation = ["192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32"];
const nextHops = (settings: Partial<DelivererSettings> = {}): NextHops =>
  createNextHops(systemEdges([dns.address]), {
    ...delivererDefaults,
    allowedNetworks: documentation,
    hostname: "mailroom.test",
    retry: [60],
    ...settings,
  });

const relays = (where: Whereabouts): string[] =>
  where.kind === "hosts" ? where.hosts.map((host) => host.relay) : [where.reply.enhancedStatus];
const verdict = (where: Whereabouts): string =>
  where.kind === "hosts" ? "hosts" : `${where.kind} ${where.scope} ${where.reply.code} ${where.reply.enhancedStatus}`;

describe("by MX", () => {
  test("hosts come by preference, IPv4 first, shuffled within one preference", async () => {
    const hops = nextHops();
    expect(relays(await hops.hostsOf(mx, "one.test"))).toEqual(["mx.one.test[192.0.2.1]:25", "mx.one.test[2001:db8::1]:25"]);
    const orders = new Set<string>();
    for (let i = 0; i < 60; i++) {
      const all = relays(await hops.hostsOf(mx, "two.test"));
      expect(all[2]).toBe("late.two.test[198.51.100.9]:25");
      orders.add(all.slice(0, 2).sort().join() === all.slice(0, 2).join() ? "ab" : "ba");
    }
    expect(orders.size).toBe(2);
    expect(dns.questions.filter((question) => question === "MX two.test")).toHaveLength(1); // the rest came from the cache
  });

  test.each([
    ["implicit.test", ["implicit.test[203.0.113.5]:25", "implicit.test[2001:db8::5]:25"]], // no MX: the domain itself
    ["half-null.test", ["mx.one.test[192.0.2.1]:25", "mx.one.test[2001:db8::1]:25"]],
    ["half-broken.test", ["mx.one.test[192.0.2.1]:25", "mx.one.test[2001:db8::1]:25"]],
    ["behind-us.test", ["mx.one.test[192.0.2.1]:25", "mx.one.test[2001:db8::1]:25"]], // at and behind our preference: left out
    ["big.test", ["mx.one.test[192.0.2.1]:25", "mx.one.test[2001:db8::1]:25"]], // truncated, asked again over TCP
    ["alias.test", ["mx.one.test[192.0.2.1]:25", "mx.one.test[2001:db8::1]:25"]],
    ["[192.0.2.77]", ["192.0.2.77[192.0.2.77]:25"]],
    ["[IPv6:2001:db8::77]", ["2001:db8::77[2001:db8::77]:25"]],
  ])("%s leads to %j", async (domain, expected) => expect(relays(await nextHops().hostsOf(mx, domain))).toEqual(expected));

  test.each([
    ["no-such.test", "failed recipient 550 5.4.4"],
    ["bare.test", "failed recipient 550 5.4.4"],
    ["null.test", "failed recipient 556 5.1.10"], // RFC 7505: its A record counts for nothing
    ["nowhere.test", "failed recipient 550 5.4.4"], // it has an MX, so its own address counts for nothing
    ["only-us.test", "failed recipient 554 5.4.6"],
    ["mailroom.test", "failed recipient 554 5.4.6"],
    ["broken.test", "deferred host 451 4.4.3"],
    ["broken-mx.test", "deferred host 451 4.4.3"],
  ])("%s: %s", async (domain, expected) => expect(verdict(await nextHops().hostsOf(mx, domain))).toBe(expected));

  test("of thirty hosts ten are tried", async () => {
    expect(relays(await nextHops().hostsOf(mx, "many.test"))).toHaveLength(10);
  });

  test("trouble is asked again, an answer is not", async () => {
    const hops = nextHops();
    await hops.hostsOf(mx, "broken.test");
    dns.zone = { ...zone, "broken.test": { MX: [[1, "mx.one.test"]] } };
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(verdict(await hops.hostsOf(mx, "broken.test"))).toBe("hosts");
    dns.zone = {};
    expect(verdict(await hops.hostsOf(mx, "broken.test"))).toBe("hosts");
    hops.forget(mx, "broken.test");
    expect(verdict(await hops.hostsOf(mx, "broken.test"))).toBe("failed recipient 550 5.4.4");
  });

  test("a resolver that is down is our trouble: nothing counts towards expiry", async () => {
    await dns.close();
    const hops = nextHops();
    expect(verdict(await hops.hostsOf(mx, "one.test"))).toBe("deferred local 451 4.4.3");
    dns = await startDnsServer(zone);
  });
});

describe("addresses from outside", () => {
  const inside = [
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "255.255.255.255",
    "224.0.0.1",
    "240.0.0.1",
  ];
  const inside6 = [
    "::1",
    "::",
    "fe80::1",
    "fc00::1",
    "fd12::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a00:1",
    "2002:7f00:1::",
    "2001::1",
  ];

  test.each([...inside.map((a) => ["A", a] as const), ...inside6.map((a) => ["AAAA", a] as const)])(
    "an MX at %s %s is not connected to",
    async (type, address) => {
      dns.zone = {
        "evil.test": { MX: [[10, "mx.evil.test"]] },
        "mx.evil.test": { [type]: [address] },
        "direct.test": { [type]: [address] },
      };
      const hops = nextHops();
      expect(verdict(await hops.hostsOf(mx, "evil.test"))).toBe("deferred host 450 4.4.4");
      expect(verdict(await hops.hostsOf(mx, "direct.test"))).toBe("deferred host 450 4.4.4");
      expect(verdict(await hops.hostsOf(mx, type === "A" ? `[${address}]` : `[IPv6:${address}]`))).toBe("deferred host 450 4.4.4");
    },
  );

  test.each(["0x7f.1", "2130706433", "127.1", "017700000001", "localhost"])("a literal or exchange %s reaches nothing", async (name) => {
    dns.zone = { "evil.test": { MX: [[10, name]] } };
    const hops = nextHops();
    for (const domain of ["evil.test", `[${name}]`]) {
      const where = await hops.hostsOf(mx, domain);
      expect(where.kind).not.toBe("hosts");
    }
  });

  test("public addresses among forbidden ones are used, the others are not", async () => {
    dns.zone = { "mixed.test": { A: ["127.0.0.1", "192.0.2.9", "10.0.0.1"] } };
    expect(relays(await nextHops().hostsOf(mx, "mixed.test"))).toEqual(["mixed.test[192.0.2.9]:25"]);
    expect(verdict(await nextHops({ allowedNetworks: [] }).hostsOf(mx, "mixed.test"))).toBe("deferred host 450 4.4.4");
  });

  test("NAT64 and mapped forms are judged by the address inside", async () => {
    dns.zone = { "nat64.test": { AAAA: ["64:ff9b::c000:221"] }, "mapped.test": { AAAA: ["::ffff:192.0.2.33"] } };
    expect(verdict(await nextHops().hostsOf(mx, "nat64.test"))).toBe("hosts");
    expect(verdict(await nextHops().hostsOf(mx, "mapped.test"))).toBe("hosts");
  });

  test("our own listener is nobody's MX", async () => {
    dns.zone = { "loop.test": { MX: [[10, "mx.loop.test"]] }, "mx.loop.test": { A: ["192.0.2.50"] }, "lo.test": { A: ["127.0.0.1"] } };
    const settings = { ownListeners: [{ address: "192.0.2.50", port: 25 }] };
    expect(verdict(await nextHops(settings).hostsOf(mx, "loop.test"))).toBe("failed recipient 554 5.4.6");
    const everywhere = { ownListeners: [{ address: "0.0.0.0", port: 25 }], allowedNetworks: ["127.0.0.0/8"] };
    expect(verdict(await nextHops(everywhere).hostsOf(mx, "lo.test"))).toBe("failed recipient 554 5.4.6");
    expect(verdict(await nextHops({ ...everywhere, mxPort: 26 }).hostsOf(mx, "lo.test"))).toBe("hosts");
  });
});

describe("by a configured route", () => {
  const to = (host: string, port = 2525): Route => ({ kind: "smtp", host, port, url: `smtp://${host}:${port}` });

  test("any address may be named, and names are looked up in DNS", async () => {
    dns.zone = { "inner.test": { A: ["10.0.0.5"], AAAA: ["fd00::5"] } };
    const hops = nextHops();
    expect(relays(await hops.hostsOf(to("inner.test"), "x.test"))).toEqual(["inner.test[10.0.0.5]:2525", "inner.test[fd00::5]:2525"]);
    expect(relays(await hops.hostsOf(to("127.0.0.1"), "x.test"))).toEqual(["127.0.0.1[127.0.0.1]:2525"]);
    expect(relays(await hops.hostsOf(to("[::1]"), "x.test"))).toEqual(["::1[::1]:2525"]);
    expect(relays(await hops.hostsOf(to("localhost"), "x.test"))).toEqual(["localhost[127.0.0.1]:2525", "localhost[::1]:2525"]);
    expect(dns.questions).toEqual(["A inner.test", "AAAA inner.test"]);
  });

  test("a host that is not there, or is ourselves, keeps the mail", async () => {
    const hops = nextHops({ ownListeners: [{ address: "127.0.0.1", port: 2525 }] });
    expect(verdict(await hops.hostsOf(to("no-such.test"), "x.test"))).toBe("deferred local 451 4.4.4");
    expect(verdict(await hops.hostsOf(to("broken.test"), "x.test"))).toBe("deferred local 451 4.4.3");
    expect(verdict(await hops.hostsOf(to("localhost"), "x.test"))).toBe("hosts"); // ::1 is left: only 127.0.0.1 is ours
    expect(verdict(await hops.hostsOf(to("127.0.0.1"), "x.test"))).toBe("deferred local 451 4.4.6");
  });

  test("a Unix socket is its path", async () => {
    const where = await nextHops().hostsOf({ kind: "lmtpSocket", path: "/run/lmtp", url: "lmtp:/run/lmtp" }, "x.test");
    expect(where).toMatchObject({ kind: "hosts", hosts: [{ target: { path: "/run/lmtp" } }] });
  });
});
