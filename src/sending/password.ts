/** App passwords: how they are made and checked. */
import { randomInt } from "node:crypto";
import { hashOf, isHashOf } from "./argon2.ts";

/** Letters that are not taken for one another. */
const LETTERS = "abcdefghjkmnpqrstuvwxyz23456789";
const GROUPS = 5;
const GROUP = 4;

/** A new password. `shown`: what the person types, once; `selector`: its first group; `hash`: all that is stored. */
export type NewPassword = { readonly shown: string; readonly selector: string; readonly hash: string };

/** Five groups of four letters: one finds the password, 79 bits of chance are the secret. */
export async function newPassword(): Promise<NewPassword> {
  const groups = Array.from({ length: GROUPS }, () => Array.from({ length: GROUP }, () => LETTERS[randomInt(LETTERS.length)]).join(""));
  const shown = groups.join("-");
  return { shown, selector: groups[0] ?? "", hash: await hashOf(normal(shown)) };
}

/** As people type it: capitals, blanks for hyphens or none at all are the same password. */
const normal = (typed: string): string => typed.toLowerCase().replace(/[\s-]/g, "");

/** The part that finds the hash. Whatever was typed has one. */
export const selectorOf = (typed: string): string => normal(typed.slice(0, 64)).slice(0, GROUP);

/** True: `typed` is the password of `stored`. With null, the same work is done for nothing. */
export const isPassword = (stored: string | null, typed: string): Promise<boolean> => isHashOf(stored, normal(typed));
