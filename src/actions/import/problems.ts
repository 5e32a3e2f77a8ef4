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

/**
 * Writes the problem rows as they stood in the file (read a second time), with a column that says what is wrong. The file appears
 * whole or not at all, in place of an older one; a link of that name is replaced, not followed.
 */
export async function writeProblems(tx: Queryable, format: Format, path: string): Promise<void> {
  const kept = format.header.flatMap((name, i) => (name.toLowerCase() === "problem" ? [] : [i]));
  const temporary = `${path}.${randomBytes(4).toString("hex")}.tmp`;
  const file = await open(temporary, "wx", 0o600); // it holds addresses
  try {
    const lines = [csvLine([...kept.map((i) => format.header[i] ?? ""), "problem"])];
    const cells = format.records();
    for await (const found of allProblems(tx)) {
      let record = await cells.next();
      while (!record.done && record.value.line < found.line) record = await cells.next();
      const own = !record.done && record.value.line === found.line ? record.value.cells : [];
      lines.push(csvLine([...kept.map((i) => unquotedCell(own[i] ?? "")), `line ${found.line}: ${found.problem}; ${found.fix}`]));
      if (lines.length >= PAGE) await file.write(lines.splice(0).join(""));
    }
    await file.write(lines.join(""));
    await cells.return(undefined);
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
