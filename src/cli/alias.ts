import { Command } from "commander";
import type { EntryRow, EntryView } from "../actions/entries.ts";
import type { Db } from "../db/client.ts";
import type { Posting } from "../directory/directory.ts";
import { counted } from "../mail/counted.ts";
import { momentText, startText } from "../mail/moment.ts";
import type { CliContext } from "./context.ts";
import { allowedBy, lifeVerbs, type MakerOptions, makerOptions } from "./life.ts";
import { dryRun, printPreview } from "./preview.ts";
import { authorOf, collect, count, examples, printChange, WHY } from "./verb.ts";
import { writtenChange, writtenEntry } from "./written.ts";

type SetOptions = {
  to: readonly string[];
  owner?: string | false;
  expires?: string | false;
  note?: string | false;
} & RemoveOptions &
  MakerOptions & {
    starts?: string | false;
    affiliation?: string | false;
  };
/** Options of the verbs that delete, and of others that may be rehearsed. */
export type RemoveOptions = { why?: string; dryRun?: boolean };
/** Options of a listing; the same for aliases and lists. */
export type ListingOptions = { domain?: string; after?: string; limit?: number };

/** `mailroom alias …`: addresses of ours that mean others. */
export function aliasCommand(ctx: CliContext): Command {
  const alias = new Command("alias").description("addresses that forward to others");
  makerOptions(alias.command("set <address>"))
    .description("make an alias, or make the one that exists so")
    .requiredOption("--to <address>", "a target; give it once for each", collect)
    .option("--owner <address>", "who answers for it")
    .option("--no-owner", "nobody does")
    .option("--expires <date>", "last day (2027-06-30, UTC) or moment (2027-06-30T18:00Z) it works")
    .option("--no-expires", "it works until it is deleted")
    .option("--starts <date>", "first day (2026-09-01, UTC) or moment (2026-09-01T08:00Z) it works")
    .option("--no-starts", "it works from now on")
    .option("--affiliation <word>", "of who holds it, as in student: mailroom policy says whether its mail may leave campus")
    .option("--no-affiliation", "no policy holds for it")
    .option("--note <text>", "a line for whoever reads this later")
    .option("--no-note", "no note")
    .addOption(dryRun())
    .option(...WHY)
    .addHelpText(
      "after",
      examples(
        "mailroom alias set help@campus.example --to victor.hill@campus.example --to wanda.moore@campus.example",
        "mailroom alias set guest@campus.example --to nora.hall@campus.example --expires 2027-06-30 --why TICKET-17",
      ),
    )
    .action((address: string, options: SetOptions) => set(ctx, address, options));
  alias
    .command("get <address>")
    .description("show one alias with all its targets")
    .addHelpText("after", examples("mailroom alias get helpdesk@campus.example"))
    .action((address: string) => get(ctx, "alias", address));
  listingVerb(ctx, alias, "alias");
  lifeVerbs(ctx, alias, "alias", (entry) => entryLine(entry, ""));
  alias
    .command("delete <address>")
    .description("delete an alias; what it was stays in the change record, and nobody gets its name by accident")
    .addOption(dryRun())
    .option(...WHY)
    .addHelpText("after", examples("mailroom alias delete guest@campus.example --dry-run", "mailroom alias delete guest@campus.example"))
    .action((address: string, options: RemoveOptions) => remove(ctx, "alias", address, options));
  return alias;
}

/** The verb `list` of aliases and of lists. */
export function listingVerb(ctx: CliContext, family: Command, kind: "alias" | "list"): void {
  family
    .command("list")
    .description(`list ${kind === "alias" ? "aliases" : "lists"} in order of address`)
    .option("--domain <domain>", "only those of this domain")
    .option("--after <address>", "only those behind this address")
    .option("--limit <count>", "no more than this many", count)
    .addHelpText("after", examples(`mailroom ${kind} list --domain campus.example --json`))
    .action((options: ListingOptions) => listing(ctx, kind, options));
}

async function set(ctx: CliContext, address: string, options: SetOptions): Promise<void> {
  const { setAlias } = await import("../actions/aliases.ts");
  const orNull = (value: string | false | undefined) => (value === false ? null : value); // --no-owner and the like
  const author = authorOf(ctx, options);
  const work = (db: Db) =>
    setAlias(db, author, {
      address,
      targets: options.to,
      owner: orNull(options.owner),
      expires: orNull(options.expires),
      note: orNull(options.note),
      starts: orNull(options.starts),
      affiliation: orNull(options.affiliation),
      allow: allowedBy(options),
    });
  if (options.dryRun) return void (await printPreview(ctx, work, address));
  const stored = await work(await ctx.db());
  const changed = writtenChange(stored);
  await printChange(ctx, changed, entryLine(changed.after, changed.before === null ? "new" : ""));
}

/** Prints one alias or list. */
export async function get(ctx: CliContext, kind: "alias" | "list", address: string): Promise<void> {
  const { getEntry } = await import("../actions/aliases.ts");
  const entry = writtenEntry(await getEntry(await ctx.db(), kind, address));
  if (ctx.json) return ctx.out.json(entry);
  const facts = Object.entries({
    kind: entry.kind,
    owner: entry.owner,
    posting: entry.posting,
    starts: entry.starts_at && startText(new Date(entry.starts_at)),
    "own copy": entry.own_copy === null ? null : entry.own_copy ? "yes, a member who posts gets one" : "no, a member who posts gets none",
    leaving: entry.may_leave === null ? null : entry.may_leave ? "members may" : "only by its owner and admins",
    limit: entry.member_limit,
    senders: entry.senders.length === 0 ? null : entry.senders.join(", "),
    excluded: entry.excluded.length === 0 ? null : entry.excluded.join(", "),
    expires: entry.expires_at && momentText(new Date(entry.expires_at)),
    ...lifeFacts(entry),
    note: entry.note,
    changed: entry.changed_at,
  });
  const lines = facts.filter(([, value]) => value !== null).map(([name, value]) => `  ${`${name}:`.padEnd(10)}${value}`);
  return ctx.out.text(
    [entry.address, ...lines, ...entry.targets.map((target) => `  → ${target}${datesText(entry.target_dates?.[target])}`)].join("\n"),
  );
}

/** What of the life cycle is out of the ordinary. */
function lifeFacts(entry: EntryView): Record<string, string | null> {
  return {
    off:
      entry.disabled === null ? null : `switched off (${entry.disabled}${entry.disabled_text === null ? "" : `: ${entry.disabled_text}`})`,
    moved: entry.moved_to === null ? null : `moved to ${entry.moved_to}${entry.moved_delivers ? ", mail goes there" : ""}`,
    holder: entry.affiliation,
    campus: entry.off_campus_until === null ? null : `may forward off campus until ${momentText(new Date(entry.off_campus_until))}`,
  };
}

const datesText = ([starts, expires]: readonly [string | null, string | null] = [null, null]): string =>
  `${starts === null ? "" : `  from ${startText(new Date(starts))}`}${expires === null ? "" : `  until ${momentText(new Date(expires))}`}`;

/** How many entries one question asks for. */
const PAGE = 1000;

async function listing(ctx: CliContext, kind: "alias" | "list", options: ListingOptions): Promise<void> {
  const { entriesPage, inPages } = await import("../actions/entries.ts");
  const { domainOf } = await import("../actions/address.ts");
  const db = await ctx.db();
  const domain = options.domain === undefined ? {} : { domain: domainOf(options.domain) };
  let left = options.limit ?? Number.POSITIVE_INFINITY;
  const pages = inPages(
    (after) => entriesPage(db, { kind, ...domain, after, limit: Math.min(PAGE, left) }),
    (entry) => entry.address,
    options.after,
  );
  for await (const stored of pages) {
    const entry = writtenEntry(stored);
    if (ctx.json) await ctx.out.json(entry);
    else await ctx.out.text(entryLine(entry, ""));
    if (--left === 0) return;
  }
}

/** Deletes an alias or a list and says what it was. */
export async function remove(ctx: CliContext, kind: "alias" | "list", address: string, options: RemoveOptions): Promise<void> {
  const { deleteEntry } = await import("../actions/aliases.ts");
  const author = authorOf(ctx, options);
  const work = (db: Db) => deleteEntry(db, author, kind, address);
  if (options.dryRun) return void (await printPreview(ctx, work, address));
  const { before, warnings } = await work(await ctx.db());
  await printChange(
    ctx,
    { changed: true, before: writtenEntry(before), after: null, warnings },
    `${kind} ${before.address} deleted (it had ${counted(before.targets.length, kind === "alias" ? "target" : "member")})`,
  );
}

/** Who may post, in words. */
const POSTS_BY: Readonly<Record<Posting, string>> = {
  anyone: "anyone may post",
  campus: "campus may post",
  members: "members may post",
  owners: "owners may post",
  named: "named senders may post",
  moderated: "its owner sees each post first",
};

/** One line about an entry: address, then its first targets. */
export function entryLine(entry: EntryRow | EntryView | null, remark: string): string {
  if (!entry) return "";
  const all = "target_count" in entry ? entry.target_count : entry.targets.length;
  const named = entry.targets.slice(0, 3);
  const more = all > named.length ? [`+${all - named.length} more`] : [];
  const facts = [
    entry.owner && `owner ${entry.owner}`,
    entry.kind === "list" && `list, ${counted(all, "member")}, ${POSTS_BY[entry.posting ?? "anyone"]}`,
    entry.starts_at && `from ${startText(new Date(entry.starts_at))}`,
    entry.expires_at && `until ${momentText(new Date(entry.expires_at))}`,
    ...Object.values(lifeFacts(entry)),
    remark,
  ];
  const tail = facts.filter(Boolean).join("; ");
  return `${entry.address} → ${[...named, ...more].join(", ") || "nobody"}${tail ? `  (${tail})` : ""}`;
}
