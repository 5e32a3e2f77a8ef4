import { Argument, Command, Option } from "commander";
import type { ListRole } from "../actions/entries.ts";
import type { Membership } from "../actions/lists.ts";
import { POSTING } from "../actions/posting.ts";
import type { Db } from "../db/client.ts";
import type { Posting } from "../directory/directory.ts";
import { counted } from "../mail/counted.ts";
import { textOfKey } from "../mail/mailbox.ts";
import { entryLine, get, listingVerb, type RemoveOptions, remove } from "./alias.ts";
import type { CliContext } from "./context.ts";
import { UsageError } from "./exit-codes.ts";
import { allowedBy, lifeVerbs, type MakerOptions, makerOptions } from "./life.ts";
import { listFilterCommand } from "./list-filter.ts";
import { dryRun, printPreview } from "./preview.ts";
import { authorOf, count, examples, printChange, WHY } from "./verb.ts";
import { writtenChange } from "./written.ts";

type CreateOptions = {
  owner?: string | false;
  post?: Posting;
  note?: string | false;
  ownCopy?: boolean;
  leave?: boolean;
  limit?: number | false;
  starts?: string | false;
  expires?: string | false;
  why?: string;
} & MakerOptions;
type MembershipOptions = RoleOptions & RemoveOptions & { starts?: string; expires?: string };
type RoleOptions = { exclude?: boolean; sender?: boolean };

/** `mailroom list …`: lists and their members. */
export function listCommand(ctx: CliContext): Command {
  const list = new Command("list").description("lists and their members");
  makerOptions(describing(list.command("create <address>")))
    .description("make a list without members, or change the properties of the one that exists")
    .addHelpText("after", examples("mailroom list create choir@campus.example --owner nora.hall@campus.example --post members"))
    .action((address: string, options: CreateOptions) => create(ctx, address, options, false));
  describing(list.command("set <address>"))
    .description("change properties of a list; what is not named stays")
    .addHelpText(
      "after",
      examples("mailroom list set choir@campus.example --leave --no-own-copy", "mailroom list set all-staff@campus.example --limit 60000"),
    )
    .action((address: string, options: CreateOptions) => create(ctx, address, options, true));
  listingVerb(ctx, list, "list");
  lifeVerbs(ctx, list, "list", (entry) => entryLine(entry, ""));
  list
    .command("show <address>")
    .alias("get")
    .description("show one list with all its members")
    .addHelpText("after", examples("mailroom list show all-staff@campus.example"))
    .action((address: string) => get(ctx, "list", address));
  withRole(list.command("members <address>"), "those who are excluded", "the named senders")
    .description("list the members, one per line")
    .addHelpText(
      "after",
      examples("mailroom list members all-staff@campus.example | wc -l", "mailroom list members all-staff@campus.example --exclude"),
    )
    .action((address: string, options: RoleOptions) => members(ctx, address, options));
  for (const [verb, does] of [
    ["add", "add members to a list"],
    ["remove", "take members off a list"],
  ] as const) {
    const command = list.command(verb).argument("<address>", "the list").addArgument(new Argument("<member...>", "addresses"));
    if (verb === "add")
      command
        .option("--starts <date>", "they get nothing before: 2026-09-01 (its beginning, UTC) or 2026-09-01T08:00Z")
        .option("--expires <date>", "and nothing after: 2027-01-31 (its end, UTC) or 2027-01-31T18:00Z");
    withRole(command, "not members: addresses, or the members of lists, that get no copy", "not members: those who may post (--post named)")
      .description(does)
      .addOption(dryRun())
      .option(...WHY)
      .addHelpText(
        "after",
        examples(
          `mailroom list ${verb} choir@campus.example ann.lee@campus.example ravi.patel@campus.example`,
          `mailroom list ${verb} choir@campus.example ann.lee@campus.example --exclude`,
          ...(verb === "add"
            ? ["mailroom list add choir@campus.example ann.lee@campus.example --starts 2126-09-01 --expires 2127-01-31"]
            : []),
        ),
      )
      .action((address: string, members: readonly string[], options: MembershipOptions) =>
        membership(ctx, verb, address, members, options),
      );
  }
  list.addCommand(listFilterCommand(ctx));
  list
    .command("delete <address>")
    .description("delete a list; who was on it stays in the change record")
    .addOption(dryRun())
    .option(...WHY)
    .addHelpText("after", examples("mailroom list delete choir@campus.example"))
    .action((address: string, options: RemoveOptions) => remove(ctx, "list", address, options));
  return list;
}

/** The properties of a list. */
const describing = (command: Command): Command =>
  command
    .option("--owner <address>", "who answers for it, and gets what LIST-owner, owner-LIST, LIST-request and LIST-bounces receive")
    .option("--no-owner", "nobody does: the postmaster")
    .addOption(new Option("--post <who>", "who may post (anyone, if nothing is said)").choices(POSTING))
    .option("--own-copy", "a member who posts gets a copy too (so it is, if nothing is said)")
    .option("--no-own-copy", "a member who posts gets none")
    .option("--leave", "members may take themselves off, by a link in each copy (http.public_url)")
    .option("--no-leave", "only its owner and admins change who is on it (so it is, if nothing is said)")
    .option("--limit <recipients>", "final recipients it may have, up to 100000, where resolve.recipients is too few", count)
    .option("--no-limit", "as many as resolve.recipients says")
    .option("--note <text>", "a line for whoever reads this later")
    .option("--no-note", "no note")
    .option(...WHY);

const withRole = (command: Command, exclude: string, sender: string): Command =>
  command.option("--exclude", exclude).option("--sender", sender);

function roleOf({ exclude, sender }: RoleOptions): ListRole {
  if (exclude && sender) throw new UsageError("Say --exclude or --sender, not both.");
  return exclude ? "excluded" : sender ? "sender" : "member";
}

async function create(ctx: CliContext, address: string, options: CreateOptions, mustExist: boolean): Promise<void> {
  const { createList } = await import("../actions/lists.ts");
  const input = {
    address,
    owner: options.owner === false ? null : options.owner,
    posting: options.post,
    note: options.note === false ? null : options.note,
    ownCopy: options.ownCopy,
    mayLeave: options.leave,
    memberLimit: options.limit === false ? null : options.limit,
    starts: options.starts === false ? null : options.starts,
    expires: options.expires === false ? null : options.expires,
    allow: allowedBy(options),
  };
  const stored = await createList(await ctx.db(), authorOf(ctx, options), input, mustExist);
  const changed = writtenChange(stored);
  await printChange(ctx, changed, entryLine(changed.after, changed.before === null ? "new" : ""));
}

/** How many members one question asks for. */
const PAGE = 5000;

async function members(ctx: CliContext, address: string, options: RoleOptions): Promise<void> {
  const role = roleOf(options);
  const { existingList } = await import("../actions/lists.ts");
  const { inPages, membersPage } = await import("../actions/entries.ts");
  const db = await ctx.db();
  const { key } = await existingList(db, address);
  const pages = inPages(
    (after) => membersPage(db, key, role, after, PAGE),
    (item) => item.member,
  );
  for await (const stored of pages) {
    const item = { ...stored, member: textOfKey(stored.member) };
    if (ctx.json) await ctx.out.json(item);
    else await ctx.out.text(item.member);
  }
}

async function membership(
  ctx: CliContext,
  verb: "add" | "remove",
  address: string,
  members: readonly string[],
  options: MembershipOptions,
): Promise<void> {
  const role = roleOf(options);
  const { addMembers, removeMembers } = await import("../actions/lists.ts");
  const author = authorOf(ctx, options);
  const work = (db: Db) =>
    verb === "add" ? addMembers(db, author, address, members, role, options) : removeMembers(db, author, address, members, role);
  if (options.dryRun) return void (await printPreview(ctx, work, address));
  const changed = await work(await ctx.db());
  const done = { ...changed, done: changed.done.map(textOfKey), already: changed.already.map(textOfKey) };
  if (ctx.json) return ctx.out.json(done);
  for (const key of done.already)
    ctx.out.note(verb === "add" ? `${key} is ${WITH_ARTICLE[role]} already` : `${key} is no ${WORDS[role][0]}`);
  for (const warning of done.warnings) ctx.out.note(`warning: ${warning}`);
  return ctx.out.text(membershipText(done, verb, counted(done.members, ...WORDS[role])));
}

const WITH_ARTICLE: Readonly<Record<ListRole, string>> = { member: "a member", sender: "a named sender", excluded: "an excluded address" };

/** One, and several. */
const WORDS: Readonly<Record<ListRole, readonly [string, string]>> = {
  member: ["member", "members"],
  sender: ["named sender", "named senders"],
  excluded: ["excluded address", "excluded addresses"],
};

const membershipText = (m: Membership, verb: "add" | "remove", all: string): string =>
  `${m.list}: ${m.done.length} ${verb === "add" ? "added" : "removed"}, ${all} now`;
