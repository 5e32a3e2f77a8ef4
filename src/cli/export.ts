import { Argument, Command } from "commander";
import type { CliContext } from "./context.ts";
import { UsageError } from "./exit-codes.ts";
import { examples } from "./verb.ts";

/** `mailroom export …`: the whole directory as a file on stdout. */
export function exportCommand(ctx: CliContext): Command {
  return new Command("export")
    .description("print all aliases and lists as a file")
    .addArgument(new Argument("<format>", "what to print").choices(["csv", "postfix-virtual"]))
    .addHelpText(
      "after",
      examples(
        "mailroom export csv > directory.csv",
        "mailroom export postfix-virtual > /etc/postfix/virtual && postmap /etc/postfix/virtual",
      ),
    )
    .action((format: string) => run(ctx, format));
}

/** Characters gathered before they are written. */
const PIECE = 64 * 1024;

async function run(ctx: CliContext, format: string): Promise<void> {
  if (ctx.json)
    throw new UsageError("an export is a file of its own; for JSON lines use mailroom alias list --json and mailroom list list --json");
  const { exportCsv, exportPostfixVirtual } = await import("../actions/export.ts");
  const db = await ctx.db();
  let piece = "";
  for await (const line of format === "csv" ? exportCsv(db) : exportPostfixVirtual(db, new Date())) {
    piece += line;
    if (piece.length < PIECE) continue;
    await ctx.out.raw(piece);
    piece = "";
  }
  await ctx.out.raw(piece);
}
