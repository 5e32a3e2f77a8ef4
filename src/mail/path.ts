/**
 * What stands between the colon of MAIL FROM / RCPT TO and the ESMTP parameters (RFC 5321 §4.1.2). Octets are held as text with one
 * character each (latin1): nothing is decoded before the address function knows that it is UTF-8.
 */
import type { AddressFault } from "./address-fault.ts";
import { isLiteral } from "./domain.ts";
import type { ReversePath } from "./envelope.ts";
import { type Mailbox, parseMailbox } from "./mailbox.ts";

/** RFC 5321 §4.1.1.3: a mailbox, or `<postmaster>` without a domain, which every server must take (§4.5.1). */
export type ForwardPath = { readonly kind: "mailbox"; readonly mailbox: Mailbox } | { readonly kind: "postmaster" };

/** A path, and the octets of its ESMTP parameters as latin1 text, without the blanks around them. */
export type ParsedPath<Path> =
  | { readonly ok: true; readonly path: Path; readonly parameters: string }
  | { readonly ok: false; readonly fault: AddressFault };

const PATH_LIMIT = 256; // octets with the brackets, RFC 5321 §4.5.3.1.3

/** Up to the first `>` outside quotes. Blanks before `<` are let pass, as old clients send one (RFC 5321 §4.1.1 asks for none). */
const ARGUMENT = /^ *<([^>"]*(?:"[^"\\]*(?:\\.[^"\\]*)*"[^>"]*)*)>(.*)$/s;

/**
 * The argument of MAIL FROM. Non-ASCII is allowed if `smtputf8` says so; left out, if the parameters behind the path do
 * (RFC 6531 §3.4).
 */
export function parseReversePath(argument: Buffer, options: { readonly smtputf8?: boolean } = {}): ParsedPath<ReversePath> {
  const split = splitPath(argument);
  if ("kind" in split) return { ok: false, fault: split };
  const { inner, parameters } = split;
  if (inner === "") return { ok: true, path: null, parameters };
  const mailbox = readMailbox(inner, options.smtputf8 ?? /(?:^| )SMTPUTF8(?: |$)/i.test(parameters));
  return "kind" in mailbox ? { ok: false, fault: mailbox } : { ok: true, path: mailbox, parameters };
}

/** The argument of RCPT TO; `<>` is none. `smtputf8`: MAIL asked for it. */
export function parseForwardPath(argument: Buffer, options: { readonly smtputf8: boolean }): ParsedPath<ForwardPath> {
  const split = splitPath(argument);
  if ("kind" in split) return { ok: false, fault: split };
  const { inner, parameters } = split;
  if (/^postmaster$/i.test(inner)) return { ok: true, path: { kind: "postmaster" }, parameters };
  const mailbox = readMailbox(inner, options.smtputf8);
  return "kind" in mailbox ? { ok: false, fault: mailbox } : { ok: true, path: { kind: "mailbox", mailbox }, parameters };
}

const grammar = (detail: string): AddressFault => ({ kind: "grammar", detail });

function splitPath(argument: Buffer): { readonly inner: string; readonly parameters: string } | AddressFault {
  const [, inner, rest] = ARGUMENT.exec(argument.toString("latin1")) ?? [];
  if (inner === undefined || rest === undefined) return grammar("a path stands in < and >");
  if (rest !== "" && !rest.startsWith(" ")) return { kind: "octets", detail: "text directly behind the path" };
  return { inner, parameters: trimBlanks(rest) };
}

/** RFC 5321 §4.1.1: blanks at the end are tolerated. Only blanks: trim() would take other octets away. */
function trimBlanks(text: string): string {
  let [start, end] = [0, text.length];
  while (text[start] === " ") start++;
  while (end > start && text[end - 1] === " ") end--;
  return text.slice(start, end);
}

/** RFC 5321 §3.3 and appendix C: a source route is checked, then dropped; the mailbox behind it decides alone. */
function readMailbox(inner: string, smtputf8: boolean): Mailbox | AddressFault {
  const colon = inner.startsWith("@") ? inner.indexOf(":") : -1;
  const routeFault = colon < 0 ? null : checkRoute(inner.slice(0, colon), smtputf8);
  if (routeFault !== null) return routeFault;
  const parsed = parseMailbox(octetsOf(inner.slice(colon + 1)), { smtputf8 });
  if (!parsed.ok) return parsed.fault;
  if (inner.length + 2 > PATH_LIMIT) return { kind: "length", detail: `a path of more than ${PATH_LIMIT} octets` };
  return parsed.mailbox;
}

/** `@one.example,@two.example`: each hop is read by the address function, as a mailbox at that domain. */
function checkRoute(route: string, smtputf8: boolean): AddressFault | null {
  for (const hop of route.split(",")) {
    if (!hop.startsWith("@")) return grammar("a hop of the source route without @");
    const parsed = parseMailbox(octetsOf(`route${hop}`), { smtputf8 });
    if (!parsed.ok) return parsed.fault;
    if (isLiteral(parsed.mailbox.domain)) return grammar("an address literal in a source route");
  }
  return null;
}

/** ASCII is its own text; anything else must be judged as octets. */
const octetsOf = (latin1: string): string | Buffer => (/[\u0080-\u00ff]/.test(latin1) ? Buffer.from(latin1, "latin1") : latin1);
