/** Codes and links that prove who reads a mailbox. The database has hashes alone, so that a copy of it confirms nothing. */
import { createHash, createHmac, randomBytes, randomInt, timingSafeEqual } from "node:crypto";

/** What the key of the codes is called (db/secrets.ts). */
export const CODE_SECRET = "forwarding codes";

export const newCode = (): string => String(randomInt(1_000_000)).padStart(6, "0");

/** Six digits are guessed at once by whoever has a plain hash; of the request's number too, so that equal codes do not look equal. */
export const codeHash = (secret: Buffer, requestNo: number, code: string): Buffer =>
  createHmac("sha256", secret).update(`${requestNo}:${code}`).digest();

/** True: `typed` is the code. Blanks are not counted: people type what they see. */
export function isCode(secret: Buffer, requestNo: number, hash: Buffer, typed: string): boolean {
  const code = typed.replace(/[\s-]/g, "");
  return /^\d{6}$/.test(code) && timingSafeEqual(codeHash(secret, requestNo, code), hash);
}

/** 256 bits for a link. */
export const newToken = (): string => randomBytes(32).toString("base64url");

export const tokenHash = (token: string): Buffer => createHash("sha256").update(token).digest();

/** Null: it cannot be a token of ours, and nobody need look. */
export const tokenOf = (text: string): string | null => (/^[\w-]{43}$/.test(text) ? text : null);

/** Where on the server the links lead. */
export const CONFIRM_PATH = "/forwarding/confirm/";
export const UNDO_PATH = "/forwarding/undo/";
