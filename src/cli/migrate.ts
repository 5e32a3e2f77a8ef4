import { Command } from "commander";
import type { CliContext } from "./context.ts";
import { examples } from "./verb.ts";

/** `mailroom migrate`: brings the database to this version. `serve` does it too. */
export function migrateCommand(ctx: CliContext): Command {
  return new Command("migrate")
    .description("bring the database to this version; running nodes of the version before go on")
    .addHelpText("after", examples("mailroom migrate"))
    .action(async () => {
      const { migrate } = await import("../db/migrate.ts");
      const applied = await migrate(await ctx.connection(), ctx.log);
      if (ctx.json) await ctx.out.json({ applied });
      else await ctx.out.text(applied.length === 0 ? "The database is at this version." : `Applied: ${applied.join(", ")}`);
    });
}
