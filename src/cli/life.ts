/** Verbs of the life cycle, the same for aliases and lists. */
import { type Command, Option } from "commander";
import type { Changed } from "../actions/change.ts";
import type { EntryView } from "../actions/entries.ts";
import type { HistoryEvent } from "../actions/history.ts";
import type { Disabled } from "../directory/directory.ts";
import type { CliContext } from "./context.ts";
import { authorOf, examples, printChange, WHY } from "./verb.ts";
import { writtenChange } from "./written.ts";

const ANSWERS = ["hard", "soft", "quiet", "text"] as const satisfies readonly Disabled["answer"][];

type Why = { readonly why?: string };
type Dates = Why & { readonly starts?: string | false; readonly expires?: string | false };

/** Options of the verbs that make an entry: what its maker takes on. */
export type MakerOptions = { readonly role?: boolean; readonly reservedOk?: boolean; readonly reuse?: boolean; readonly strict?: boolean };

/** Adds them to a verb. */
export const makerOptions = (verb: Command): Command =>
  verb
    .option("--role", "it is for those who run the domain: reserved names (postmaster, abuse, admin, …) are allowed")
    .option("--reserved-ok", "allow a reserved name to anybody")
    .option("--reuse", "allow an address that somebody held before; needs --why")
    .option("--strict", "refuse a name that looks like another, instead of a warning");

/** What they allow. */
export const allowedBy = (options: MakerOptions) => ({
  reserved: options.role === true || options.reservedOk === true,
  reuse: options.reuse === true,
  strict: options.strict === true,
});

/** disable, enable, retire, dates and history. `line` says in one line what became of an entry. */
export function lifeVerbs(ctx: CliContext, family: Command, kind: "alias" | "list", line: (entry: EntryView | null) => string): void {
  const example = kind === "alias" ? "helpdesk@campus.example" : "all-staff@campus.example";
  family
    .command("disable <address>")
    .description(`switch ${kind === "alias" ? "an alias" : "a list"} off; nothing of it is lost`)
    .addOption(
      new Option("--answer <how>", "hard: as if unknown; soft: try later; quiet: take and discard").choices(ANSWERS).default("hard"),
    )
    .option("--text <words>", "what the answer text says: printable ASCII, up to 200 characters")
    .option(...WHY)
    .addHelpText("after", examples(`mailroom ${kind} disable ${example} --answer text --text "Closed until September"`))
    .action(async (address: string, options: Why & { readonly answer: Disabled["answer"]; readonly text?: string }) => {
      const { disableEntry } = await import("../actions/life.ts");
      const changed = await disableEntry(await ctx.db(), authorOf(ctx, options), kind, address, options.answer, options.text);
      await printWritten(ctx, changed, line);
    });
  family
    .command("enable <address>")
    .description("let it work again that was switched off or retired")
    .option(...WHY)
    .addHelpText("after", examples(`mailroom ${kind} enable ${example}`))
    .action(async (address: string, options: Why) => {
      const { enableEntry } = await import("../actions/life.ts");
      const changed = await enableEntry(await ctx.db(), authorOf(ctx, options), kind, address);
      await printWritten(ctx, changed, line);
    });
  family
    .command("retire <address>")
    .description("tell who writes to it the new address: mail is refused with it, or goes there")
    .requiredOption("--moved-to <address>", "the new address")
    .option("--deliver", "mail goes to the new address, and its sender is told once a week")
    .option(...WHY)
    .addHelpText("after", examples(`mailroom ${kind} retire ${example} --moved-to new@elsewhere.example --deliver`))
    .action(async (address: string, options: Why & { readonly movedTo: string; readonly deliver?: boolean }) => {
      const { retireEntry } = await import("../actions/life.ts");
      const changed = await retireEntry(await ctx.db(), authorOf(ctx, options), kind, address, options.movedTo, options.deliver === true);
      await printWritten(ctx, changed, line);
    });
  datesVerb(ctx, family, kind, example, line);
  family
    .command("history <address>")
    .description("all that happened to it, with who and why; what was changed by hand too")
    .addHelpText("after", examples(`mailroom ${kind} history ${example}`))
    .action((address: string) => history(ctx, address));
}

function datesVerb(
  ctx: CliContext,
  family: Command,
  kind: "alias" | "list",
  example: string,
  line: (entry: EntryView | null) => string,
): void {
  const target = kind === "alias" ? "target" : "member";
  family
    .command(`dates <address> <${target}>`)
    .description(`say from when until when one ${target} counts`)
    .option("--starts <date>", "first day (2026-09-01, UTC) or moment (2026-09-01T08:00Z)")
    .option("--no-starts", "it counts from now on")
    .option("--expires <date>", "last day or moment")
    .option("--no-expires", "it counts until it is removed")
    .option(...WHY)
    .addHelpText("after", examples(`mailroom ${kind} dates ${example} ann.lee@campus.example --starts 2026-09-01 --expires 2027-01-31`))
    .action(async (address: string, member: string, options: Dates) => {
      const { dateTarget } = await import("../actions/life.ts");
      const changed = await dateTarget(await ctx.db(), authorOf(ctx, options), kind, address, member, {
        starts: options.starts === false ? null : options.starts,
        expires: options.expires === false ? null : options.expires,
      });
      await printWritten(ctx, changed, line);
    });
}

async function printWritten(ctx: CliContext, stored: Changed<EntryView>, line: (entry: EntryView | null) => string): Promise<void> {
  const changed = writtenChange(stored);
  await printChange(ctx, changed, line(changed.after));
}

async function history(ctx: CliContext, address: string): Promise<void> {
  const { entryHistory } = await import("../actions/history.ts");
  for (const event of await entryHistory(await ctx.db(), address)) {
    if (ctx.json) await ctx.out.json(event);
    else await ctx.out.text(eventLine(event));
  }
}

/** Columns that say nothing of what an address means. */
const DULL = new Set(["address", "domain", "target", "added_at", "created_at", "changed_at", "version"]);

function eventLine({ at, what, target, row, by, action, why }: HistoryEvent): string {
  const facts = Object.entries(row ?? {}).filter(
    ([name, value]) => value !== null && value !== false && !DULL.has(name) && !(name === "own_copy" && value === true),
  );
  const shown = facts.map(([name, value]) => `${name}=${String(value)}`).join(" ");
  const who = `by ${by}${action === null ? "" : ` (${action})`}${why === null ? "" : `: ${why}`}`;
  return [at, `${what}${target === null ? "" : ` ${target}`}`, shown, who].filter((part) => part !== "").join("  ");
}
