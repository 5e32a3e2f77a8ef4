import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { SettingType } from "../../src/config/setting.ts";
import { dnsServers, listen, networks } from "../../src/config/types/addresses.ts";
import { duration, durations, integer, oneOf, share, size, someOf } from "../../src/config/types/measures.ts";
import { databaseUrl, hostname, mailbox, path } from "../../src/config/types/names.ts";

/** The value, or the sentence about what is wrong. */
function read(type: SettingType<unknown>, text: string | readonly string[]): unknown {
  const result = type.schema.safeParse(text);
  return result.success ? result.data : result.error.issues.map((issue) => issue.message).join("\n");
}

/** One below the least, the least, the most, one above: a range is tested where it ends. */
function rangeEnds(type: SettingType<number>, below: string, least: [string, number], most: [string, number], above: string): void {
  expect(read(type, below)).toBe(`"${below}" is out of range`);
  expect(read(type, least[0])).toBe(least[1]);
  expect(read(type, most[0])).toBe(most[1]);
  expect(read(type, above)).toBe(`"${above}" is out of range`);
}

describe("duration", () => {
  test("ends of the range", () => rangeEnds(duration("1s", "10m"), "999ms", ["1s", 1000], ["10m", 600_000], "600001ms"));

  test("units", () => {
    const any = duration("0s", "3650d");
    expect(["5ms", "5s", "5m", "5h", "5d", "5 d"].map((text) => read(any, text))).toEqual([
      5, 5000, 300_000, 18_000_000, 432_000_000, 432_000_000,
    ]);
  });

  test.each([
    "",
    "5",
    "s",
    "5S",
    "5 M",
    "-5s",
    "+5s",
    "5.5s",
    "5s5",
    "1h30m",
    "5  s",
    "٥s",
    "0x5s",
    "1e3s",
    "9999999999d",
    "5s\n",
    "Infinity",
  ])("%j is none", (text) => {
    expect(read(duration("0s", "3650d"), text)).toMatch(/is not a duration$/);
  });

  test("what is shown is read again as the same", () => {
    const any = duration("0s", "3650d");
    fc.assert(fc.property(fc.integer({ min: 0, max: 3650 * 86_400_000 }), (ms) => read(any, any.show(ms)) === ms || ms > 999_999_999));
  });

  test("a list has at least one, and each is checked", () => {
    const retry = durations("1s", "7d");
    expect(read(retry, ["1m", "5m"])).toEqual([60_000, 300_000]);
    expect(read(retry, [])).toBe("is empty");
    expect(read(retry, ["1m", "8d", "x"])).toBe('"8d" is out of range\n"x" is not a duration');
    expect(retry.show([60_000, 5_400_000])).toBe("1m,90m");
  });
});

describe("size", () => {
  test("ends of the range", () => rangeEnds(size("64 KiB", "1 MiB"), "65535", ["65536", 65_536], ["1 MiB", 1_048_576], "1048577 B"));

  test("units", () => {
    const any = size("0 B", "1000 GiB");
    const texts = ["3", "3 B", "3kB", "3 MB", "3GB", "3 KiB", "3MiB", "3 GiB"];
    expect(texts.map((text) => read(any, text))).toEqual([3, 3, 3e3, 3e6, 3e9, 3072, 3_145_728, 3_221_225_472]);
  });

  test.each(["", "MiB", "50M", "50 mib", "50 Mib", "1.5 GiB", "-1", "1,000", "1_000", "0x10", "1e6", "9999999999999"])(
    "%j is none",
    (text) => {
      expect(read(size("0 B", "1000 GiB"), text)).toMatch(/is not a size$/);
    },
  );

  test("what is shown is read again as the same", () => {
    const any = size("0 B", "1000 GiB");
    fc.assert(fc.property(fc.integer({ min: 0, max: 999_999_999_999 }), (octets) => read(any, any.show(octets)) === octets));
  });
});

describe("numbers, shares, words", () => {
  test("ends of the ranges", () => {
    rangeEnds(integer(1, 256), "0", ["1", 1], ["256", 256], "257");
    rangeEnds(share(1, 50), "0%", ["1%", 0.01], ["50%", 0.5], "51%");
  });

  test.each(["", "-1", "1.0", "1e1", "0x1", "١", " 1", "1 ", "1\n", "9".repeat(400)])("%j is no whole number", (text) => {
    expect(read(integer(0, 10), text)).toMatch(/is not a whole number$/);
  });

  test("a word is one of those listed, exactly", () => {
    expect(read(oneOf("info", "warn"), "warn")).toBe("warn");
    for (const text of ["Warn", "warn ", "", "constructor", "__proto__"])
      expect(read(oneOf("info", "warn"), text)).toMatch(/is not known here$/);
    expect(read(someOf("a", "b"), ["b", "a"])).toEqual(["b", "a"]);
    expect(read(someOf("a", "b"), [])).toBe("is empty");
    expect(read(someOf("a", "b"), ["a", "b", "a"])).toBe('names "a" twice');
  });
});

describe("addresses", () => {
  test("listen", () => {
    expect(read(listen, ["127.0.0.1:2525", "[::1]:0"])).toEqual([
      { host: "127.0.0.1", port: 2525 },
      { host: "::1", port: 0 },
    ]);
    expect(read(listen, ["off"])).toEqual([]);
    expect(read(listen, ["127.0.0.1:65535"])).toEqual([{ host: "127.0.0.1", port: 65_535 }]);
    expect(read(listen, ["127.0.0.1:65536"])).toBe('"127.0.0.1:65536" has a port beyond 65535');
    expect(read(listen, ["127.0.0.1:0", "127.0.0.1:0"])).toHaveLength(2); // two free ports
    expect(listen.show([{ host: "::1", port: 25 }])).toBe("[::1]:25");
    expect(listen.show([])).toBe("off");
  });

  test.each([
    "2525",
    ":2525",
    "localhost:2525",
    "::1:2525",
    "[::1]",
    "127.1:25",
    "0x7f000001:25",
    "2130706433:25",
    "127.0.0.1:",
    "127.0.0.1:-1",
    "127.0.0.1:25 ",
    "１２７.0.0.1:25",
    "/run/smtp.sock",
    "[fe80::1:25",
  ])("%j is no place to listen", (text) => expect(read(listen, [text])).toEqual(expect.stringContaining(JSON.stringify(text))));

  test("networks", () => {
    expect(read(networks, ["192.0.2.0/24", "192.0.2.7", "2001:DB8::/32", "::1"])).toEqual([
      { address: "192.0.2.0", prefix: 24, family: "ipv4" },
      { address: "192.0.2.7", prefix: 32, family: "ipv4" },
      { address: "2001:db8::", prefix: 32, family: "ipv6" },
      { address: "::1", prefix: 128, family: "ipv6" },
    ]);
    expect(read(networks, [])).toEqual([]);
    for (const [bits, address] of [
      [32, "192.0.2.0"],
      [128, "2001:db8::"],
    ] as const) {
      expect(read(networks, [`${address}/${bits}`])).toEqual([expect.objectContaining({ prefix: bits })]);
      expect(read(networks, [`${address}/${bits + 1}`])).toBe(`"${address}/${bits + 1}" has a prefix beyond ${bits}`);
    }
  });

  test.each([
    "",
    "192.0.2",
    "192.0.2.0/",
    "192.0.2.0/2 4",
    "192.0.2.0/024",
    "0300.0.2.0/24",
    "192.0.2.256",
    "192.0.2.1/24",
    "::ffff:192.0.2.0/120",
    "fe80::%1/64",
    "*",
    "all",
  ])("%j is no network", (text) => expect(read(networks, [text])).toEqual(expect.stringContaining(JSON.stringify(text))));

  test("DNS servers", () => {
    const good = ["192.0.2.53", "192.0.2.53:5353", "[2001:db8::53]:5353", "192.0.2.53:65535"];
    expect(read(dnsServers, good)).toEqual(good);
    for (const bad of ["dns", "192.0.2.53:0", "192.0.2.53:65536", "", "192.0.2.53:"])
      expect(read(dnsServers, [bad])).toMatch(/is not the address of a server$/);
  });
});

describe("names", () => {
  test("host names become A-labels in lower case", () => {
    expect(read(hostname, "Mail.Campus.Example")).toBe("mail.campus.example");
    expect(read(hostname, "müller.example")).toBe("xn--mller-kva.example");
    for (const bad of ["", ".", "a..b", "-a.example", "a b", "[192.0.2.1]", "192.0.2.1", "a@b", "a.example.", "a\r\nb", "x".repeat(64)]) {
      expect(read(hostname, bad), bad).toMatch(/is not a host name$|is an address, not a name$/);
    }
  });

  test("the length of a label and of a name", () => {
    expect(read(hostname, `${"a".repeat(63)}.example`)).toBe(`${"a".repeat(63)}.example`);
    expect(read(hostname, `${"a".repeat(64)}.example`)).toMatch(/is not a host name$/);
    expect(read(hostname, `${"a.".repeat(150)}example`)).toMatch(/is not a host name$/);
  });

  test("a mailbox goes through the one address function", () => {
    expect(read(mailbox, "IT@Campus.Example")).toMatchObject({ domain: "campus.example" });
    for (const bad of ["it", "@campus.example", "it@", "a@b@c", "it@campus.example>", "it\0@campus.example"])
      expect(read(mailbox, bad), bad).toMatch(/is not a mailbox/);
  });

  test("a path is made absolute, and must be plain", () => {
    expect(path.within?.("data", "/srv/mailroom")).toBe("/srv/mailroom/data");
    expect(path.within?.("/data", "/srv/mailroom")).toBe("/data");
    expect(read(path, "a\0b")).toBe('"a\\u0000b" holds a control character');
    expect(read(path, "~/data")).toMatch(/^"~\/data" starts with ~/);
  });

  test("a database URL is never repeated in a message", () => {
    for (const bad of ["mysql://u:hunter2@h/d", "hunter2", "postgres://u:hunter 2@h/d", "postgres://u:hunter2@h/d\n"]) {
      expect(read(databaseUrl, bad)).toBe("is not the URL of a Postgres database");
    }
  });
});
