/** How mail for an address that is switched off is answered, as people write it. */
import type { Disabled } from "../directory/directory.ts";
import { LONGEST_TEXT } from "../directory/life.ts";
import { quoted } from "./address.ts";
import { Refusal } from "./refusal.ts";

/** An admin's words as they can stand in an SMTP reply (RFC 5321 §4.2): printable ASCII, one line. Refuses what would have to be changed. */
export function wordsOf(text: string | undefined): string {
  const words = (text ?? "").trim();
  if (words === "") throw new Refusal("badData", "there are no words to say", 'Give them with --text "…".');
  if (words.length > LONGEST_TEXT)
    throw new Refusal("badData", `the text has ${words.length} characters; a reply takes ${LONGEST_TEXT}`, "Shorten it.");
  const odd = /[^ -~]/u.exec(words)?.[0];
  if (odd === undefined) return words;
  throw new Refusal(
    "badData",
    `the text holds ${JSON.stringify(odd)}: SMTP replies are one line of ASCII`,
    "Write it with letters a-z, digits and plain punctuation.",
  );
}

/** `hard`, `soft`, `quiet`, or `text: words`; as files have it. */
export function disabledOf(cell: string): Disabled {
  const [, answer, , words] = /^(hard|soft|quiet|text)(\s*:\s*(.*))?$/is.exec(cell) ?? [];
  const known = answer?.toLowerCase();
  if (known === "text") return { answer: known, text: wordsOf(words) };
  if ((known === "hard" || known === "soft" || known === "quiet") && words === undefined) return { answer: known };
  throw new Refusal("badData", `disabled ${quoted(cell)} is unknown`, "write hard, soft, quiet or text: and your words");
}

/** The same as a file has it. */
export const disabledCell = (answer: string | null, text: string | null): string =>
  answer === null ? "" : text === null ? answer : `${answer}: ${text}`;
