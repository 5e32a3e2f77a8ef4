/**
 * The header section of a message, read from its octets and never changed: where it ends, its fields with their lines as they
 * came, and what is wrong with it. Nothing behind the empty line is looked at, and MIME is not known here.
 */
import { replies } from "./replies.ts";
import type { Reply } from "./reply.ts";

/** One field (RFC 5322 §2.2). `name` in lower case; `raw`: all its lines, line ends included. */
export type HeaderField = { readonly name: string; readonly raw: Buffer };

/**
 * `size`: octets up to and with the empty line. `ambiguous`: some line is neither a field nor a continuation of one, holds only
 * blanks, or has a blank before its colon; readers of mail differ about such a header, so it names no author.
 */
export type Header = { readonly fields: readonly HeaderField[]; readonly size: number; readonly ambiguous: boolean };

export type ReadHeader = { readonly ok: true; readonly header: Header } | { readonly ok: false; readonly reply: Reply };

const LF = 0x0a;
const CR = 0x0d;
const TAB = 0x09;
const BLANK = 0x20;
const COLON = 0x3a;

/**
 * Reads a header section, up to its empty line if it has one: a message without a body has none (RFC 5322 §3.5). Refused is one
 * whose first line is neither a field nor empty: it would run into the fields put in front of it. Linear in the size of the
 * section, which the caller has bounded.
 */
export function readHeader(section: Buffer): ReadHeader {
  const fields: HeaderField[] = [];
  let ambiguous = false;
  let start = 0;
  while (start < section.length && !emptyLineAt(section, start)) {
    const end = endOfField(section, start);
    const nameEnd = endOfName(section, start, end);
    if (nameEnd < 0 && start === 0) return { ok: false, reply: replies.noHeader };
    if (nameEnd >= 0) fields.push({ name: section.toString("latin1", start, nameEnd).toLowerCase(), raw: section.subarray(start, end) });
    ambiguous ||= nameEnd < 0 || section[nameEnd] !== COLON || hasBlankLine(section, start, end);
    start = end;
  }
  const size = start < section.length ? section.indexOf(LF, start) + 1 : start;
  return { ok: true, header: { fields, size, ambiguous } };
}

export const fieldsNamed = (header: Header, name: string): readonly HeaderField[] => header.fields.filter((field) => field.name === name);

/** What stands behind the colon, unfolded (RFC 5322 §2.2.3) and trimmed. What is not UTF-8 becomes U+FFFD. */
export const fieldText = ({ raw }: HeaderField): string =>
  raw
    .toString("utf8", raw.indexOf(COLON) + 1)
    .replace(/\r?\n(?=[ \t])/g, "")
    .trim();

const emptyLineAt = (octets: Buffer, at: number): boolean => octets[at] === LF || (octets[at] === CR && octets[at + 1] === LF);

/** Where the field's last line ends: the next line does not begin with a blank. */
function endOfField(octets: Buffer, start: number): number {
  for (let lineStart = start; ; ) {
    const lf = octets.indexOf(LF, lineStart);
    const end = lf < 0 ? octets.length : lf + 1;
    if (octets[end] !== BLANK && octets[end] !== TAB) return end;
    lineStart = end;
  }
}

/** RFC 5322 §2.2: printable ASCII but for the colon, then the colon, with the blanks before it that §4.5 allows. -1: no field. */
function endOfName(octets: Buffer, start: number, end: number): number {
  let nameEnd = start;
  while (nameEnd < end && isNameOctet(octets[nameEnd] ?? 0)) nameEnd++;
  let colon = nameEnd;
  while (octets[colon] === BLANK || octets[colon] === TAB) colon++;
  return nameEnd > start && colon < end && octets[colon] === COLON ? nameEnd : -1;
}

/** A continuation line of blanks only: some readers take it for the end of the header. */
function hasBlankLine(octets: Buffer, start: number, end: number): boolean {
  const lineStart = octets.indexOf(LF, start) + 1;
  return lineStart > 0 && lineStart < end && /(?:^|\n)[ \t]+(?:\r?\n|$)/.test(octets.toString("latin1", lineStart, end));
}

const isNameOctet = (octet: number): boolean => octet > BLANK && octet < 0x7f && octet !== COLON;
