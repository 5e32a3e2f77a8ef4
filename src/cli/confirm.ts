import { createInterface } from "node:readline/promises";
import type { CliContext } from "./context.ts";
import { EXIT, Exit, UsageError } from "./exit-codes.ts";

/** Goes on only after a yes: `--yes`, or the word typed. Where nobody can be asked it is wrong usage (64), naming the flag. */
export async function confirmed(ctx: CliContext, question: string, yes: boolean): Promise<void> {
  if (yes) return;
  if (!process.stdin.isTTY) throw new UsageError(`${question} This is no terminal, so nobody can be asked: add --yes to confirm.`);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`${question} [y/N] `);
    if (/^y(es)?$/i.test(answer.trim())) return;
  } finally {
    terminal.close();
  }
  ctx.out.note("Nothing was changed.");
  throw new Exit(EXIT.failed);
}
