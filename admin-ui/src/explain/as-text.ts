/** The tree as text, line by line what `mailroom explain` prints for the same answer. */
import type { Explanation } from "./explanation.ts";
import { SIBLINGS } from "./folding.ts";
import { aboutText, countsText, leafText, reasonText } from "./sentences.ts";
import { type Branch, isTrouble, treeOf } from "./tree.ts";
import { printable, say, type Translate } from "./words.ts";

/** The column of the states, where lines are shorter. */
const STATE_COLUMN = 78;

type Line = { readonly text: string; readonly state: string };

/** For the clipboard; lines without an end at the last. */
export function asText(explanation: Explanation, t: Translate): string {
  const { as_of, counts, verdict, warnings } = explanation;
  const root = treeOf(explanation);
  const lines: Line[] = [];
  const below = (branch: Branch, indent: string): void => {
    const { children } = branch;
    const shown = children.filter((child, position) => position < SIBLINGS || fails(child));
    const folded = children.length - shown.length;
    for (const [position, child] of shown.entries()) {
      const isLast = position === shown.length - 1 && folded === 0;
      lines.push(lineOf(t, child, as_of, `${indent}${isLast ? "└─ " : "├─ "}`));
      below(child, `${indent}${isLast ? "   " : "│  "}`);
    }
    if (folded > 0) lines.push({ text: `${indent}└─ ${say(t, "explain.text.noneFails", { count: folded })}`, state: "" });
  };
  lines.push(lineOf(t, root, as_of, ""));
  below(root, "");
  const width = Math.min(STATE_COLUMN, Math.max(...lines.filter(({ state }) => state !== "").map(({ text }) => text.length)));
  const { code, enhanced_status: status, text } = verdict;
  return [
    ...lines.map((line) => (line.state === "" ? line.text : `${line.text.padEnd(width)}  ${line.state}`)),
    ...(code === 250 ? [] : [say(t, "explain.text.clientIsTold", { code: String(code), status, text })]),
    ...warnings.map((warning) => say(t, "explain.text.note", { text: warning })),
    `${say(t, "explain.count.paths", { count: counts["paths"] ?? 0 })}: ${countsText(t, counts)}`,
  ].join("\n");
}

/** A leaf that fails; what lies deeper is not asked. */
const fails = ({ ends }: Branch): boolean => ends.some(({ leaf }) => isTrouble(leaf));

function lineOf(t: Translate, branch: Branch, asOf: string, lead: string): Line {
  return { text: `${lead}${headText(t, branch, asOf)}`, state: branch.ends.map(({ leaf }) => leafText(t, leaf)).join("; ") };
}

/** The address, why mail goes there, and what it is. */
export function headText(t: Translate, { node, reason, ends }: Branch, asOf: string): string {
  const about = reason !== null && ends.length > 0 ? "" : aboutText(t, node, asOf);
  const address = printable(node.address);
  if (reason === null) return about === "" ? address : `${address}  ${about}`;
  return `${address}  <-- ${reasonText(t, reason)}${about === "" ? "" : `; ${about}`}`;
}
