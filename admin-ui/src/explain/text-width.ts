/** How wide text is, without a page to measure it on: on the safe side for the fonts of the panel, which are about half as wide as high. */

/** Of a letter, in parts of the font size: what is Latin, Greek, Cyrillic and the like; all else (Han, emoji) is square. */
const NARROW = 0.56;
const CAPITAL = 0.7;
const SQUARE = 1.05;

const letterWidth = (letter: string): number => {
  if (/\p{M}/u.test(letter)) return 0;
  if ((letter.codePointAt(0) ?? 0) > 0x24_ff) return SQUARE;
  return /[\p{Lu}mwMW@%—…]/u.test(letter) ? CAPITAL : NARROW;
};

/** Text of 2,000 letters is as wide as any box: the rest is not counted. */
const COUNTED = 2000;

/** In CSS pixels; `size`: of the font. */
export function textWidth(text: string, size: number): number {
  let width = 0;
  for (const letter of text.slice(0, COUNTED)) width += letterWidth(letter);
  return width * size;
}

/** More than four marks above one another are no writing: they would cover what stands around. */
const HEAPED = /(\p{M}{4})\p{M}+/gu;

/** The text, or its beginning and end with … between them: of a long address both the name and the domain can be read. */
export function shortened(whole: string, room: number, size: number): string {
  const text = whole.replace(HEAPED, "$1");
  if (textWidth(text, size) <= room) return text;
  const letters = Array.from(text.length > 2 * COUNTED ? `${text.slice(0, COUNTED)}${text.slice(-COUNTED)}` : text);
  const half = (room - textWidth("…", size)) / 2;
  return `${fitting(letters, half, size)}…${fitting(letters.toReversed(), half, size, true)}`;
}

function fitting(letters: readonly string[], room: number, size: number, isReversed = false): string {
  const fit: string[] = [];
  let width = 0;
  for (const letter of letters.slice(0, COUNTED)) {
    width += letterWidth(letter) * size;
    if (width > room) break;
    fit.push(letter);
  }
  return (isReversed ? fit.reverse() : fit).join("");
}

/** In lines at blanks; what is left after `most` lines is shortened. */
export function wrapped(text: string, room: number, size: number, most: number): readonly string[] {
  if (textWidth(text, size) <= room) return [text];
  const lines: string[] = [];
  let line = "";
  const words = text.split(" ");
  for (const [index, word] of words.entries()) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (line === "" || textWidth(longer, size) <= room) line = longer;
    else if (lines.length + 1 < most) {
      lines.push(shortened(line, room, size));
      line = word;
    } else return [...lines, shortened([line, ...words.slice(index)].join(" "), room, size)];
  }
  return [...lines, shortened(line, room, size)];
}
