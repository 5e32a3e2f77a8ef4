import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cannotBeOurs, isLiteral, parseDomain } from "../../src/mail/domain.ts";
import { atOurs, type Mailbox, mailboxOfKey, mailboxText, parseMailbox } from "../../src/mail/mailbox.ts";
import { parseForwardPath, parseReversePath } from "../../src/mail/path.ts";

/** Octets that find the corners: whole addresses with pieces put in, cut out and doubled. */
const SEEDS = [
  "u@campus.test",
  '"a b\\"c"@campus.test',
  "<@a.test,@b.test:u@campus.test>",
  "<u@campus.test> SIZE=1 SMTPUTF8",
  "x@[IPv6:2001:DB8::1]",
  "x@[192.0.2.1]",
  "ü@münchen.test",
  "x@xn--mnchen-3ya.test",
  "\u0000\u007f\u0085\u2028\ufeff",
  "\xff\xfe",
];
const PIECES = ["@", ".", '"', "\\", "<", ">", "[", "]", ":", ",", " ", "ü", "\0", "\xff", "Ａ", "。", "\u00ad", "1", "-", "xn--", "K"];

/** A cheap generator of its own: 10^6 cases of fast-check would take a minute. Deterministic; mulberry32. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

function mutant(random: () => number): Buffer {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  let text: string = pick(SEEDS);
  for (let n = Math.floor(random() * 4); n > 0; n--) {
    const at = Math.floor(random() * (text.length + 1));
    const cut = Math.floor(random() * 3);
    text = text.slice(0, at) + (random() < 0.7 ? pick(PIECES) : "") + text.slice(at + cut);
  }
  const encoding = random() < 0.8 ? "utf8" : "latin1";
  return Buffer.from(text, encoding);
}

const wellFormed = ({ localPart, domain, key }: Mailbox): boolean =>
  key === `${localPart}@${domain}` &&
  /^(?:[a-z0-9]|[a-z0-9.-]*[a-z0-9]|\[[A-Za-z0-9:.]+\])$/.test(domain) &&
  !/[\p{Cc}\p{Zl}\p{Zp}\ufffd]/u.test(localPart);

/** What must hold of any octets; counts what was let through, so that a parser which refuses everything would be seen. */
function holds(octets: Buffer): boolean {
  parseForwardPath(octets, { smtputf8: false });
  parseReversePath(octets);
  const parsed = parseMailbox(octets, { smtputf8: true });
  if (!parsed.ok) return false;
  const { mailbox } = parsed;
  const text = mailboxText(mailbox);
  const again = parseMailbox(text, { smtputf8: true });
  const ours = atOurs(mailbox);
  const kept =
    wellFormed(mailbox) &&
    again.ok &&
    again.mailbox.key === mailbox.key && // canonical(canonical(x)) = canonical(x)
    Buffer.byteLength(text) <= 254 &&
    atOurs(ours).key === ours.key &&
    mailboxOfKey(mailbox.key).ok &&
    parseForwardPath(Buffer.from(`<${text}>`), { smtputf8: true }).ok;
  if (!kept) throw new Error(`does not hold: ${octets.toString("hex")} ${JSON.stringify(mailbox)}`);
  return true;
}

describe("the address function", () => {
  it("holds its promises on 10^6 mutants of addresses", () => {
    const random = randomNumbers(20251125);
    let accepted = 0;
    for (let n = 0; n < 1_000_000; n++) if (holds(mutant(random))) accepted++;
    expect(accepted).toBeGreaterThan(100_000);
    expect(accepted).toBeLessThan(900_000);
  }, 120_000);

  it("holds them on any octets, and on any text", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (octets) => void holds(Buffer.from(octets))),
      { numRuns: 2000 },
    );
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 80 }), (text) => void parseMailbox(text, { smtputf8: true })),
      { numRuns: 2000 },
    );
  });

  it("reads text and octets alike", () => {
    fc.assert(
      fc.property(fc.constantFrom(...SEEDS), fc.string({ unit: "grapheme", maxLength: 5 }), fc.boolean(), (seed, piece, smtputf8) => {
        const text = seed.replace("u", () => piece);
        expect(parseMailbox(text, { smtputf8 })).toEqual(parseMailbox(Buffer.from(text), { smtputf8 }));
      }),
      { numRuns: 500 },
    );
  });

  it("finds the same mailbox quoted and unquoted", () => {
    const atom = fc.string({ unit: fc.constantFrom(..."aZ09!#$%&'*+/=?^_`{|}~-".split("")), minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(fc.array(atom, { minLength: 1, maxLength: 2 }), fc.boolean(), (atoms, escaped) => {
        const plain = atoms.join(".");
        const quoted = escaped ? plain.replace(/./g, "\\$&") : plain;
        fc.pre(quoted.length <= 62);
        expect(parseMailbox(`"${quoted}"@x.test`)).toEqual(parseMailbox(`${plain}@x.test`));
      }),
    );
  });

  it("puts quotes back only where the local part needs them", () => {
    const text = (input: string): string => {
      const parsed = parseMailbox(input, { smtputf8: true });
      return parsed.ok ? mailboxText(parsed.mailbox) : parsed.fault.kind;
    };
    expect(text('"u"@x.test')).toBe("u@x.test");
    expect(text('"\\u.v"@X.test')).toBe("u.v@x.test");
    expect(text('"a b"@x.test')).toBe('"a b"@x.test');
    expect(text('"a\\"b\\\\"@x.test')).toBe('"a\\"b\\\\"@x.test');
    expect(text('"a..b"@x.test')).toBe('"a..b"@x.test');
    expect(text('""@x.test')).toBe('""@x.test');
    expect(text("ü@x.test")).toBe("ü@x.test");
    expect(text('"ü x"@x.test')).toBe('"ü x"@x.test');
  });

  it("keeps the case of foreign local parts and lowers ASCII letters of ours, no others", () => {
    const parsed = parseMailbox("Ann.K\u212a\u0130@Campus.TEST", { smtputf8: true });
    if (!parsed.ok) throw new Error(parsed.fault.detail);
    expect(parsed.mailbox.key).toBe("Ann.K\u212a\u0130@campus.test");
    expect(atOurs(parsed.mailbox).key).toBe("ann.k\u212a\u0130@campus.test");
  });

  it("keeps two spellings of one letter apart in local parts, and maps them to one in domains", () => {
    const key = (text: string): string => {
      const parsed = parseMailbox(text, { smtputf8: true });
      return parsed.ok ? parsed.mailbox.key : parsed.fault.kind;
    };
    expect(key("u\u0308@x.test")).not.toBe(key("\u00fc@x.test"));
    expect(key("u@u\u0308.test")).toBe(key("u@\u00fc.test"));
    expect(key("u@\u212aelvin.test")).toBe("u@kelvin.test"); // UTS-46, not toLowerCase, and only with SMTPUTF8
  });

  it("names the fault", () => {
    const fault = (text: string, smtputf8 = false): string => {
      const parsed = parseMailbox(text, { smtputf8 });
      return parsed.ok ? "none" : parsed.fault.kind;
    };
    expect(fault("u\u0001@x.test")).toBe("octets");
    expect(fault("\ud800@x.test", true)).toBe("notUtf8");
    expect(fault("ü@x.test")).toBe("notAscii");
    expect(fault("ü@@x.test")).toBe("notAscii");
    expect(fault("u")).toBe("noDomain");
    expect(fault("u@")).toBe("grammar");
    expect(fault('"u"')).toBe("noDomain");
    expect(fault("")).toBe("noDomain");
    expect(fault("u@x@y")).toBe("grammar");
    expect(fault("u@x.test\u00a0", true)).toBe("grammar");
    expect(fault(`${"ü".repeat(32)}@x.test`, true)).toBe("none"); // 64 octets
    expect(fault(`${"ü".repeat(32)}a@x.test`, true)).toBe("length");
    expect(fault(`u@${"ü".repeat(60)}.test`, true)).toBe("length"); // its A-label
    expect(fault(`u@${"a.".repeat(125)}ab`)).toBe("none"); // 254
    expect(fault(`u@${"a.".repeat(125)}abc`)).toBe("length");
    expect(fault(`uu@${"ü.".repeat(31)}tes`, true)).toBe("none"); // 254 octets as A-labels
    expect(fault(`uuu@${"ü.".repeat(31)}tes`, true)).toBe("length");
  });

  it("takes megabytes of nonsense in its stride", () => {
    for (const piece of ["a", "a.", "a@", '"', '"\\', "\\", "@a.", "-", "ü", "[", "@a,", "<"]) {
      const octets = Buffer.from(piece.repeat(300_000));
      const started = performance.now();
      expect(parseMailbox(octets, { smtputf8: true }).ok).toBe(false);
      expect(parseMailbox(Buffer.concat([Buffer.from("<"), octets]), { smtputf8: true }).ok).toBe(false);
      expect(parseForwardPath(Buffer.concat([Buffer.from("<@a:"), octets, Buffer.from(">")]), { smtputf8: true }).ok).toBe(false);
      expect(performance.now() - started).toBeLessThan(20_000); // a quadratic reader would need hours
    }
  });
});

describe("keys", () => {
  it("read back as the mailbox they came from, whatever needs quotes", () => {
    for (const text of ["u@x.test", '"a b"@x.test', '"x@evil.test"@x.test', '""@x.test', "ü@x.test", "u@[IPv6:::1]"]) {
      const parsed = parseMailbox(text, { smtputf8: true });
      if (!parsed.ok) throw new Error(text);
      expect(mailboxOfKey(parsed.mailbox.key)).toEqual(parsed);
    }
  });

  it.each(["", "u", "@", "u@", "u@X.test", "u@x.test.", "u@münchen.test", "u\n@x.test", "u@[192.0.2.256]", "u@x.test\0", "u@[ipv6:0::1]"])(
    "are refused when no mailbox has them: %j",
    (key) => expect(mailboxOfKey(key).ok).toBe(false),
  );
});

describe("domains", () => {
  const domain = (text: string, literals = false): string => {
    const parsed = parseDomain(text, { literals });
    return parsed.ok ? parsed.domain : parsed.fault.kind;
  };

  it.each([
    ["CAMPUS.test", "campus.test"],
    ["localhost", "localhost"],
    ["127.0.0.1", "127.0.0.1"],
    ["127.1", "127.1"],
    ["xn--MNCHEN-3ya.test", "xn--mnchen-3ya.test"],
    ["xn--a.test", "xn--a.test"],
    ["ＭÜNCHEN.test", "xn--mnchen-3ya.test"],
    ["a--b.test", "a--b.test"],
    ["", "grammar"],
    [".", "grammar"],
    ["a.", "grammar"],
    [".a", "grammar"],
    ["a..b", "grammar"],
    ["a_b.test", "grammar"],
    ["-a.test", "grammar"],
    ["a-.test", "grammar"],
    ["-ü.test", "grammar"],
    ["a b.test", "grammar"],
    ["a/b.test", "grammar"],
    ["ü%41.test", "grammar"],
    ["ü:80", "grammar"],
    ["ü@x", "grammar"],
    ["\u200d.test", "grammar"],
    ["[192.0.2.1]", "grammar"],
    [`${"a".repeat(63)}.test`, `${"a".repeat(63)}.test`],
    [`${"a".repeat(64)}.test`, "length"],
    [`${"a.".repeat(127)}a`, `${"a.".repeat(127)}a`], // 255
    [`${"a.".repeat(127)}ab`, "length"],
  ])("%j", (text, expected) => expect(domain(text)).toBe(expected));

  it.each([
    ["[192.0.2.1]", "[192.0.2.1]"],
    ["[IPV6:2001:DB8:0:0:0:0:0:1]", "[IPv6:2001:db8::1]"],
    ["[IPv6:::ffff:192.0.2.1]", "[IPv6:::ffff:c000:201]"],
    ["[192.0.2]", "grammar"],
    ["[192.0.2.1.]", "grammar"],
    ["[192.0.2.1.1]", "grammar"],
    ["[0192.0.2.1]", "grammar"],
    ["[2001:db8::1]", "grammar"],
    ["[x-tag:foo]", "grammar"],
    ["[IPv6:]", "grammar"],
    ["[IPv6:12345::]", "grammar"],
    ["[192.0.2.1].test", "grammar"],
    ["[192.0.2.1]]", "grammar"],
    ["[", "grammar"],
  ])("literal %j", (text, expected) => expect(domain(text, true)).toBe(expected));

  it("are letters, digits, inner hyphens and dots, whatever was typed", () => {
    const pieces = fc.constantFrom(
      ..."aA1-._ @[]:/%#?\\\0\u0085\u00ad\u200d\u2028\u3002\uff0e\uff05\ufeffüß１ｘK".split(""),
      "xn--",
      "\ud800",
      "😀",
      "ا",
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), (typed) => {
        const parsed = parseDomain(typed.join(""));
        if (!parsed.ok) return;
        expect(parsed.domain).toMatch(/^[a-z0-9]+(?:-+[a-z0-9]+)*(?:\.[a-z0-9]+(?:-+[a-z0-9]+)*)*$/);
        expect(parseDomain(parsed.domain)).toEqual(parsed);
        expect(parsed.domain.split(".")).toHaveLength(typed.join("").split(".").length);
      }),
      { numRuns: 5000 },
    );
  });

  it("says which can never be ours", () => {
    expect(["[192.0.2.1]", "localhost", "127.0.0.1", "a.1", "1", "xn--tda"].every(cannotBeOurs)).toBe(true);
    expect(["campus.test", "1.test", "a.1b"].some(cannotBeOurs)).toBe(false);
    expect(isLiteral("[192.0.2.1]")).toBe(true);
    expect(isLiteral("a.test")).toBe(false);
  });
});
