import fc from "fast-check";
import { expect, it } from "vitest";
import { decodeXtext } from "../../src/mail/xtext.ts";

/** The other direction, as RFC 3461 §4 says it. */
const encode = (text: string): string =>
  Array.from(Buffer.from(text), (octet) =>
    octet > 32 && octet < 127 && octet !== 43 && octet !== 61
      ? String.fromCharCode(octet)
      : `+${octet.toString(16).toUpperCase().padStart(2, "0")}`,
  ).join("");

it("reads back what was encoded", () => {
  fc.assert(fc.property(fc.string({ unit: "grapheme" }), (text) => decodeXtext(encode(text)) === text));
  expect(decodeXtext("a+2Bb+3Dc")).toBe("a+b=c");
  expect(decodeXtext("")).toBe("");
  expect(decodeXtext("+FF")).toBe("\ufffd");
});

it.each(["a b", "a=b", "+", "+4", "+4g", "+4a", "ü", "a\n"])("%j is no xtext", (text) => expect(decodeXtext(text)).toBeNull());
