import { Command, Option } from "commander";
import type { BulkAction, BulkResult } from "../actions/bulk.ts";
import type { EntryFilter, Selection } from "../actions/bulk-selection.ts";
import type { Db } from "../db/client.ts";
import { counted } from "../mail/counted.ts";
import { confirmed } from "./confirm.ts";
import type { CliContext } from "./context.ts";
import { UsageError } from "./exit-codes.ts";
import { dryRun, printPreview } from "./preview.ts";
import { authorOf, collect, examples, WHY } from "./verb.ts";

type Options = {
  readonly address?: readonly string[];
  readonly kind?: "alias" | "list";
  readonly domain?: string;
  readonly ownedBy?: string | false;
  readonly target?: string;
  readonly off?: boolean;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly why?: string;
};

const NOTES = `
Which entries: --address, or all that fulfil the other options. All of them are changed, or none; 5,000 at most.`;

/** `mailroom bulk …`: one change for many aliases and lists. */
export function bulkCommand(ctx: CliContext): Command {
  const bulk = new Command("bulk").description("change many aliases and lists at once, all or none of them");
  selecting(bulk.command("disable"))
    .description("switch them off")
    .addOption(
      new Option("--answer <how>", "hard: as if unknown; soft: try later; quiet: take and discard").choices(ANSWERS).default("hard"),
    )
    .option("--text <words>", "what the answer text says")
    .addHelpText("after", NOTES + examples("mailroom bulk disable --domain old.example --answer soft"))
    .action((options: Options & { answer: (typeof ANSWERS)[number]; text?: string }) =>
      run(ctx, options, { kind: "disable", answer: options.answer, text: options.text }),
    );
  selecting(bulk.command("enable"))
    .description("let them work again")
    .addHelpText("after", NOTES + examples("mailroom bulk enable --domain old.example --off"))
    .action((options: Options) => run(ctx, options, { kind: "enable" }));
  selecting(bulk.command("owner <owner>"))
    .description("say who answers for them (- for nobody)")
    .addHelpText("after", NOTES + examples("mailroom bulk owner nora.hall@campus.example --owned-by victor.hill@campus.example"))
    .action((owner: string, options: Options) => run(ctx, options, { kind: "owner", owner: owner === "-" ? null : owner }));
  selecting(bulk.command("expire <date>"))
    .description("say until when they work (- for ever)")
    .addHelpText("after", NOTES + examples("mailroom bulk expire 2127-06-30 --domain guests.example"))
    .action((date: string, options: Options) => run(ctx, options, { kind: "expiry", expires: date === "-" ? null : date }));
  selecting(bulk.command("replace <from> <to>"))
    .description("put another target or member wherever one stands")
    .addHelpText("after", NOTES + examples("mailroom bulk replace ann.lee@campus.example ravi.patel@campus.example"))
    .action((from: string, to: string, options: Options) =>
      run(ctx, options.address === undefined ? { target: from, ...options } : options, { kind: "replace", from, to }),
    );
  selecting(bulk.command("delete"))
    .description("delete them")
    .addHelpText("after", NOTES + examples("mailroom bulk delete --domain old.example --off"))
    .action((options: Options) => run(ctx, options, { kind: "delete" }));
  return bulk;
}

const ANSWERS = ["hard", "soft", "quiet", "text"] as const;

const selecting = (verb: Command): Command =>
  verb
    .option("--address <address>", "this one; give it once for each", collect)
    .addOption(new Option("--kind <kind>", "only aliases, or only lists").choices(["alias", "list"]))
    .option("--domain <domain>", "those of this domain")
    .option("--owned-by <address>", "those of this owner")
    .option("--no-owned-by", "those without an owner")
    .option("--target <address>", "those that lead there")
    .option("--off", "those that are switched off or retired")
    .option("--no-off", "those that are not")
    .addOption(dryRun())
    .option("--yes", "do not ask")
    .option(...WHY);

async function run(ctx: CliContext, options: Options, action: BulkAction): Promise<void> {
  const { bulkChange } = await import("../actions/bulk.ts");
  const selection = await selectionOf(ctx, options);
  const author = authorOf(ctx, options);
  const work = (db: Db) => bulkChange(db, author, selection, action);
  if (options.dryRun) return void (await printPreview(ctx, work));
  const n = "addresses" in selection ? selection.addresses.length : selection.expected;
  await confirmed(ctx, `${VERBS[action.kind]} ${counted(n, "entry", "entries")}?`, options.yes === true);
  const done = await work(await ctx.db());
  await (ctx.json ? ctx.out.json(done) : ctx.out.text(doneText(done)));
  for (const warning of done.warnings) ctx.out.note(`warning: ${warning}`);
}

const VERBS: Readonly<Record<BulkAction["kind"], string>> = {
  disable: "Switch off",
  enable: "Enable",
  owner: "Give another owner to",
  expiry: "Set the expiry of",
  replace: "Replace the target in",
  delete: "Delete",
};

const doneText = ({ matched, done }: BulkResult): string =>
  `${counted(done, "entry", "entries")} changed${done < matched ? `; ${matched - done} had nothing to change` : ""}`;

async function selectionOf(ctx: CliContext, options: Options): Promise<Selection> {
  const { address, kind, domain, target, off } = options;
  const owner = options.ownedBy === false ? null : options.ownedBy;
  const filter: EntryFilter = { kind, domain, owner, target, off };
  const saysMore = [kind, domain, owner, target, off].some((value) => value !== undefined);
  if (address === undefined) {
    const { countEntries } = await import("../actions/bulk-selection.ts");
    return { filter, expected: await countEntries(await ctx.db(), filter) };
  }
  if (saysMore) throw new UsageError("--address names the entries: leave the other options out");
  return { addresses: address };
}
