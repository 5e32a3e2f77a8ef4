/** The rows that cannot be taken: for the screen, and as a file in which they can be mended. */
import { randomBytes } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";
import type { Queryable } from "../../db/client.ts";
import { csvLine, unquotedCell } from "./cell.ts";
import type { Format } from "./record.ts";

export type ProblemRow = { readonly line: number; readonly address: string | null; readonly problem: string; readonly fix: string };

const PROBLEMS = `
  select line, address, problem, fix from import_rows where problem is not null
  union all select line, '@' || domain, problem, fix from import_domains where problem is not null`;

/** The first of them in order of line; behind `after`. */
export async function readProblems(tx: Queryable, limit: number, after = 0): Promise<readonly ProblemRow[]> {
  const { rows } = await tx.query<ProblemRow>({
    text: `select * from (${PROBLEMS}) p where line > $1 order by line limit $2`,
    values: [after, limit],
  });
  return rows;
}

/** How many problems are held in memory at once. */
const PAGE = 1000;

/** A problem with its record as it stood in the file. */
export type ProblemCells = ProblemRow & { readonly cells: readonly string[] };

/** The problem rows with their records; for these the file is read a second time. */
export async function* problemCells(tx: Queryable, format: Format): AsyncGenerator<ProblemCells> {
  const records = format.records();
  try {
    for await (const found of allProblems(tx)) {
      let record = await records.next();
      while (!record.done && record.value.line < found.line) record = await records.next();
      yield { ...found, cells: !record.done && record.value.line === found.line ? record.value.cells : [] };
    }
  } finally {
    await records.return(undefined);
  }
}

/** The file of problem rows as lines of CSV: the file's own columns, and one that says what is wrong. */
export async function* problemLines(header: readonly string[], rows: AsyncIterable<ProblemCells>): AsyncGenerator<string> {
  const kept = header.flatMap((name, i) => (name.toLowerCase() === "problem" ? [] : [i]));
  yield csvLine([...kept.map((i) => header[i] ?? ""), "problem"]);
  for await (const { line, cells, problem, fix } of rows)
    yield csvLine([...kept.map((i) => unquotedCell(cells[i] ?? "")), `line ${line}: ${problem}; ${fix}`]);
}

/** Writes that file. It appears whole or not at all, in place of an older one; a link of that name is replaced, not followed. */
export async function writeProblems(tx: Queryable, format: Format, path: string): Promise<void> {
  const temporary = `${path}.${randomBytes(4).toString("hex")}.tmp`;
  const file = await open(temporary, "wx", 0o600); // it holds addresses
  try {
    const lines: string[] = [];
    for await (const line of problemLines(format.header, problemCells(tx, format))) {
      lines.push(line);
      if (lines.length >= PAGE) await file.write(lines.splice(0).join(""));
    }
    await file.write(lines.join(""));
    await file.close();
    await rename(temporary, path);
  } catch (error) {
    await file.close();
    await rm(temporary, { force: true });
    throw error;
  }
}

async function* allProblems(tx: Queryable): AsyncGenerator<ProblemRow> {
  for (let after = 0; ; ) {
    const page = await readProblems(tx, PAGE, after);
    yield* page;
    const last = page.at(-1);
    if (!last) return;
    after = last.line;
  }
}
