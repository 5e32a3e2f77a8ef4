/** Makes a self-signed certificate: X.509 v3 (RFC 5280), P-256, SHA-256. DER is written by hand, since Node can read certificates and not make them. */
import { generateKeyPairSync, randomBytes, sign } from "node:crypto";

/** PEM of a key (PKCS #8) and of its certificate. */
export type Pair = { readonly cert: string; readonly key: string };

const DAY = 86_400_000;
/** For strangers' opportunistic TLS nobody checks it; it only has to outlive the machine. */
const YEARS = 10;

/** A new key and a certificate of it for `hostname`, valid for ten years from a day before `now`. */
export function selfSigned(hostname: string, now: Date): Pair {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const ecdsaWithSha256 = sequence(oid("1.2.840.10045.4.3.2"));
  // RFC 5280 Appendix A.1, ub-common-name: 64. The name that counts is in subjectAltName.
  const name = sequence(set(sequence(oid("2.5.4.3"), der(UTF8_STRING, Buffer.from(hostname.slice(0, 64))))));
  const tbs = sequence(
    der(CONTEXT_0, integer(Buffer.from([2]))), // RFC 5280 §4.1.2.1: v3
    integer(randomBytes(16)), // RFC 5280 §4.1.2.2: positive, at most 20 octets
    ecdsaWithSha256,
    name,
    sequence(time(new Date(now.getTime() - DAY)), time(new Date(now.getTime() + YEARS * 365 * DAY))),
    name,
    publicKey.export({ type: "spki", format: "der" }),
    der(CONTEXT_3, sequence(...extensions(hostname))),
  );
  const signature = sign("sha256", tbs, { key: privateKey, dsaEncoding: "der" });
  return {
    cert: pem("CERTIFICATE", sequence(tbs, ecdsaWithSha256, bitString(0, signature))),
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

/** RFC 5280 §4.2.1.3 (key usage), §4.2.1.6 (alternative name), §4.2.1.9 (no CA), §4.2.1.12 (TLS server). */
function extensions(hostname: string): Buffer[] {
  const critical = der(BOOLEAN, Buffer.from([0xff]));
  const octets = (content: Buffer) => der(OCTET_STRING, content);
  return [
    sequence(oid("2.5.29.19"), critical, octets(sequence())),
    sequence(oid("2.5.29.15"), critical, octets(bitString(7, Buffer.from([0x80])))), // digitalSignature
    sequence(oid("2.5.29.37"), octets(sequence(oid("1.3.6.1.5.5.7.3.1")))),
    sequence(oid("2.5.29.17"), octets(sequence(der(DNS_NAME, Buffer.from(hostname, "latin1"))))),
  ];
}

const BOOLEAN = 0x01;
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
const OBJECT_IDENTIFIER = 0x06;
const UTF8_STRING = 0x0c;
const UTC_TIME = 0x17;
const GENERALIZED_TIME = 0x18;
const SEQUENCE = 0x30;
const SET = 0x31;
const DNS_NAME = 0x82;
const CONTEXT_0 = 0xa0;
const CONTEXT_3 = 0xa3;

/** Tag, length, value. Lengths from 128 on are written as their own count of octets first. */
function der(tag: number, ...content: readonly Buffer[]): Buffer {
  const value = Buffer.concat(content);
  if (value.length < 128) return Buffer.concat([Buffer.from([tag, value.length]), value]);
  const length = Buffer.from(value.length.toString(16).padStart(4, "0"), "hex"); // two octets: nothing here is longer than 65,535
  const short = length[0] === 0 ? length.subarray(1) : length;
  return Buffer.concat([Buffer.from([tag, 0x80 | short.length]), short, value]);
}

const sequence = (...content: readonly Buffer[]): Buffer => der(SEQUENCE, ...content);
const set = (...content: readonly Buffer[]): Buffer => der(SET, ...content);
const bitString = (unused: number, bits: Buffer): Buffer => der(BIT_STRING, Buffer.from([unused]), bits);

/** A positive number: first octet 01–7F, so that it is neither negative nor padded. */
function integer(octets: Buffer): Buffer {
  const value = Buffer.from(octets);
  value[0] = (octets[0] ?? 0) & 0x7f || 1;
  return der(INTEGER, value);
}

function oid(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split(".").map(Number);
  const octets = [first * 40 + second, ...rest.flatMap(base128)];
  return der(OBJECT_IDENTIFIER, Buffer.from(octets));
}

/** Seven bits an octet, the high bit on all but the last. */
function base128(value: number): number[] {
  const octets = [value & 0x7f];
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) octets.unshift(0x80 | (rest & 0x7f));
  return octets;
}

/** RFC 5280 §4.1.2.5: two digits of the year through 2049, four from 2050 on. */
function time(date: Date): Buffer {
  const digits = `${date.toISOString().replace(/[-:T]/g, "").slice(0, 14)}Z`;
  return date.getUTCFullYear() < 2050 ? der(UTC_TIME, Buffer.from(digits.slice(2))) : der(GENERALIZED_TIME, Buffer.from(digits));
}

const pem = (label: string, content: Buffer): string =>
  `-----BEGIN ${label}-----\n${(content.toString("base64").match(/.{1,64}/g) ?? []).join("\n")}\n-----END ${label}-----\n`;
