/**
 * The one address function: octets or text in, a canonical mailbox or an AddressFault out. SMTP, directory rows, admin input,
 * import and SRS all come through here, and no other code takes an address apart. The steps keep their order, which the replies
 * depend on: octets, grammar, length, canonical form.
 */
import { type AddressFault, fault } from "./address-fault.ts";
import { parseDomain } from "./domain.ts";

/**
 * RFC 5321 §2.3.11, canonical: quotes of the local part removed, domain as lower-case A-labels. `localPart` keeps its
 * case (foreign local parts are case-sensitive, §2.4); at our own domains `atOurs` lowers its ASCII letters.
 * `key` is `localPart@domain`, the one form in which two mailboxes are compared; mailboxOfKey reads it back.
 * Only parseMailbox makes one; its other result is an AddressFault.
 */
export type Mailbox = { readonly localPart: string; readonly domain: string; readonly key: string };

export type ParsedMailbox = { readonly ok: true; readonly mailbox: Mailbox } | { readonly ok: false; readonly fault: AddressFault };

/** Options of parseMailbox. `smtputf8`: non-ASCII is allowed (RFC 6531). */
export type MailboxOptions = { readonly smtputf8?: boolean };

/** Octets. RFC 5321 §4.5.3.1.1 and §4.5.3.1.3: a path has 256 with its brackets. Local parts are measured as written, quotes included. */
const LOCAL_PART_LIMIT = 64;
const MAILBOX_LIMIT = 254;

// RFC 5321 §4.1.2, with the additions of RFC 6531 §3.3. Controls are gone before these are asked.
const DOT_STRING = /^[\w!#$%&'*+/=?^`{|}~\u0080-\u{10FFFF}-]+(?:\.[\w!#$%&'*+/=?^`{|}~\u0080-\u{10FFFF}-]+)*$/u;
const QUOTED_STRING = /^"((?:[ !#-[\]-~\u0080-\u{10FFFF}]|\\[ -~])*)"(?=@|$)/u;
/** Nearly all mail: an ASCII dot-string at a name of letters, digits and hyphens. */
const PLAIN =
  /^[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*@[A-Za-z0-9]+(?:-+[A-Za-z0-9]+)*(?:\.[A-Za-z0-9]+(?:-+[A-Za-z0-9]+)*)*$/;

/**
 * Reads one RFC 5321 mailbox, nothing around it. Its canonical text (mailboxText) reads as the same mailbox again.
 * Local parts that are not ASCII are kept octet by octet, not brought to NFC: they are foreign (ours are ASCII) and only their
 * own host may say which spellings are one (RFC 5321 §2.3.11).
 */
export function parseMailbox(input: string | Uint8Array, options: MailboxOptions = {}): ParsedMailbox {
  if (input.length <= MAILBOX_LIMIT) {
    const text = typeof input === "string" ? input : latin1(input);
    if (PLAIN.test(text)) {
      const at = text.indexOf("@");
      const domain = text.slice(at + 1).toLowerCase(); // ASCII by PLAIN
      if (at <= LOCAL_PART_LIMIT && domain.length <= 63) return { ok: true, mailbox: mailboxOf(text.slice(0, at), domain) };
    }
  }
  const read = readText(input, options.smtputf8 === true);
  return typeof read === "string" ? parseText(read) : { ok: false, fault: read };
}

/** The same mailbox as one of ours: ASCII letters of the local part lowered (never toLowerCase: the Kelvin sign would become k). */
export function atOurs(mailbox: Mailbox): Mailbox {
  const localPart = mailbox.localPart.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
  return localPart === mailbox.localPart ? mailbox : mailboxOf(localPart, mailbox.domain);
}

/** The mailbox as it goes on the wire, between < and > (RFC 5321 §4.1.2): quotes put back where the local part needs them. */
export function mailboxText(mailbox: Mailbox): string {
  return DOT_STRING.test(mailbox.localPart) ? mailbox.key : `"${mailbox.localPart.replace(/["\\]/g, "\\$&")}"@${mailbox.domain}`;
}

/** Reads a stored key back. What is no key of a canonical mailbox (somebody wrote the row by hand) is a fault. */
export function mailboxOfKey(key: string): ParsedMailbox {
  const at = key.lastIndexOf("@");
  if (at < 0) return fault("noDomain", "the domain is missing");
  const parsed = parseMailbox(mailboxText(mailboxOf(key.slice(0, at), key.slice(at + 1))), { smtputf8: true });
  return parsed.ok && parsed.mailbox.key !== key ? fault("grammar", `not canonical: it would be ${parsed.mailbox.key}`) : parsed;
}

/** A stored key as it is written and can be typed back in: quotes where the local part needs them. What is no key stays as it is. */
export function textOfKey(key: string): string {
  const parsed = mailboxOfKey(key);
  return parsed.ok ? mailboxText(parsed.mailbox) : key;
}

/** Whether a local part, lowered, can exist at our domains. Others are refused without a query: they are literals, never syntax. */
export const canBeOurLocalPart = (localPart: string): boolean => /^[a-z0-9._+'=-]+$/.test(localPart);

const mailboxOf = (localPart: string, domain: string): Mailbox => ({ localPart, domain, key: `${localPart}@${domain}` });

const latin1 = (octets: Uint8Array): string =>
  (Buffer.isBuffer(octets) ? octets : Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength)).toString("latin1");

/** ignoreBOM keeps a leading U+FEFF: without it two byte strings would be one address. */
const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Step one, octets: the text, or what is wrong with it before any grammar is asked. */
function readText(input: string | Uint8Array, smtputf8: boolean): string | AddressFault {
  const octets = typeof input === "string" ? input : latin1(input);
  if (/[^ -~\u0080-\uffff]/.test(octets)) return { kind: "octets", detail: "a control octet" };
  if (/^[ -~]*$/.test(octets)) return octets;
  const text = typeof input === "string" ? wellFormed(input) : decode(input);
  if (text === null) return { kind: "notUtf8", detail: "not valid UTF-8" };
  if (!smtputf8) return { kind: "notAscii", detail: "not ASCII, and SMTPUTF8 was not asked for" }; // RFC 6531 §3.1
  if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(text)) return { kind: "octets", detail: "a control character or line separator" };
  return text;
}

const wellFormed = (text: string): string | null => (/\p{Surrogate}/u.test(text) ? null : text);

function decode(octets: Uint8Array): string | null {
  try {
    return strictUtf8.decode(octets);
  } catch {
    return null;
  }
}

/** Steps two to four on text whose octets are in order. */
function parseText(text: string): ParsedMailbox {
  const quoted = QUOTED_STRING.exec(text);
  const at = quoted === null ? text.indexOf("@") : quoted[0].length;
  if (at < 0 || at === text.length) return fault("noDomain", "the domain is missing");
  const written = text.slice(0, at);
  if (quoted === null && !DOT_STRING.test(written)) return fault("grammar", whyNoDotString(written));
  const domain = parseDomain(text.slice(at + 1), { literals: true });
  if (!domain.ok) return domain;
  if (Buffer.byteLength(written) > LOCAL_PART_LIMIT) return fault("length", `the part before @ has more than ${LOCAL_PART_LIMIT} octets`);
  const mailbox = mailboxOf(quoted === null ? written : (quoted[1] ?? "").replace(/\\(.)/g, "$1"), domain.domain);
  // Both forms must fit a path: A-labels can be longer than the letters they stand for.
  const longest = Math.max(Buffer.byteLength(text), Buffer.byteLength(mailboxText(mailbox)));
  return longest > MAILBOX_LIMIT ? fault("length", `more than ${MAILBOX_LIMIT} octets`) : { ok: true, mailbox };
}

function whyNoDotString(localPart: string): string {
  if (localPart === "") return "nothing before @";
  if (localPart.startsWith('"')) return "the quoted part before @ does not end, or text follows it";
  if (/^\.|\.$|\.\./.test(localPart)) return "a dot at the start or end, or two dots together, before @";
  if (localPart.includes(" ")) return "a blank outside quotes";
  return "a character before @ that needs quotes";
}
