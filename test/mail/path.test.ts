import { describe, expect, it } from "vitest";
import { cannotBeOurs } from "../../src/mail/domain.ts";
import { atOurs } from "../../src/mail/mailbox.ts";
import { parseForwardPath, parseReversePath } from "../../src/mail/path.ts";
import { replyToFault, replyToLocalPart } from "../../src/mail/replies.ts";

/** What the address alone decides about a RCPT, as receive/ will ask it; "ours" and "foreign" go on to the directory and the relay decision. */
function judge(argument: string | Buffer, smtputf8 = false): string {
  const parsed = parseForwardPath(Buffer.from(argument), { smtputf8 });
  if (!parsed.ok) {
    const { code, enhancedStatus } = replyToFault(parsed.fault, "forward");
    return `${code} ${enhancedStatus}`;
  }
  if (parsed.path.kind === "postmaster") return "postmaster";
  const { domain } = parsed.path.mailbox;
  if (domain !== "campus.test" || cannotBeOurs(domain)) return `foreign ${domain}`;
  const { localPart } = atOurs(parsed.path.mailbox);
  const refusal = replyToLocalPart(localPart);
  return refusal === null ? `ours ${localPart}` : `${refusal.code} ${refusal.enhancedStatus}`;
}

const a = (n: number): string => "a".repeat(n);

describe("forward-paths, every odd form", () => {
  it.each<[string | Buffer, string]>([
    ["<u@campus.test>", "ours u"],
    [" <u@campus.test>", "ours u"],
    ["<x@evil.test>", "foreign evil.test"],
    ["<x%evil.test@campus.test>", "550 5.1.1"],
    ['<"x@evil.test"@campus.test>', "550 5.1.1"],
    ["<x@evil.test@campus.test>", "501 5.1.3"],
    ["<evil.test!x@campus.test>", "550 5.1.1"],
    ["<@campus.test:x@evil.test>", "foreign evil.test"],
    ["<@evil.test:u@campus.test>", "ours u"],
    ["<@evil.test,@b.test:u@campus.test>", "ours u"],
    ["<@evil.test,:u@campus.test>", "501 5.1.3"],
    ["<@evil.test,b.test:u@campus.test>", "501 5.1.3"],
    ["<@evil.test,x@b.test:u@campus.test>", "501 5.1.3"],
    ["<@:u@campus.test>", "501 5.1.3"],
    ["<@evil_.test:u@campus.test>", "501 5.1.3"],
    ["<@[192.0.2.1]:u@campus.test>", "501 5.1.3"],
    ["<@campus.test:>", "501 5.1.3"],
    ["<@campus.test:postmaster>", "501 5.1.3"],
    ["<@campus.test>", "501 5.1.3"],
    ["<x@[127.0.0.1]>", "foreign [127.0.0.1]"],
    ["<x@[127.0.0.256]>", "501 5.1.3"],
    ["<x@[127.0.0.01]>", "501 5.1.3"],
    ["<x@[127.1]>", "501 5.1.3"],
    ["<x@[IPv6:2001:DB8::1]>", "foreign [IPv6:2001:db8::1]"],
    ["<x@[ipv6:0:0:0:0:0:0:0:1]>", "foreign [IPv6:::1]"],
    ["<x@[IPv6:fe80::1%eth0]>", "501 5.1.3"],
    ["<x@[IPv6:1::2::3]>", "501 5.1.3"],
    ["<x@[::1]>", "501 5.1.3"],
    ["<x@[]>", "501 5.1.3"],
    ["<x@[127.0.0.1>", "501 5.1.3"],
    ["<x@[127.0.0.12>", "501 5.1.3"],
    ["<x@[127.0.0.1]x>", "501 5.1.3"],
    ["<x@127.0.0.1>", "foreign 127.0.0.1"],
    ["<x@localhost>", "foreign localhost"],
    ["<u@CAMPUS.test>", "ours u"],
    ["<U@campus.test>", "ours u"],
    ["<u@campus.test.>", "501 5.1.3"],
    ["<postmaster>", "postmaster"],
    ["<PostMaster>", "postmaster"],
    ["<u>", "501 5.1.3"],
    ["<u@>", "501 5.1.3"],
    ["<@>", "501 5.1.3"],
    ["<>", "501 5.1.3"],
    ["", "501 5.1.3"],
    ["u@campus.test", "501 5.1.3"],
    ["<u@campus.test", "501 5.1.3"],
    ["<<u@campus.test>>", "501 5.1.3"],
    ['<"u"@campus.test>', "ours u"],
    ['<"\\u"@campus.test>', "ours u"],
    ['<"U"@campus.test>', "ours u"],
    ['<"">', "501 5.1.3"],
    ['<""@campus.test>', "550 5.1.1"],
    ['<"u@campus.test>', "501 5.1.3"],
    ['<"u"x@campus.test>', "501 5.1.3"],
    ['<u."x"@campus.test>', "501 5.1.3"],
    ['<"a>b"@campus.test>', "550 5.1.1"],
    ['<"a\\">b"@campus.test>', "550 5.1.1"],
    ["<(c)u@campus.test>", "501 5.1.3"],
    ["<u(c)@campus.test>", "501 5.1.3"],
    ["<u @campus.test>", "501 5.1.3"],
    ["< u@campus.test>", "501 5.1.3"],
    ["<u@campus.test >", "501 5.1.3"],
    ["<u@campus.test>x", "501 5.1.3"],
    ["<u@campus.test>\t", "501 5.1.3"],
    ["<u@campus.test>,<x@evil.test>", "501 5.1.3"],
    ["<u,x@campus.test>", "501 5.1.3"],
    ["<.u@campus.test>", "501 5.1.3"],
    ["<u.@campus.test>", "501 5.1.3"],
    ["<u..v@campus.test>", "501 5.1.3"],
    ["<u@.campus.test>", "501 5.1.3"],
    ["<u@campus..test>", "501 5.1.3"],
    ["<u@cam_pus.test>", "501 5.1.3"],
    ["<u@-campus.test>", "501 5.1.3"],
    ["<u@campus-.test>", "501 5.1.3"],
    ["<u\0x@campus.test>", "501 5.1.3"],
    ["<u\tx@campus.test>", "501 5.1.3"],
    ["<u\x7fx@campus.test>", "501 5.1.3"],
    ['<"u\tx"@campus.test>', "501 5.1.3"],
    ['<"u\\\0x"@campus.test>', "501 5.1.3"],
    [`<${a(64)}@campus.test>`, `ours ${a(64)}`],
    [`<${a(65)}@campus.test>`, "501 5.1.3"],
    [`<"${a(62)}"@campus.test>`, `ours ${a(62)}`],
    [`<"${a(63)}"@campus.test>`, "501 5.1.3"],
    [`<x@${a(63)}.test>`, `foreign ${a(63)}.test`],
    [`<x@${a(64)}.test>`, "501 5.1.3"],
    [`<x@${`${a(49)}.`.repeat(5)}ab>`, `foreign ${`${a(49)}.`.repeat(5)}ab`], // a path of 256 octets
    [`<x@${`${a(49)}.`.repeat(5)}abc>`, "501 5.1.3"],
    [`<@${`${a(49)}.`.repeat(4)}${a(38)}:u@campus.test>`, "ours u"], // 255 octets, then 256 and 257
    [`<@${`${a(49)}.`.repeat(4)}${a(39)}:u@campus.test>`, "ours u"],
    [`<@${`${a(49)}.`.repeat(4)}${a(40)}:u@campus.test>`, "501 5.1.3"],
    ["<ü@campus.test>", "553 5.6.7"],
    ["<u@cаmpus.test>", "553 5.6.7"],
    [Buffer.from([0x3c, 0xff, 0xfe, ...Buffer.from("u@campus.test>")]), "501 5.1.3"],
    ["<|cmd@campus.test>", "550 5.1.1"],
    ['<"|cmd"@campus.test>', "550 5.1.1"],
    ["<SRS0=AAAA=TT=evil.test=x@campus.test>", "ours srs0=aaaa=tt=evil.test=x"],
    ["<{{u}}@campus.test>", "550 5.1.1"],
    [`<\${u}@campus.test>`, "550 5.1.1"],
    ["<u*@campus.test>", "550 5.1.1"],
    ["<o'hara+tag@campus.test>", "ours o'hara+tag"],
  ])("%j", (argument, expected) => expect(judge(argument)).toBe(expected));

  it.each<[string | Buffer, string]>([
    ["<ü@campus.test>", "553 5.6.7"],
    ["<ü@evil.test>", "foreign evil.test"],
    ["<u@cаmpus.test>", "foreign xn--cmpus-4ve.test"],
    ["<u@xn--cmpus-4ve.test>", "foreign xn--cmpus-4ve.test"],
    ["<u@MÜNCHEN.test>", "foreign xn--mnchen-3ya.test"],
    ["<u@ｃampus.test>", "ours u"],
    ["<u@campus。test>", "501 5.1.3"],
    ["<u@cam\u00adpus.test>", "ours u"],
    ["<u@\u00ad.test>", "501 5.1.3"],
    ["<u@１２７.１>", "501 5.1.3"],
    ["<u@１２７.0.0.１>", "501 5.1.3"],
    ["<u@０x7f.ü>", "foreign 0x7f.xn--tda"],
    ["<u@a℀b.test>", "501 5.1.3"],
    ["<u@ü_.test>", "501 5.1.3"],
    ["<u\u0085@evil.test>", "501 5.1.3"],
    ["<u\u2028@evil.test>", "501 5.1.3"],
    ["<@ü.test:u@campus.test>", "ours u"],
    [Buffer.from([0x3c, 0xc0, 0xaf, ...Buffer.from("@campus.test>")]), "501 5.1.3"],
    [Buffer.from([0x3c, 0xed, 0xa0, 0x80, ...Buffer.from("@campus.test>")]), "501 5.1.3"],
    [Buffer.from([0x3c, 0xef, 0xbb, 0xbf, ...Buffer.from("u@campus.test>")]), "553 5.6.7"],
  ])("with SMTPUTF8: %j", (argument, expected) => expect(judge(argument, true)).toBe(expected));
});

describe("reverse-paths", () => {
  const read = (argument: string): string => {
    const parsed = parseReversePath(Buffer.from(argument));
    if (!parsed.ok) return `${replyToFault(parsed.fault, "reverse").code} ${replyToFault(parsed.fault, "reverse").enhancedStatus}`;
    return `${parsed.path?.key ?? "null"} ${parsed.parameters.toString()}`;
  };
  it.each([
    ["<>", "null "],
    ["<> SIZE=1", "null SIZE=1"],
    ["<a@evil.test>  SIZE=1 BODY=8BITMIME ", "a@evil.test SIZE=1 BODY=8BITMIME"],
    ["<ü@evil.test> smtputf8", "ü@evil.test smtputf8"],
    ["<ü@evil.test> XSMTPUTF8", "553 5.6.7"],
    ["<ü@evil.test>", "553 5.6.7"],
    ["<postmaster>", "501 5.1.7"],
    ["<a@evil.test>x", "501 5.1.7"],
    ["", "501 5.1.7"],
  ])("%j", (argument, expected) => expect(read(argument)).toBe(expected));
});
