import { Refusal } from "./refusal.ts";

/** More characters than this are no note but a document. */
const LONGEST = 1000;

/** A note or a reason as it is stored, shown and logged: one line of plain text, or nothing. `what` names it in the refusal. */
export function plainLine(text: string | null, what: string): string | null {
  if (text === null || text.trim() === "") return null;
  if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(text))
    throw new Refusal("badData", `${what} holds control characters`, "Write it as one line of plain text.");
  if (text.length > LONGEST) throw new Refusal("badData", `${what} has ${text.length} characters; ${LONGEST} are kept`, "Shorten it.");
  return text.trim();
}
