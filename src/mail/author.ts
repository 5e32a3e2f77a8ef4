import { fieldsNamed, fieldText, type Header } from "./header.ts";
import { type Mailbox, parseMailbox } from "./mailbox.ts";

/**
 * Who wrote the message: exactly one address in exactly one From field, or null, nobody. Stricter than RFC 5322 §3.6.2 on
 * purpose: where two readers could see two authors there is none, and what has no author is never authenticated.
 */
export function authorOf(header: Header): Mailbox | null {
  const [from, ...more] = fieldsNamed(header, "from");
  if (from === undefined || more.length > 0 || header.ambiguous) return null;
  const text = fieldText(from);
  if (/[\v\f]/.test(from.raw.toString("latin1"))) return null; // no white space of mail (RFC 5322 §2.2.2), but some readers skip it
  if (/[^\t -~\u00a0-\uffff]|\ufffd/.test(text) || hidesAddress(text)) return null;
  const pieces = takeApart(text);
  if (pieces === null) return null;
  const parsed = parseMailbox(pieces, { smtputf8: true });
  return parsed.ok ? parsed.mailbox : null;
}

/** An encoded word (RFC 2047 §2) that decodes to something with an @: some readers decode first and see an address. */
function hidesAddress(text: string): boolean {
  for (const [, encoding, word] of text.matchAll(/=\?[^?\s]+\?([bq])\?([^?\s]*)\?=/gi)) {
    const octets =
      encoding?.toLowerCase() === "b" ? Buffer.from(word ?? "", "base64").toString("latin1") : (word ?? "").replace(/=40/g, "@");
    if (octets.includes("@")) return true;
  }
  return false;
}

/** Quoted string, address in brackets, comment (one that nests or holds an @ is none), plain run. Sticky: the first piece without an end stops it. */
const TOKENS = /"[^"\\]*(?:\\.[^"\\]*)*"|<[^<>"]*(?:"[^"\\]*(?:\\.[^"\\]*)*"[^<>"]*)*>|\([^()\\@]*(?:\\[^@][^()\\@]*)*\)|[^"<(]+/gy;

/** The one address in the text of a From field: `ann@x.test`, `Ann <ann@x.test>`, `"A, B" <ann@x.test> (home)`; null for any other form. */
function takeApart(text: string): string | null {
  const tokens = (text.match(TOKENS) ?? []).map((token) => (token.startsWith("(") ? " ".repeat(token.length) : token));
  const whole = tokens.join("");
  if (whole.length !== text.length) return null;
  const at = tokens.findIndex((token) => token.startsWith("<"));
  if (at < 0) return whole.trim();
  const phrase = tokens.slice(0, at).filter((token) => !token.startsWith('"'));
  const behind = tokens.slice(at + 1).join("");
  return /[@>)[\]\\,;:]/.test(phrase.join("")) || behind.trim() !== "" ? null : (tokens[at]?.slice(1, -1) ?? null);
}
