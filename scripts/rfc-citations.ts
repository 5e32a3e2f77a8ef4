/** One citation: `RFC 5321 §4.1.1.2`; without a section the whole RFC is meant and `section` is empty. */
export type Citation = { readonly rfc: number; readonly section: string };

const END_OF_COMMENT = /\n(?!\s*(?:\*|\/\/))/; // a line end that no further line of the same comment follows
const NUMBERS = /^\d+(?:(?:, | and )\d{3,5}\b)*/;
const SECTION = /(?<=§ ?)\d+(?:\.\d+)*/g;

/**
 * The citations of one source file. `RFC 5321 §4.5.3.1.8: …; §4.5.3.1.10` are two of the same RFC: a lone § belongs to the RFC named last
 * in the same comment. `RFC 1870, 6152 and 6531` are three, each as a whole. A § that belongs to none throws: nobody could follow it.
 */
export const citationsIn = (source: string): Citation[] => source.split(END_OF_COMMENT).flatMap(citationsOfComment);

function citationsOfComment(comment: string): Citation[] {
  const [before = "", ...citations] = comment.split(/\bRFC (?=\d)/);
  const lost = before.split("\n").find((line) => line.search(SECTION) >= 0);
  if (lost !== undefined) throw new Error(`§ without an RFC: ${lost.trim()}`);
  return citations.flatMap((citation) => {
    const rfcs = (NUMBERS.exec(citation)?.[0].match(/\d+/g) ?? []).map(Number);
    const sections = citation.match(SECTION) ?? [""];
    const last = rfcs.pop() ?? 0;
    return [...rfcs.map((rfc) => ({ rfc, section: "" })), ...sections.map((section) => ({ rfc: last, section }))];
  });
}

/** Orders sections as a table of contents does: 4.2 before 4.10, the whole RFC first. */
export function compareSections(a: string, b: string): number {
  const [left, right] = [a, b].map((section) => section.split(".").map(Number));
  for (let at = 0; at < Math.max(left?.length ?? 0, right?.length ?? 0); at++) {
    const difference = (left?.[at] ?? -1) - (right?.[at] ?? -1);
    if (difference !== 0) return difference;
  }
  return 0;
}
