import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseRouteUrl } from "../../src/directory/route-url.ts";

const good: readonly (readonly [url: string, route: object])[] = [
  ["smtp://mx.campus.test", { kind: "smtp", host: "mx.campus.test", port: 25, url: "smtp://mx.campus.test:25" }],
  ["smtp://localhost:2526/", { kind: "smtp", host: "localhost", port: 2526, url: "smtp://localhost:2526" }],
  ["SMTP://MX.Campus.test:025", { kind: "smtp", host: "mx.campus.test", port: 25, url: "smtp://mx.campus.test:25" }],
  ["smtps://192.0.2.7", { kind: "smtps", host: "192.0.2.7", port: 465, url: "smtps://192.0.2.7:465" }],
  ["lmtp://[2001:DB8::1]:2003", { kind: "lmtp", host: "2001:db8::1", port: 2003, url: "lmtp://[2001:db8::1]:2003" }],
  ["lmtp://mailstore", { kind: "lmtp", host: "mailstore", port: 24, url: "lmtp://mailstore:24" }],
  ["lmtp:///run/dovecot/lmtp", { kind: "lmtpSocket", path: "/run/dovecot/lmtp", url: "lmtp:///run/dovecot/lmtp" }],
  ["maildir:/var/mail/x", { kind: "maildir", path: "/var/mail/x", url: "maildir:/var/mail/x" }],
  ["mx:", { kind: "mx", url: "mx:" }],
  ["discard:", { kind: "discard", url: "discard:" }],
];

const bad: readonly (readonly [url: string, fault: RegExp])[] = [
  ["", /not one of/],
  ["mx.campus.test", /not one of/],
  ["http://x", /not one of/],
  ["pipe:/bin/sh", /not one of/],
  ["smtp:mx.campus.test", /followed by \/\/host/],
  ["smtp://", /host is missing/],
  ["smtp://:25", /host is missing/],
  ["smtp://user:secret@mx.test", /no user or password/],
  ["smtp://mx.test/path", /no path/],
  ["smtp://mx.test?x=1", /no path/],
  ["smtp://mx.test:0", /port "0"/],
  ["smtp://mx.test:65536", /port "65536"/],
  ["smtp://mx.test:", /port ""/],
  ["smtp://mx.test:25x", /port "25x"/],
  ["smtp://127.1", /neither a host name nor/],
  ["smtp://2130706433", /neither a host name nor/],
  ["smtp://0x7f.1", /neither a host name nor/],
  ["smtp://x.0x7f", /neither a host name nor/],
  ["smtp://127.0.0.256", /neither a host name nor/],
  ["smtp://mx_1.test", /no host name/],
  ["smtp://-mx.test", /no host name/],
  ["smtp://mx.test.", /no host name/],
  ["smtp://mx..test", /no host name/],
  ["smtp://[127.0.0.1]", /no IPv6 address/],
  ["smtp://2001:db8::1", /brackets/],
  [`smtp://${"a".repeat(64)}.test`, /no host name/],
  ["smtp://mx.test\r\nRCPT TO:<x>", /control character/],
  ["smtp://mx.test ", /blank/],
  ["smtp://ｃampus.test", /outside ASCII/],
  ["lmtp:///", /below \//],
  [`lmtp:///${"a".repeat(107)}`, /107 octets/],
  ["maildir:mail", /absolute/],
  ["maildir:", /absolute/],
  ["maildir:/var/../etc", /no \. or \.\./],
  ["mx:campus.test", /stands alone/],
  ["discard:x", /stands alone/],
];

describe("parseRouteUrl", () => {
  it.each(good)("reads %s", (url, route) => expect(parseRouteUrl(url)).toEqual({ ok: true, route }));

  it.each(bad)("refuses %j", (url, fault) => {
    const parsed = parseRouteUrl(url);
    expect(parsed.ok ? parsed.route : parsed.fault).toMatch(fault);
  });

  it("never throws, and its own url reads as the same route", () => {
    const scheme = fc.constantFrom("smtp://", "smtps://", "lmtp://", "lmtp:///", "maildir:/", "mx:", "discard:", "");
    const port = fc.oneof(
      fc.constant(""),
      fc.nat(70_000).map((n) => `:${n}`),
    );
    const url = fc
      .tuple(
        scheme,
        fc.oneof(
          fc.domain(),
          fc.ipV4(),
          fc.ipV6().map((ip) => `[${ip}]`),
          fc.string(),
        ),
        port,
      )
      .map((parts) => parts.join(""));
    fc.assert(
      fc.property(fc.oneof(url, fc.string()), (text) => {
        const parsed = parseRouteUrl(text);
        if (parsed.ok) expect(parseRouteUrl(parsed.route.url)).toEqual(parsed);
        else expect(parsed.fault).not.toBe("");
      }),
      { numRuns: 2000 },
    );
  });
});
