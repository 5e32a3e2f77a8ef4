/** The second factor of local accounts: codes by time (RFC 6238), as authenticator apps make them. */
import { Secret, TOTP } from "otpauth";

const STEP_SECONDS = 30;
/** RFC 4226 §4: a shared secret of 160 bits. */
const SECRET_OCTETS = 20;

/** A new secret, all chance. */
export const newTotpSecret = (): Buffer => Buffer.from(new Secret({ size: SECRET_OCTETS }).bytes);

const totpOf = (secret: Buffer, names: { readonly issuer?: string; readonly label?: string } = {}): TOTP =>
  new TOTP({ secret: new Secret({ buffer: new Uint8Array(secret).buffer }), period: STEP_SECONDS, ...names });

/** What an app takes: the secret in Base32 for typing, and all of it as a link. */
export function totpSetUp(secret: Buffer, issuer: string, login: string): { readonly secret: string; readonly uri: string } {
  const totp = totpOf(secret, { issuer, label: login });
  return { secret: totp.secret.base32, uri: totp.toString() };
}

/** The step of time whose code this is; null: of none near now. RFC 6238 §5.2: one step either way, for clocks that differ. */
export function stepOfCode(secret: Buffer, code: string, now: number): number | null {
  if (!/^\d{6}$/.test(code)) return null;
  const delta = totpOf(secret).validate({ token: code, timestamp: now, window: 1 });
  return delta === null ? null : Math.floor(now / 1000 / STEP_SECONDS) + delta;
}
