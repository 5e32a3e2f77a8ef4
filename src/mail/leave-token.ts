/** The link by which a member leaves a list (RFC 8058): whoever holds it may do that one thing, as long as the membership lasts. */
import { createHmac, timingSafeEqual } from "node:crypto";

/** Keys of mailboxes. */
export type Leaving = { readonly list: string; readonly member: string };

/** What the secret is called, and where on the server a token is used. */
export const LEAVE_SECRET = "leave";
export const LEAVE_PATH = "/leave/";

/** Octets of the hash that stand in the token: nobody guesses 128 bits. */
const PROOF_OCTETS = 16;
/** Two addresses and a proof are never longer. */
const LONGEST = 1024;
/** Stands in no address. */
const BETWEEN = "\n";

/** URL-safe text. `secret`: of all nodes (db/secrets.ts). */
export function leaveToken(secret: Buffer, { list, member }: Leaving): string {
  const claim = Buffer.from(`${list}${BETWEEN}${member}`, "utf8");
  return `${claim.toString("base64url")}.${proofOf(secret, claim).toString("base64url")}`;
}

/** What the token lets its holder do; null: it is none of ours. Takes the same time for every wrong proof. */
export function readLeaveToken(secret: Buffer, token: string): Leaving | null {
  const parts = token.length <= LONGEST ? /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{22})$/.exec(token) : null;
  const claim = Buffer.from(parts?.[1] ?? "", "base64url");
  const given = Buffer.from(parts?.[2] ?? "", "base64url");
  const proof = proofOf(secret, claim);
  if (given.length !== PROOF_OCTETS || !timingSafeEqual(given, proof)) return null;
  const [list, member, ...more] = claim.toString("utf8").split(BETWEEN);
  return list === undefined || member === undefined || more.length > 0 ? null : { list, member };
}

const proofOf = (secret: Buffer, claim: Buffer): Buffer =>
  createHmac("sha256", secret).update("leave").update(claim).digest().subarray(0, PROOF_OCTETS);
