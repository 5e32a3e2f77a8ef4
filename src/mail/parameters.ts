/**
 * The ESMTP parameters of MAIL and RCPT (RFC 5321 §4.1.2): an object, or the reply that refuses them. Every parameter here is
 * one we offer; another is 555 5.5.4, a bad value 501 5.5.4.
 */
import type { DsnRequest, Envelope, Notify } from "./envelope.ts";
import { parseMailbox } from "./mailbox.ts";
import { replies } from "./replies.ts";
import type { Reply } from "./reply.ts";
import { decodeXtext } from "./xtext.ts";

/** What MAIL said beside its path. `size` in octets, null: not said (RFC 1870 §3). */
export type MailParameters = Omit<Envelope, "reversePath"> & { readonly size: number | null };

export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly reply: Reply };

const NO_MAIL_PARAMETERS: MailParameters = { size: null, smtputf8: false, body: "7BIT", ret: null, envid: null };
const NO_DSN: DsnRequest = { notify: null, orcpt: null };

/** Reads the value of one parameter; null: it is wrong. */
type Reader<T> = (value: string | null) => Partial<T> | null;

const mailReaders = new Map<string, Reader<MailParameters>>([
  ["SIZE", (value) => given("size", wholeNumber(value))],
  ["BODY", (value) => given("body", oneOf(value, ["7BIT", "8BITMIME"]))], // RFC 6152 §3
  ["SMTPUTF8", (value) => (value === null ? { smtputf8: true } : null)], // RFC 6531 §3.4: it has no value
  ["RET", (value) => given("ret", oneOf(value, ["FULL", "HDRS"]))], // RFC 3461 §4.3
  ["ENVID", (value) => given("envid", readEnvid(value))],
]);
/** RFC 4954 §5: read where AUTH is offered, and believed nowhere: nobody is trusted to say who wrote what they send. */
const submissionReaders = new Map<string, Reader<MailParameters>>([
  ...mailReaders,
  ["AUTH", (value) => (value !== null && isAuthValue(value) ? {} : null)],
]);
const rcptReadersFor = (smtputf8: boolean) =>
  new Map<string, Reader<DsnRequest>>([
    ["NOTIFY", (value) => given("notify", readNotify(value))],
    ["ORCPT", (value) => given("orcpt", readOrcpt(value, smtputf8))],
  ]);
const rcptReaders = { ascii: rcptReadersFor(false), utf8: rcptReadersFor(true) };

/** `parameters`: what stands behind the path, as latin1 text. `sizeLimit` in octets: what SIZE= may announce. `auth`: AUTH was offered. */
export function parseMailParameters(
  parameters: string,
  limits: { readonly sizeLimit: number; readonly auth: boolean },
): Parsed<MailParameters> {
  const parsed = parseParameters(parameters, limits.auth ? submissionReaders : mailReaders, NO_MAIL_PARAMETERS);
  const tooLarge = parsed.ok && parsed.value.size !== null && parsed.value.size > limits.sizeLimit; // RFC 1870 §6.1
  return tooLarge ? { ok: false, reply: replies.messageTooLarge } : parsed;
}

/** `parameters`: what stands behind the path, as latin1 text. `smtputf8`: MAIL asked for it, so ORCPT may hold UTF-8 (RFC 6533 §3). */
export function parseRcptParameters(parameters: string, options: { readonly smtputf8: boolean }): Parsed<DsnRequest> {
  return parseParameters(parameters, options.smtputf8 ? rcptReaders.utf8 : rcptReaders.ascii, NO_DSN);
}

function parseParameters<T>(parameters: string, readers: ReadonlyMap<string, Reader<T>>, defaults: T): Parsed<T> {
  if (parameters === "") return { ok: true, value: defaults };
  let value = defaults;
  const seen = new Set<string>();
  for (const parameter of parameters.split(" ")) {
    if (parameter === "") continue; // several blanks
    const match = PARAMETER.exec(parameter);
    const keyword = match?.[1]?.toUpperCase();
    if (keyword === undefined || seen.has(keyword)) return { ok: false, reply: replies.badParameter };
    const reader = readers.get(keyword);
    if (reader === undefined) return { ok: false, reply: replies.unknownParameter }; // RFC 5321 §4.1.1.11
    const read = reader(match?.[2] ?? null);
    if (read === null) return { ok: false, reply: replies.badParameter };
    value = { ...value, ...read };
    seen.add(keyword);
  }
  return { ok: true, value };
}

const PARAMETER = /^([A-Za-z0-9][A-Za-z0-9-]*)(?:=([!-<>-~\u0080-\u00ff]+))?$/; // RFC 5321 §4.1.2 esmtp-param, RFC 6531 §3.3

const given = <const K extends string, V>(name: K, value: V | null): Record<K, V> | null =>
  value === null ? null : ({ [name]: value } as Record<K, V>);

/** RFC 3461 §4.4: xtext of at most 100 characters, printable once decoded. */
const readEnvid = (value: string | null): string | null =>
  value !== null && value.length <= 100 && isPrintable(decodeXtext(value)) ? value : null;

/** RFC 4954 §5: `<>` or a mailbox, as xtext. */
function isAuthValue(value: string): boolean {
  const text = decodeXtext(value);
  return text === "<>" || (text !== null && parseMailbox(text, { smtputf8: true }).ok);
}

/** RFC 1870 §3: digits only. A number too large to be exact is none. */
function wholeNumber(value: string | null): number | null {
  if (value === null || !/^[0-9]{1,20}$/.test(value)) return null;
  const size = Number(value);
  return Number.isSafeInteger(size) ? size : null;
}

const oneOf = <const T extends string>(value: string | null, allowed: readonly T[]): T | null =>
  allowed.find((word) => word === value?.toUpperCase()) ?? null;

/** RFC 3461 §4.1: NEVER alone, or some of the others. */
function readNotify(value: string | null): Notify {
  if (value === null) return null;
  const words = value.split(",").map((word) => oneOf(word, ["NEVER", "SUCCESS", "FAILURE", "DELAY"]));
  const known = words.filter((word) => word !== null);
  if (known.length < words.length || (known.length > 1 && known.includes("NEVER"))) return null;
  return [...new Set(known)];
}

/**
 * RFC 3461 §4.2: `type;xtext`, at most 500 characters, printable once decoded: it will stand in a header field of a DSN. Type utf-8
 * may hold UTF-8 as it is; what is kept is the other form of RFC 6533 §3, `\\x{…}`, which every next hop and every DSN can take.
 */
function readOrcpt(value: string | null, smtputf8: boolean): string | null {
  const [, type, address] = /^([A-Za-z0-9!#$%&'*/?^_`{|}~-]+);(.+)$/.exec(value ?? "") ?? [];
  if (value === null || value.length > 500 || type === undefined || address === undefined) return null;
  const ascii = address.replace(/[\u0080-\u00ff]+/g, "");
  if (!isPrintable(decodeXtext(ascii))) return null;
  if (ascii === address) return value;
  const text = Buffer.from(value, "latin1").toString("utf8");
  if (!smtputf8 || type.toLowerCase() !== "utf-8" || /[\ufffd\p{Cc}\p{Zl}\p{Zp}]/u.test(text)) return null;
  return text.replace(/[^ -~]/gu, (character) => `\\x{${(character.codePointAt(0) ?? 0).toString(16).toUpperCase()}}`);
}

const isPrintable = (text: string | null): boolean => text !== null && /^[ -~]*$/.test(text);
