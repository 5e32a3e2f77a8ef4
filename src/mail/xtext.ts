/** xtext, the encoding of ENVID and ORCPT values (RFC 3461 §4): printable ASCII, with `+HH` for the rest, for `+` and for `=`. */
const XTEXT = /^(?:[!-*,-<>-~]|\+[0-9A-F]{2})*$/;

/** The octets an xtext stands for, as UTF-8 text (what is not UTF-8 becomes U+FFFD); null when it is no xtext. */
export function decodeXtext(xtext: string): string | null {
  if (!XTEXT.test(xtext)) return null;
  if (!xtext.includes("+")) return xtext;
  const octets = xtext.replace(/\+(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(octets, "latin1").toString("utf8");
}
