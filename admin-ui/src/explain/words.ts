/** How Explain speaks: every word comes through one function, and nothing of an address reaches the page but what can be seen. */
import type { explainWordsEn } from "./words.en.ts";

export type ExplainWord = keyof typeof explainWordsEn;

/** Formats the ICU message of a key in the reader's language. */
export type Translate = (key: string, values?: Record<string, string | number>) => string;

/**
 * Directory rows may hold anything: controls, bidirectional marks, separators and half characters are shown as `\u{202e}`,
 * as `mailroom explain` shows them. Markup stays as it is: it only ever becomes text nodes, or is escaped by svg.ts.
 */
export const printable = (text: string): string =>
  text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (letter) => `\\u{${(letter.codePointAt(0) ?? 0).toString(16)}}`);

/** Checks the key at compile time, and makes every text among the values printable. */
export function say(t: Translate, key: ExplainWord, values: Readonly<Record<string, string | number>> = {}): string {
  return t(
    key,
    Object.fromEntries(Object.entries(values).map(([name, value]) => [name, typeof value === "string" ? printable(value) : value])),
  );
}
