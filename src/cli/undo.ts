import { Command } from "commander";
import type { UndoOptions, UndoResult } from "../actions/undo.ts";
import type { Db } from "../db/client.ts";
import { counted } from "../mail/counted.ts";
import { textOfKey } from "../mail/mailbox.ts";
import { changeNumber } from "./changes.ts";
import type { CliContext } from "./context.ts";
import { EXIT, Exit } from "./exit-codes.ts";
import { dryRun, printPreview } from "./preview.ts";
import { authorOf, collect, examples, WHY } from "./verb.ts";

type Options = {
  readonly overwrite?: boolean;
  readonly overwriteOnly?: readonly string[];
  readonly dryRun?: boolean;
  readonly why?: string;
};

const NOTES = `
What was edited since is listed, and then nothing is undone (exit 1), unless you say what becomes of it. An undo is a change itself and can be undone.`;

/** `mailroom undo`: takes back a change set. */
export function undoCommand(ctx: CliContext): Command {
  return new Command("undo")
    .description("take back what a change did to addresses, lists, domains, routes and policies")
    .argument("<change>", "its number: mailroom changes list")
    .option("--overwrite", "overwrite what was edited since")
    .option(
      "--overwrite-only <name>",
      "overwrite later edits of this address or domain; all others keep theirs; give it once for each",
      collect,
    )
    .addOption(dryRun())
    .option(...WHY)
    .addHelpText("after", NOTES + examples("mailroom undo 1207 --dry-run", "mailroom undo 1207 --why TICKET-9"))
    .action((change: string, options: Options) => undo(ctx, changeNumber(change), options));
}

async function undo(ctx: CliContext, changeNo: number, options: Options): Promise<void> {
  const [{ undoChange }, { ownListeners }] = await Promise.all([import("../actions/undo.ts"), import("../stage-settings.ts")]);
  const { settings } = await ctx.settings();
  const overwrite: UndoOptions["overwrite"] = options.overwriteOnly ?? (options.overwrite === true ? "all" : "none");
  const author = authorOf(ctx, options);
  const ourselves = { hostname: settings.hostname, listeners: ownListeners(settings) };
  const work = (db: Db) => undoChange(db, author, changeNo, { overwrite, ourselves });
  const done = options.dryRun ? await printPreview(ctx, work) : await work(await ctx.db());
  if (!options.dryRun) {
    await (ctx.json ? ctx.out.json(done) : ctx.out.text(undoneText(done)));
    for (const warning of done.warnings) ctx.out.note(`warning: ${warning}`);
  }
  for (const line of conflictLines(done)) ctx.out.note(line);
  if (!done.changed && done.conflictCount > 0 && overwrite === "none") throw new Exit(EXIT.failed);
}

function undoneText({ changed, undone, changeNo, addresses, kept, conflictCount }: UndoResult): string {
  const left = kept.length === 0 ? "" : `; ${counted(kept.length, "keeps its later edit", "keep their later edits")}`;
  if (changed) return `#${undone} undone by #${changeNo}: ${counted(addresses, "object")}${left}`;
  return conflictCount > 0 && kept.length === 0 ? `#${undone} was not undone` : `#${undone}: nothing to undo${left}`;
}

/** Who edited what since; only while nothing is decided. */
function conflictLines({ changed, conflicts, conflictCount, kept }: UndoResult): string[] {
  if (changed || kept.length > 0 || conflictCount === 0) return [];
  const lines = conflicts.map(({ relation, key, member, by, at, action, changeNo }) => {
    const what = `${textOfKey(key)}${member === "" ? "" : `, ${relation === "targets" ? textOfKey(member) : member}`}`;
    return `${what}: edited ${at ?? ""} by ${by}${action === null ? ", by hand" : ` (${action}, #${changeNo})`}`;
  });
  return [
    ...lines,
    ...(conflictCount > conflicts.length ? [`… and ${conflictCount - conflicts.length} more`] : []),
    "To overwrite all of that: --overwrite. Of one address only: --overwrite-only ADDRESS; the others keep what they have.",
  ];
}
