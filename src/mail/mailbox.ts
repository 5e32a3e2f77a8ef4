/**
 * RFC 5321 §2.3.11, canonical: quotes of the local part removed, domain as lower-case A-labels. `localPart` keeps its
 * case (foreign local parts are case-sensitive, §2.4); at our own domains `atOurs` lowers its ASCII letters.
 * `key` is `localPart@domain`, the one form in which two mailboxes are compared.
 * Only parseMailbox makes one; its other result is an AddressFault.
 */
export type Mailbox = { readonly localPart: string; readonly domain: string; readonly key: string };

/** Why octets are no mailbox. `detail` is a sentence for people; the wire says only what the kind maps to. */
export type AddressFault = {
  readonly kind: "octets" | "notUtf8" | "notAscii" | "grammar" | "length" | "noDomain";
  readonly detail: string;
};

export type ParsedMailbox = { readonly ok: true; readonly mailbox: Mailbox } | { readonly ok: false; readonly fault: AddressFault };

/** Options of parseMailbox. `smtputf8`: non-ASCII is allowed (RFC 6531). */
export type MailboxOptions = { readonly smtputf8?: boolean };

const DOT_STRING = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/;
const DOMAIN = /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/;

/** First cut: dot-strings and ASCII domains only. */
export function parseMailbox(input: string | Uint8Array, _options: MailboxOptions = {}): ParsedMailbox {
  const text = typeof input === "string" ? input : Buffer.from(input).toString("latin1");
  const at = text.lastIndexOf("@");
  if (at < 0) return { ok: false, fault: { kind: "noDomain", detail: "the domain is missing" } };
  const localPart = text.slice(0, at);
  const domain = text.slice(at + 1).toLowerCase();
  if (!DOT_STRING.test(localPart) || !DOMAIN.test(domain)) return { ok: false, fault: { kind: "grammar", detail: "not a mailbox" } };
  return { ok: true, mailbox: { localPart, domain, key: `${localPart}@${domain}` } };
}

/** The same mailbox as one of ours: ASCII letters of the local part lowered (never toLowerCase: the Kelvin sign would become k). */
export function atOurs(mailbox: Mailbox): Mailbox {
  const localPart = mailbox.localPart.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  return localPart === mailbox.localPart ? mailbox : { localPart, domain: mailbox.domain, key: `${localPart}@${mailbox.domain}` };
}

/** The mailbox as it goes on the wire, between < and > (RFC 5321 §4.1.2): quotes put back where the local part needs them. */
export function mailboxText(mailbox: Mailbox): string {
  return DOT_STRING.test(mailbox.localPart) ? mailbox.key : `"${mailbox.localPart.replace(/["\\]/g, "\\$&")}"@${mailbox.domain}`;
}
