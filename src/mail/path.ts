/**
 * What stands between the colon of MAIL FROM / RCPT TO and the ESMTP parameters (RFC 5321 §4.1.2). Works on raw octets: nothing is
 * decoded before it is known to be UTF-8.
 */

import type { AddressFault } from "./address-fault.ts";
import { isLiteral } from "./domain.ts";
import type { ReversePath } from "./envelope.ts";
import { type Mailbox, parseMailbox } from "./mailbox.ts";

/** RFC 5321 §4.1.1.3: a mailbox, or `<postmaster>` without a domain, which every server must take (§4.5.1). */
export type ForwardPath = { readonly kind: "mailbox"; readonly mailbox: Mailbox } | { readonly kind: "postmaster" };

/** A path and the octets of its ESMTP parameters, without the blank before them. */
export type ParsedPath<Path> =
  | { readonly ok: true; readonly path: Path; readonly parameters: Buffer }
  | { readonly ok: false; readonly fault: AddressFault };

const PATH_LIMIT = 256; // octets with the brackets, RFC 5321 §4.5.3.1.3
const LT = 0x3c;
const GT = 0x3e;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const BLANK = 0x20;

/**
 * The argument of MAIL FROM. Non-ASCII is allowed if `smtputf8` says so; left out, if the parameters behind the path do
 * (RFC 6531 §3.4).
 */
export function parseReversePath(argument: Buffer, options: { readonly smtputf8?: boolean } = {}): ParsedPath<ReversePath> {
  const split = splitPath(argument);
  if ("kind" in split) return { ok: false, fault: split };
  const { inner, parameters } = split;
  if (inner.length === 0) return { ok: true, path: null, parameters };
  const smtputf8 = options.smtputf8 ?? /(?:^| )SMTPUTF8(?: |$)/i.test(parameters.toString("latin1"));
  const mailbox = readMailbox(inner, smtputf8);
  return "kind" in mailbox ? { ok: false, fault: mailbox } : { ok: true, path: mailbox, parameters };
}

/** The argument of RCPT TO. `smtputf8`: MAIL asked for it. */
export function parseForwardPath(argument: Buffer, options: { readonly smtputf8: boolean }): ParsedPath<ForwardPath> {
  const split = splitPath(argument);
  if ("kind" in split) return { ok: false, fault: split };
  const { inner, parameters } = split;
  if (inner.length === 0) return { ok: false, fault: grammar("an empty forward-path") };
  if (inner.length === 10 && /^postmaster$/i.test(inner.toString("latin1"))) return { ok: true, path: { kind: "postmaster" }, parameters };
  const mailbox = readMailbox(inner, options.smtputf8);
  return "kind" in mailbox ? { ok: false, fault: mailbox } : { ok: true, path: { kind: "mailbox", mailbox }, parameters };
}

const grammar = (detail: string): AddressFault => ({ kind: "grammar", detail });

type Split = { readonly inner: Buffer; readonly parameters: Buffer };

/** Cuts the argument at the brackets. Blanks before `<` are let pass, as old clients send one (RFC 5321 §4.1.1 asks for none). */
function splitPath(argument: Buffer): Split | AddressFault {
  let start = 0;
  while (argument[start] === BLANK) start++;
  if (argument[start] !== LT) return grammar("a path stands in < and >");
  const end = closingBracket(argument, start + 1);
  if (end < 0) return grammar("the path has no end");
  let rest = end + 1;
  if (rest < argument.length && argument[rest] !== BLANK) return { kind: "octets", detail: "text directly behind the path" };
  while (argument[rest] === BLANK) rest++;
  let last = argument.length;
  while (last > rest && argument[last - 1] === BLANK) last--; // RFC 5321 §4.1.1: trailing blanks are tolerated
  return { inner: argument.subarray(start + 1, end), parameters: argument.subarray(rest, last) };
}

/** The `>` that is not inside a quoted string; -1: none. */
function closingBracket(octets: Buffer, from: number): number {
  const first = octets.indexOf(GT, from);
  const quote = octets.indexOf(QUOTE, from);
  if (first < 0 || quote < 0 || quote > first) return first;
  let quoted = false;
  for (let i = from; i < octets.length; i++) {
    const octet = octets[i];
    if (octet === QUOTE) quoted = !quoted;
    else if (octet === BACKSLASH && quoted) i++;
    else if (octet === GT && !quoted) return i;
  }
  return -1;
}

/** RFC 5321 §3.3 and appendix C: a source route is checked, then dropped; the mailbox behind it decides alone. */
function readMailbox(inner: Buffer, smtputf8: boolean): Mailbox | AddressFault {
  let start = 0;
  let routeFault: AddressFault | null = null;
  if (inner[0] === 0x40) {
    const colon = inner.indexOf(0x3a);
    if (colon < 0) return grammar("a source route without its colon, or nothing before @");
    routeFault = checkRoute(inner.subarray(0, colon), smtputf8);
    start = colon + 1;
  }
  if (routeFault !== null) return routeFault;
  const parsed = parseMailbox(start === 0 ? inner : inner.subarray(start), { smtputf8 });
  if (!parsed.ok) return parsed.fault;
  if (inner.length + 2 > PATH_LIMIT) return { kind: "length", detail: `a path of more than ${PATH_LIMIT} octets` };
  return parsed.mailbox;
}

/** `@one.example,@two.example`. Each is read by the address function, as a mailbox at that domain. */
function checkRoute(route: Buffer, smtputf8: boolean): AddressFault | null {
  for (let start = 0; start < route.length; ) {
    const comma = route.indexOf(0x2c, start);
    const hop = route.subarray(start, comma < 0 ? route.length : comma);
    if (hop[0] !== 0x40) return grammar("a hop of the source route without @");
    const parsed = parseMailbox(Buffer.concat([Buffer.from("route"), hop]), { smtputf8 });
    if (!parsed.ok) return parsed.fault;
    if (isLiteral(parsed.mailbox.domain)) return grammar("an address literal in a source route");
    if (comma === route.length - 1) return grammar("a source route that ends with a comma");
    start = comma < 0 ? route.length : comma + 1;
  }
  return null;
}
