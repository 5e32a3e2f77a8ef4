import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";
import { type Fault, SettingsError } from "./fault.ts";
import { Secret } from "./secret.ts";

/** A certificate chain and its key, checked against each other. PEM. */
export type Certificate = { readonly cert: string; readonly key: Secret; readonly selfSigned: boolean; readonly expiresAt: Date };

/** A file and what is in it. */
export type PemFile = { readonly name: string; readonly text: string };

/**
 * Makes sure that a chain and a key can serve together at `now` (null: whenever). Throws SettingsError with all that is wrong,
 * each fault with its file.
 */
export function checkCertificate(certFile: PemFile, keyFile: PemFile, now: Date | null): Certificate {
  const faults: Fault[] = [];
  const wrong = (file: PemFile, what: string, hint: string): null => {
    faults.push({ where: file.name, key: null, what, hint });
    return null;
  };
  const chain = chainIn(certFile, wrong);
  const key = keyIn(keyFile, wrong);
  const [own] = chain ?? [];
  if (own && now) clock(own, now, (what, hint) => wrong(certFile, what, hint));
  if (chain && own && key && !own.checkPrivateKey(key)) {
    const misplaced = chain.some((each) => each.checkPrivateKey(key));
    if (misplaced) wrong(certFile, "our own certificate is not the first of the chain", "put it above those of the authorities");
    else wrong(keyFile, "the key is not the one of the certificate", `it must belong to ${certFile.name}`);
  }
  if (!chain || !own || !key || faults.length > 0) throw new SettingsError(faults);
  // Written anew, so that a key which stands beside the chain in one file does not travel with it.
  const pem = { cert: chain.map(String).join(""), key: key.export({ type: "pkcs8", format: "pem" }).toString() };
  const trouble = tlsTrouble(pem);
  if (trouble !== null)
    throw new SettingsError([{ where: certFile.name, key: null, what: `cannot be used for TLS (${trouble})`, hint: "" }]);
  const selfSigned = own.issuer === own.subject && own.verify(own.publicKey);
  return { cert: pem.cert, key: new Secret(pem.key), selfSigned, expiresAt: new Date(own.validTo) };
}

type Wrong = (file: PemFile, what: string, hint: string) => null;

function chainIn(file: PemFile, wrong: Wrong): X509Certificate[] | null {
  const blocks = file.text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g);
  if (!blocks) return wrong(file, "holds no certificate", "it must be PEM: -----BEGIN CERTIFICATE-----");
  const parsed = blocks.map((block) => {
    try {
      return new X509Certificate(block);
    } catch {
      return null;
    }
  });
  const bad = parsed.indexOf(null);
  return bad < 0 ? parsed.filter((each) => each !== null) : wrong(file, `certificate ${bad + 1} of ${blocks.length} is damaged`, "");
}

function keyIn(file: PemFile, wrong: Wrong): KeyObject | null {
  if (/-----BEGIN ENCRYPTED PRIVATE KEY-----|Proc-Type: 4,ENCRYPTED/.test(file.text)) {
    return wrong(
      file,
      "the key is encrypted, and nobody can be asked for its password",
      "store it without one, readable by this account only",
    );
  }
  if (!/-----BEGIN ([A-Z]+ )?PRIVATE KEY-----/.test(file.text)) {
    return wrong(file, "holds no private key", "it must be PEM: -----BEGIN PRIVATE KEY-----");
  }
  try {
    return createPrivateKey(file.text);
  } catch {
    return wrong(file, "the private key is damaged", "");
  }
}

function clock(own: X509Certificate, now: Date, wrong: (what: string, hint: string) => null): void {
  const [from, to] = [new Date(own.validFrom), new Date(own.validTo)];
  const day = (date: Date) => date.toISOString().slice(0, 16).replace("T", " ");
  if (to <= now) wrong(`the certificate expired at ${day(to)} UTC`, "renew it");
  if (from > now) wrong(`the certificate is not valid before ${day(from)} UTC`, "is this machine's clock right?");
}

/** What only OpenSSL knows: keys too short, digests too weak. */
function tlsTrouble(pem: { readonly cert: string; readonly key: string }): string | null {
  try {
    createSecureContext({ ...pem, minVersion: "TLSv1.2" });
    return null;
  } catch (error) {
    return (error as { reason?: string }).reason ?? String(error);
  }
}
