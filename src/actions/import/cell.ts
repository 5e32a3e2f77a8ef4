/** Cells of CSV files that spreadsheets open. */

/** What a spreadsheet takes for the beginning of a formula, full-width forms included. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: a NUL or TAB in front of = is skipped by some of them
const FORMULA = /^'*[=+\-@\t\r\n\u0000\uff1d\uff0b\uff0d\uff20]/;

/** A cell as it is written: one that a spreadsheet would calculate gets a `'` in front, and all that would be read back wrongly. */
const quotedCell = (text: string): string => (FORMULA.test(text) ? `'${text}` : text);

/** The cell as it was meant: the `'` of quotedCell taken away. unquotedCell(quotedCell(x)) = x. */
export const unquotedCell = (cell: string): string => (cell.startsWith("'") && FORMULA.test(cell) ? cell.slice(1) : cell);

/** One line of CSV (RFC 4180 §2), formulas disarmed, with its line end. */
export function csvLine(cells: readonly string[]): string {
  return `${cells.map((cell) => csvCell(quotedCell(cell))).join(",")}\r\n`;
}

const csvCell = (text: string): string => (/[",;\r\n\t|]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
