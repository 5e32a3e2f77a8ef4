import { Command } from "commander";
import type { ChangeRecordView, ChangeSetView } from "../actions/changes.ts";
import type { CliContext } from "./context.ts";
import { BadValue } from "./exit-codes.ts";
import { count, examples } from "./verb.ts";

type ListOptions = { readonly object?: string; readonly by?: string; readonly since?: string; readonly limit?: number };

/** `mailroom changes …`: what was changed, by whom and why. */
export function changesCommand(ctx: CliContext): Command {
  const changes = new Command("changes").description("what was changed, by whom and why");
  changes
    .command("list")
    .description("list change sets, newest first: each is what one command, import or click changed")
    .option("--object <name>", "only those that changed this address, domain or account")
    .option("--by <who>", "only those of this author, as in ann@mx1 via cli")
    .option("--since <date>", "only those from this day (2026-09-01, UTC) or moment (2026-09-01T08:00Z) on")
    .option("--limit <count>", "no more than this many (50)", count)
    .addHelpText("after", examples("mailroom changes list --object help@campus.example", "mailroom changes list --since 2026-09-01 --json"))
    .action((options: ListOptions) => list(ctx, options));
  changes
    .command("show <change>")
    .description("show one change set with all its records: what was before, what is after")
    .addHelpText("after", examples("mailroom changes show 1207", "mailroom changes show 1207 --json"))
    .action((change: string) => show(ctx, changeNumber(change)));
  return changes;
}

/** The number of a change, as it is printed: `1207` or `#1207`. */
export function changeNumber(text: string): number {
  const n = /^#?\d{1,15}$/.test(text) ? Number(text.replace("#", "")) : 0;
  if (n >= 1) return n;
  throw new BadValue(`${JSON.stringify(text.slice(0, 100))} is no number of a change`, "To see them: mailroom changes list");
}

/** How many one question asks for. */
const PAGE = 500;
const LISTED = 50;

async function list(ctx: CliContext, { object, by, since, limit = LISTED }: ListOptions): Promise<void> {
  const [{ changeSetsPage }, { startOf }] = await Promise.all([import("../actions/changes.ts"), import("../actions/address.ts")]);
  const db = await ctx.db();
  const asked = { object, actor: by, since: since === undefined ? undefined : startOf(since) };
  let after: number | undefined;
  for (let left = limit; left > 0; ) {
    const page = await changeSetsPage(db, { ...asked, after, limit: Math.min(PAGE, left) });
    for (const set of page) await (ctx.json ? ctx.out.json(set) : ctx.out.text(setLine(set)));
    after = page.at(-1)?.change_no;
    left -= page.length;
    if (after === undefined) return;
  }
}

/** `#1207  2026-09-03 10:12:01  ann@mx1 via cli  import csv people.csv (1,204 records)  TICKET-7`. */
function setLine(set: ChangeSetView): string {
  const what = `${set.action} ${set.object}${set.count > 1 ? ` (${set.count} records)` : ""}`;
  const undone = set.undone_by === null ? [] : [`undone by #${set.undone_by}`];
  return [`#${set.change_no}`, momentOf(set.at), set.actor, what, ...(set.why === null ? [] : [set.why]), ...undone].join("  ");
}

const momentOf = (at: string): string => `${at.slice(0, 10)} ${at.slice(11, 19)}`;

async function show(ctx: CliContext, changeNo: number): Promise<void> {
  const { changeSet } = await import("../actions/changes.ts");
  const db = await ctx.db();
  for (let after = 0, first = true; ; first = false) {
    const { records, ...set } = await changeSet(db, changeNo, { after, limit: PAGE });
    if (first) await (ctx.json ? ctx.out.json(set) : ctx.out.text(setLine(set)));
    for (const record of records) await (ctx.json ? ctx.out.json(record) : ctx.out.text(recordLines(record)));
    const last = records.at(-1);
    if (last === undefined) return;
    after = last.change_no;
  }
}

const recordLines = ({ action, object, before, after }: ChangeRecordView): string =>
  [
    `${action} ${object}`,
    ...(before === null ? [] : [`  before: ${JSON.stringify(before)}`]),
    ...(after === null ? [] : [`  after:  ${JSON.stringify(after)}`]),
  ].join("\n");
