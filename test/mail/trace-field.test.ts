import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fieldText, readHeader } from "../../src/mail/header.ts";
import { mailboxText, parseMailbox } from "../../src/mail/mailbox.ts";
import { type Reception, receivedField, returnPathField } from "../../src/mail/trace-field.ts";

const mailbox = (text: string) => {
  const parsed = parseMailbox(text, { smtputf8: true });
  if (!parsed.ok) throw new Error(text);
  return parsed.mailbox;
};

const reception: Reception = {
  heloName: "client.example",
  clientAddress: "192.0.2.7",
  hostname: "mx.campus.test",
  queueId: "4XyZ1b2c3d",
  esmtp: true,
  tls: true,
  authenticated: false,
  smtputf8: false,
  recipient: mailbox("ann@campus.test"),
  at: new Date(Date.UTC(2026, 0, 2, 3, 4, 5)),
};

/** RFC 5321 §4.4 as we write it. */
const STAMP =
  /^from (\S+) \((\S+)\)(?: \(helo ([^()\\]*)\))? by (\S+) with (\S+) id ([0-9B-Zb-z]+)(?: for <(.+)>)?; ([A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d \+0000)$/;

/** What a field says, read back by the header reader. */
function readBack(field: string) {
  const read = readHeader(Buffer.from(`${field}\r\n`));
  if (!read.ok) throw new Error(read.reply.text);
  expect(read.header.fields).toHaveLength(1);
  const [first] = read.header.fields;
  const text = first === undefined ? "" : fieldText(first).replace(/\t/g, " ");
  const match = STAMP.exec(text);
  if (match === null) throw new Error(`no Received field: ${text}`);
  const [, from, address, helo, by, protocol, id, recipient, date] = match;
  return { from, address, helo, by, protocol, id, recipient, at: Date.parse(date ?? "") };
}

describe("Received", () => {
  it("reads as operators know it", () => {
    expect(receivedField(reception)).toBe(
      "Received: from client.example ([192.0.2.7]) by mx.campus.test with ESMTPS\r\n\tid 4XyZ1b2c3d for <ann@campus.test>; Fri, 02 Jan 2026 03:04:05 +0000\r\n",
    );
  });

  it.each([
    [{ esmtp: false, tls: false }, "SMTP"],
    [{ esmtp: false, tls: true, authenticated: true }, "SMTP"],
    [{ tls: false }, "ESMTP"],
    [{}, "ESMTPS"],
    [{ tls: false, authenticated: true }, "ESMTPA"],
    [{ authenticated: true }, "ESMTPSA"],
    [{ tls: false, smtputf8: true }, "UTF8SMTP"],
    [{ smtputf8: true }, "UTF8SMTPS"],
    [{ tls: false, smtputf8: true, authenticated: true }, "UTF8SMTPA"],
    [{ smtputf8: true, authenticated: true }, "UTF8SMTPSA"],
  ])("%j is %s", (change, protocol) => expect(readBack(receivedField({ ...reception, ...change })).protocol).toBe(protocol));

  it.each([
    ["client.example", "client.example", undefined],
    ["[192.0.2.9]", "[192.0.2.9]", undefined],
    ["[ipv6:0::1]", "[IPv6:::1]", undefined],
    ["client_1.example", "[192.0.2.7]", "client_1.example"],
    ["münchen.test", "[192.0.2.7]", "m?nchen.test"],
    ["a b", "[192.0.2.7]", "a b"],
    ["x) by evil.test (y", "[192.0.2.7]", "x? by evil.test ?y"],
    ["x\r\nBcc: y", "[192.0.2.7]", "x??Bcc: y"],
    ["\0", "[192.0.2.7]", "?"],
    ["", "[192.0.2.7]", undefined],
    ["x".repeat(300), "[192.0.2.7]", "x".repeat(64)],
  ])("greeted with %j", (heloName, from, helo) =>
    expect(readBack(receivedField({ ...reception, heloName }))).toMatchObject({ from, helo }),
  );

  it.each([
    ["192.0.2.7", "[192.0.2.7]"],
    ["::ffff:192.0.2.7", "[192.0.2.7]"],
    ["2001:db8::7", "[IPv6:2001:db8::7]"],
    ["fe80::1%eth0", "[IPv6:fe80::1]"],
    ["", "unknown"],
  ])("from the socket address %j", (clientAddress, address) =>
    expect(readBack(receivedField({ ...reception, clientAddress })).address).toBe(address),
  );

  it("names a recipient only when told of one", () => {
    expect(readBack(receivedField({ ...reception, recipient: null })).recipient).toBeUndefined();
    expect(readBack(receivedField({ ...reception, recipient: mailbox('"a > b"@x.test') })).recipient).toBe('"a > b"@x.test');
  });

  it("says what it was given, whatever that is, in lines of at most 78 where the words allow", () => {
    const label = fc.stringMatching(/^[a-z0-9]{1,20}$/);
    const localPart = fc.oneof(
      fc.stringMatching(/^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,64}$/),
      fc.stringMatching(/^[ -~]{0,30}$/).map((text) => `"${text.replace(/["\\]/g, "\\$&")}"`),
    );
    const recipients = fc.tuple(localPart, label).map(([local, domain]) => mailbox(`${local}@${domain}.test`));
    fc.assert(
      fc.property(
        fc.record({
          heloName: fc.oneof(label, fc.string({ unit: "binary", maxLength: 100 })),
          clientAddress: fc.oneof(fc.ipV4(), fc.ipV6()),
          hostname: label.map((name) => `${name}.campus.test`),
          queueId: fc.stringMatching(/^[1-9B-DF-HJ-NP-TV-Z][0-9B-DF-HJ-NP-TV-Z]{0,11}$/),
          esmtp: fc.boolean(),
          tls: fc.boolean(),
          authenticated: fc.boolean(),
          smtputf8: fc.boolean(),
          recipient: fc.option(recipients),
          at: fc.date({ min: new Date(0), max: new Date(Date.UTC(2100)), noInvalidDate: true }),
        }),
        (given) => {
          const field = receivedField(given);
          const back = readBack(field);
          expect(back).toMatchObject({ by: given.hostname, id: given.queueId, at: Math.floor(given.at.getTime() / 1000) * 1000 });
          expect(back.recipient).toBe(given.recipient === null ? undefined : mailboxText(given.recipient));
          expect(field).toMatch(/^(?:[\t -~]+\r\n)+$/);
          for (const line of field.slice(0, -2).split("\r\n")) if (line.length > 78) expect(line).toMatch(/^\t(?:for <.*>;|\(helo .*\))$/);
        },
      ),
      { numRuns: 1000 },
    );
  });
});

it("Return-Path holds the path, or nothing", () => {
  expect(returnPathField(null)).toBe("Return-Path: <>\r\n");
  const long = "a".repeat(64);
  expect(returnPathField(mailbox(`${long}@${long.slice(1)}.test`))).toBe(`Return-Path: <${long}@${long.slice(1)}.test>\r\n`);
  expect(returnPathField(mailbox('"a b"@x.test'))).toBe('Return-Path: <"a b"@x.test>\r\n');
});
