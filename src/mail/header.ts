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

/** Octets: of the section with its empty line (so also of its lines and fields), and of one line without CR LF. */
export const HEADER_LIMIT = 256 * 1024;
export const LINE_LIMIT = 32 * 1024;
/** RFC 5321 §6.3: at least 100 is advised; 50 is what Postfix has always taken for a loop. */
export const RECEIVED_LIMIT = 50;

const LF = 0x0a;
const CR = 0x0d;
const TAB = 0x09;
const BLANK = 0x20;
const COLON = 0x3a;
const END = Buffer.from("\r\n\r\n");

/** Takes the content as it arrives and keeps its header section, at most HEADER_LIMIT octets. The pieces must not change afterwards. */
export class HeaderCollector {
  readonly #pieces: Buffer[] = [];
  #size = 0;
  #complete = false;
  /** The last three octets read; at the start as if a line had just ended, so that an empty first line is seen. */
  #tail: Buffer = Buffer.from("\r\n");

  write(octets: Buffer): void {
    if (this.#complete || this.#size > HEADER_LIMIT) return;
    const end = this.#endIn(octets);
    this.#complete = end >= 0;
    const piece = octets.subarray(0, Math.min(this.#complete ? end : octets.length, HEADER_LIMIT + 1 - this.#size));
    this.#pieces.push(piece);
    this.#size += piece.length;
  }

  /** To be asked when all content is written. */
  read(): ReadHeader {
    const [only] = this.#pieces;
    const read = readHeader(this.#pieces.length === 1 && only !== undefined ? only : Buffer.concat(this.#pieces));
    return read.ok && this.#size > HEADER_LIMIT ? { ok: false, reply: replies.headerTooLarge } : read;
  }

  /** Where in `octets` the header section ends, -1: not in here. */
  #endIn(octets: Buffer): number {
    const seam = Buffer.concat([this.#tail, octets.subarray(0, END.length - 1)]);
    const atSeam = seam.indexOf(END);
    if (atSeam >= 0) return atSeam + END.length - this.#tail.length;
    const inside = octets.indexOf(END);
    if (inside >= 0) return inside + END.length;
    this.#tail = octets.length >= END.length - 1 ? octets.subarray(1 - END.length) : seam.subarray(1 - END.length);
    return -1;
  }
}

/** Reads a header section, up to its empty line if it has one: a message without a body has none (RFC 5322 §3.5). Linear in its size. */
export function readHeader(section: Buffer): ReadHeader {
  const fields: HeaderField[] = [];
  let ambiguous = false;
  let start = 0;
  while (start < section.length && !emptyLineAt(section, start)) {
    const end = endOfField(section, start);
    if (end < 0) return { ok: false, reply: replies.dataLineTooLong };
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

/** Where the field's last line ends: the next line does not begin with a blank. -1: one of its lines is too long. */
function endOfField(octets: Buffer, start: number): number {
  for (let lineStart = start; ; ) {
    const lf = octets.indexOf(LF, lineStart);
    const end = lf < 0 ? octets.length : lf + 1;
    if (end - lineStart > LINE_LIMIT + 2) return -1;
    if (octets[end] !== BLANK && octets[end] !== TAB) return end;
    lineStart = end;
  }
}

/** RFC 5322 §2.2: printable ASCII but for the colon, then the colon, with the blanks before it that §4.5 allows. -1: no field. */
function endOfName(octets: Buffer, start: number, end: number): number {
  let nameEnd = start;
  for (let octet = octets[nameEnd] ?? 0; nameEnd < end && octet > BLANK && octet < 0x7f && octet !== COLON; octet = octets[nameEnd] ?? 0)
    nameEnd++;
  let colon = nameEnd;
  while (octets[colon] === BLANK || octets[colon] === TAB) colon++;
  return nameEnd > start && colon < end && octets[colon] === COLON ? nameEnd : -1;
}

/** A continuation line of blanks only: some readers take it for the end of the header. */
function hasBlankLine(octets: Buffer, start: number, end: number): boolean {
  const lineStart = octets.indexOf(LF, start) + 1;
  return lineStart > 0 && lineStart < end && /(?:^|\n)[ \t]+(?:\r?\n|$)/.test(octets.toString("latin1", lineStart, end));
}
