import { createHash } from "node:crypto";

/** What the database keeps of a secret that is chance alone: a cookie, a token, a state. Of 256 bits nobody tries them all, so no slow hash is needed. */
export const secretHash = (secret: string): Buffer => createHash("sha256").update(secret).digest();
