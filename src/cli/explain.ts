import { Command } from "commander";
import type { ExplainDirectory } from "../resolve/explain.ts";
import type { CliContext } from "./context.ts";
import { Exit, UsageError } from "./exit-codes.ts";
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
    .option("--as-of <date>", "by the directory of that moment: 2026-03-03 (its end, UTC), 2026-03-03T10:00 (UTC); ahead: as it is now")
    .addHelpText(
      "after",
      EXIT_STATUS +
        examples(
          "mailroom explain cs-all@cs.campus.example",
          "mailroom explain all-staff@campus.example --from you@elsewhere.example",
          "mailroom explain helpdesk@campus.example --as-of 2026-11-03T10:00",
        ),
    )
    .action((address: string, options: Options) => explainAddress(ctx, address, options));
}

type Options = { readonly from?: string; readonly asOf?: string };

async function explainAddress(ctx: CliContext, address: string, { from, asOf }: Options): Promise<void> {
  const [{ explain }, { explainText }, { exitStatusOf }, { resolveLimits }] = await Promise.all([
    import("../resolve/explain.ts"),
    import("../resolve/explain-text.ts"),
    import("../resolve/explanation.ts"),
    import("../stage-settings.ts"),
  ]);
  const recipient = typedMailbox(address);
  const sender = from === undefined ? undefined : typedSender(from);
  const { directory, now } = await directoryAt(ctx, asOf);
  const { settings } = await ctx.settings();
  const { postmaster } = settings;
  const explanation = await explain(directory, recipient, sender, { limits: resolveLimits(settings), postmaster, now });
  await (ctx.json ? ctx.out.json(explanation) : ctx.out.text(explainText(explanation)));
  const status = exitStatusOf(explanation);
  if (status !== 0) throw new Exit(status);
}

/**
 * The directory of now or of a moment, and what time it is there. Ahead of us it is as it is now: dates that pass until then count. What LDAP
 * said in the past nobody kept: its people and groups are as they are now.
 */
async function directoryAt(ctx: CliContext, asOf: string | undefined): Promise<{ directory: ExplainDirectory; now: () => Date }> {
  const { directory } = await ctx.ldap();
  if (asOf === undefined) return { directory, now: () => new Date() };
  const [{ readMoment }, { BeforeHistory, directoryAsOf }, { Refusal }] = await Promise.all([
    import("../mail/moment.ts"),
    import("../directory/as-of.ts"),
    import("../actions/refusal.ts"),
  ]);
  const moment = readMoment(/T[\d:.]+$/.test(asOf) ? `${asOf}Z` : asOf);
  if (moment === null) throw new UsageError(`${JSON.stringify(asOf)} is no date; write 2026-03-03 or 2026-03-03T10:00`);
  if (moment > new Date()) return { directory, now: () => moment };
  try {
    const past = await directoryAsOf(await ctx.db(), moment);
    return { directory: directory.people === undefined ? past : { ...past, people: directory.people }, now: () => moment };
  } catch (error) {
    if (!(error instanceof BeforeHistory)) throw error;
    throw new Refusal("notFound", `nobody knows what was on ${asOf}: ${error.message}`, "Name a later moment.");
  }
}
