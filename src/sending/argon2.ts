/** Hashes of secrets people type: argon2id (RFC 9106) with the parameters of OWASP, 19 MiB, two passes, one lane; never more at once than a node can bear. */
import { hash, verify } from "@node-rs/argon2";

const ARGON2ID = 2; // the library's enum has no values at run time
const PARAMETERS = { algorithm: ARGON2ID, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

export const hashOf = (secret: string): Promise<string> => hash(secret, PARAMETERS);

/** Somebody's hash, so that a secret nobody has costs the same work as a wrong one. Its secret was thrown away. */
const nobodys = hashOf(crypto.randomUUID());

/** True: `secret` is that of `stored`. With null, the same work is done for nothing. Rejects when too many wait already. */
export async function isHashOf(stored: string | null, secret: string): Promise<boolean> {
  const right = await inTurn(async () => verify(stored ?? (await nobodys), secret));
  return right && stored !== null;
}

/**
 * A check takes 15 to 30 ms of a core and 19 MiB: two at once for each process, and a queue of at most 200, some 3 s. More is an attack, and
 * then nobody's password is checked rather than everybody's mail delayed.
 */
const AT_ONCE = 2;
const WAITING = 200;
const waiting: (() => void)[] = [];
let running = 0;

async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (waiting.length >= WAITING) throw new Error("too many passwords to check at once");
  if (running >= AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve));
  else running++;
  try {
    return await work();
  } finally {
    const next = waiting.shift(); // takes our place
    if (next === undefined) running--;
    else next();
  }
}
