import fc from "fast-check";
import { expect, it } from "vitest";
import { decodeXtext, encodeXtext } from "../../src/mail/xtext.ts";

it("encodes any text as printable ASCII without = and reads it back", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      const xtext = encodeXtext(text);
      expect(xtext).toMatch(/^(?:[!-<>-~])*$/);
      expect(decodeXtext(xtext)).toBe(text);
    }),
  );
});

it.each(["a b", "a=b", "+", "+4", "+4g", "+4a", "ü", "a\n"])("%j is no xtext", (text) => expect(decodeXtext(text)).toBeNull());

it("writes what RFC 3461 shows", () => expect(encodeXtext("a+b=c")).toBe("a+2Bb+3Dc"));
