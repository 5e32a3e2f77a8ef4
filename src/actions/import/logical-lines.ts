/** Logical lines of Postfix's text files: aliases(5), postmap(1). */
import type { FileRecord } from "./record.ts";

/** Characters of one logical line; a member list in one line may be long, a file without line ends is something else. */
const LONGEST = 16 * 1024 * 1024;

/**
 * A line that begins with a blank continues the one before; empty lines and lines whose first character that is no blank is `#`
 * are left out (also between a line and its continuation). One cell: the logical line, joined by blanks.
 */
export async function* logicalLines(pieces: AsyncIterable<string>): AsyncGenerator<FileRecord> {
  let line = 0;
  let begunAt = 0;
  let parts: string[] = [];
  let length = 0;
  for await (const text of physicalLines(pieces)) {
    line++;
    if (/^\s*(#|$)/.test(text)) continue;
    if (/^\s/.test(text) && parts.length > 0) {
      length += text.length;
      if (length <= LONGEST) parts.push(text.trim());
      continue;
    }
    if (parts.length > 0) yield joined(parts, begunAt, length);
    begunAt = line;
    length = text.length;
    parts = [text.length <= LONGEST ? text.trim() : ""];
  }
  if (parts.length > 0) yield joined(parts, begunAt, length);
}

function joined(parts: readonly string[], line: number, length: number): FileRecord {
  if (length <= LONGEST) return { line, cells: [parts.join(" ")] };
  return {
    line,
    cells: [parts[0]?.slice(0, 200) ?? ""],
    fault: { reason: `the line is longer than ${LONGEST / 1024 / 1024} million characters`, fix: "split it" },
  };
}

/** Lines without their ends (LF or CRLF). A line that is too long is given in pieces of no use, cut at twice the limit. */
async function* physicalLines(pieces: AsyncIterable<string>): AsyncGenerator<string> {
  let rest: string[] = [];
  let held = 0;
  for await (const piece of pieces) {
    const lines = piece.split("\n");
    const last = lines.pop() ?? "";
    for (const text of lines) {
      yield [...rest, text].join("").replace(/\r$/, "");
      rest = [];
      held = 0;
    }
    if (held <= 2 * LONGEST) rest.push(last);
    held += last.length;
  }
  if (held > 0) yield rest.join("").replace(/\r$/, "");
}
