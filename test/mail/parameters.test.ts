import { describe, expect, it } from "vitest";
import { parseMailParameters, parseRcptParameters } from "../../src/mail/parameters.ts";

/** As path.ts hands it on: one character for each octet. */
const wire = (text: string): string => Buffer.from(text).toString("latin1");

const mail = (text: string): unknown => {
  const parsed = parseMailParameters(wire(text), { sizeLimit: 1000, auth: false });
  return parsed.ok ? parsed.value : `${parsed.reply.code} ${parsed.reply.enhancedStatus}`;
};
const rcpt = (text: string, smtputf8 = false): unknown => {
  const parsed = parseRcptParameters(wire(text), { smtputf8 });
  return parsed.ok ? parsed.value : `${parsed.reply.code} ${parsed.reply.enhancedStatus}`;
};
const nothing = { size: null, smtputf8: false, body: "7BIT", ret: null, envid: null };

describe("parameters of MAIL", () => {
  it("takes what is offered, in any case and order", () => {
    expect(mail("")).toEqual(nothing);
    expect(mail("body=8bitmime  SIZE=1000 RET=hdrs ENVID=QQ+2B1 smtputf8")).toEqual({
      size: 1000,
      smtputf8: true,
      body: "8BITMIME",
      ret: "HDRS",
      envid: "QQ+2B1",
    });
    expect(mail("SIZE=0")).toEqual({ ...nothing, size: 0 });
  });
  it.each([
    ["FOO=1", "555 5.5.4"],
    ["FOO", "555 5.5.4"],
    ["AUTH=<>", "555 5.5.4"],
    ["NOTIFY=NEVER", "555 5.5.4"],
    ["CONSTRUCTOR=1", "555 5.5.4"],
    ["SIZE=1 size=1", "501 5.5.4"],
    ["SMTPUTF8 SMTPUTF8", "501 5.5.4"],
    ["SIZE", "501 5.5.4"],
    ["SIZE=", "501 5.5.4"],
    ["SIZE=-1", "501 5.5.4"],
    ["SIZE=1e3", "501 5.5.4"],
    ["SIZE=0x10", "501 5.5.4"],
    ["SIZE=99999999999999999999", "501 5.5.4"],
    ["SIZE=999999999999999999999999", "501 5.5.4"],
    ["SIZE=999", JSON.stringify({ ...nothing, size: 999 })],
    ["SIZE=1001", "552 5.3.4"],
    ["BODY=BINARYMIME", "501 5.5.4"],
    ["BODY", "501 5.5.4"],
    ["SMTPUTF8=1", "501 5.5.4"],
    ["RET=SOME", "501 5.5.4"],
    ["ENVID=a=b", "501 5.5.4"],
    ["ENVID=a+2b", "501 5.5.4"],
    ["ENVID=a+0D+0AX", "501 5.5.4"],
    [`ENVID=${"a".repeat(101)}`, "501 5.5.4"],
    ["ENVID=ü", "501 5.5.4"],
    ["=1", "501 5.5.4"],
    ["-A=1", "501 5.5.4"],
    ["SIZE=1\tBODY=7BIT", "501 5.5.4"],
  ])("%j", (text, expected) => {
    const got = mail(text);
    expect(typeof got === "string" ? got : JSON.stringify(got)).toBe(expected);
  });
});

describe("parameters of RCPT", () => {
  it("takes NOTIFY and ORCPT and keeps ORCPT as it came", () => {
    expect(rcpt("")).toEqual({ notify: null, orcpt: null });
    expect(rcpt("NOTIFY=never")).toEqual({ notify: ["NEVER"], orcpt: null });
    expect(rcpt("NOTIFY=SUCCESS,delay,SUCCESS ORCPT=rfc822;a+2Bb@x.test")).toEqual({
      notify: ["SUCCESS", "DELAY"],
      orcpt: "rfc822;a+2Bb@x.test",
    });
    const longest = `rfc822;${"a".repeat(493)}`;
    expect(rcpt(`ORCPT=${longest}`)).toEqual({ notify: null, orcpt: longest });
    expect(rcpt("ORCPT=utf-8;\\x{FC}@x.test")).toEqual({ notify: null, orcpt: "utf-8;\\x{FC}@x.test" });
    expect(rcpt("ORCPT=utf-8;ü😀@x.test", true)).toEqual({ notify: null, orcpt: "utf-8;\\x{FC}\\x{1F600}@x.test" });
  });
  it.each([
    ["NOTIFY=NEVER,FAILURE", "501 5.5.4"],
    ["NOTIFY=", "501 5.5.4"],
    ["NOTIFY", "501 5.5.4"],
    ["NOTIFY=SUCCESS,", "501 5.5.4"],
    ["NOTIFY=SOMETIMES", "501 5.5.4"],
    ["NOTIFY=NEVER NOTIFY=NEVER", "501 5.5.4"],
    ["ORCPT=a@x.test", "501 5.5.4"],
    ["ORCPT=rfc822;", "501 5.5.4"],
    ["ORCPT=rfc822;a=b", "501 5.5.4"],
    ["ORCPT=rfc822;a+0Ab", "501 5.5.4"],
    ["ORCPT=rfc822;a+2bb", "501 5.5.4"],
    ["ORCPT=utf-8;ü@x.test", "501 5.5.4"],
    [`ORCPT=rfc822;${"a".repeat(494)}`, "501 5.5.4"],
    ["SIZE=1", "555 5.5.4"],
  ])("%j", (text, expected) => expect(rcpt(text)).toBe(expected));
  it("wants UTF-8 to be UTF-8, and of type utf-8", () => {
    expect(rcpt("ORCPT=rfc822;ü@x.test", true)).toBe("501 5.5.4");
    expect(rcpt("ORCPT=utf-8;\u2028", true)).toBe("501 5.5.4");
    const parsed = parseRcptParameters("ORCPT=utf-8;\xff", { smtputf8: true });
    expect(parsed.ok).toBe(false);
  });
});
