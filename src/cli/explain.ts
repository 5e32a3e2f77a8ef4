import { Command } from "commander";
import type { CliContext } from "./context.ts";
import { Exit } from "./exit-codes.ts";
import { typedMailbox, typedSender } from "./typed.ts";
import { examples } from "./verb.ts";

const EXIT_STATUS = `
Exit status: 0 all deliver, 1 something is unavailable now, 2 something fails.`;

/** `mailroom explain`: where mail for an address goes and why, by the code that answers RCPT. */
export function explainCommand(ctx: CliContext): Command {
  return new Command("explain")
    .description("where mail for an address goes, and why; sends nothing")
    .argument("<address>")
    .option("--from <sender>", "for mail from this envelope sender (<> for bounces): lists may turn it away")
    .addHelpText(
      "after",
      EXIT_STATUS +
        examples("mailroom explain cs-all@cs.campus.example", "mailroom explain all-staff@campus.example --from you@elsewhere.example"),
    )
    .action((address: string, options: { readonly from?: string }) => explainAddress(ctx, address, options.from));
}

async function explainAddress(ctx: CliContext, address: string, from: string | undefined): Promise<void> {
  const [{ explain }, { explainText }, { exitStatusOf }, { resolveLimits }] = await Promise.all([
    import("../resolve/explain.ts"),
    import("../resolve/explain-text.ts"),
    import("../resolve/explanation.ts"),
    import("../stage-settings.ts"),
  ]);
  const recipient = typedMailbox(address);
  const sender = from === undefined ? undefined : typedSender(from);
  const { directory } = await ctx.ldap();
  const { settings } = await ctx.settings();
  const explanation = await explain(directory, recipient, sender, { limits: resolveLimits(settings), postmaster: settings.postmaster });
  await (ctx.json ? ctx.out.json(explanation) : ctx.out.text(explainText(explanation)));
  const status = exitStatusOf(explanation);
  if (status !== 0) throw new Exit(status);
}
