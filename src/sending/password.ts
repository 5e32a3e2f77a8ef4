/** App passwords: how they are made and checked. argon2id (RFC 9106), the parameters of OWASP: 19 MiB, two passes, one lane. */
import { randomInt } from "node:crypto";
import { hash, verify } from "@node-rs/argon2";

/** Letters that are not taken for one another. */
const LETTERS = "abcdefghjkmnpqrstuvwxyz23456789";
const GROUPS = 5;
const GROUP = 4;

const ARGON2ID = 2; // the library's enum has no values at run time
const PARAMETERS = { algorithm: ARGON2ID, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

/** A new password. `shown`: what the person types, once; `selector`: its first group; `hash`: all that is stored. */
export type NewPassword = { readonly shown: string; readonly selector: string; readonly hash: string };

/** Five groups of four letters: one finds the password, 79 bits of chance are the secret. */
export async function newPassword(): Promise<NewPassword> {
  const groups = Array.from({ length: GROUPS }, () => Array.from({ length: GROUP }, () => LETTERS[randomInt(LETTERS.length)]).join(""));
  const shown = groups.join("-");
  return { shown, selector: groups[0] ?? "", hash: await hash(normal(shown), PARAMETERS) };
}

/** As people type it: capitals, blanks for hyphens or none at all are the same password. */
const normal = (typed: string): string => typed.toLowerCase().replace(/[\s-]/g, "");

/** The part that finds the hash. Whatever was typed has one. */
export const selectorOf = (typed: string): string => normal(typed.slice(0, 64)).slice(0, GROUP);

/** Somebody's hash, so that a password nobody has costs the same work as a wrong one. Its password was thrown away. */
const nobodys = newPassword().then((password) => password.hash);

/** True: `typed` is the password of `stored`. With null, the same work is done for nothing. */
export async function isPassword(stored: string | null, typed: string): Promise<boolean> {
  const right = await inTurn(async () => verify(stored ?? (await nobodys), normal(typed)));
  return right && stored !== null;
}

/**
 * A check takes 15 to 30 ms of a core and 19 MiB: two at once for each worker, and a queue of at most 200, some 3 s. More is an attack, and
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
