import { Argument, Command, Option } from "commander";
import type { Membership } from "../actions/lists.ts";
import { POSTING } from "../actions/posting.ts";
import type { Posting } from "../directory/directory.ts";
import { counted } from "../mail/counted.ts";
import { textOfKey } from "../mail/mailbox.ts";
import { entryLine, get, listingVerb, remove } from "./alias.ts";
import type { CliContext } from "./context.ts";
import { authorOf, examples, printChange, WHY } from "./verb.ts";
import { writtenChange } from "./written.ts";

type CreateOptions = { owner?: string | false; post?: Posting; note?: string | false; why?: string };

/** `mailroom list …`: lists and their members. */
export function listCommand(ctx: CliContext): Command {
  const list = new Command("list").description("lists and their members");
  list
    .command("create <address>")
    .description("make a list without members, or change owner and posting rule of the one that exists")
    .option("--owner <address>", "who answers for it")
    .option("--no-owner", "nobody does")
    .addOption(new Option("--post <who>", "who may post (anyone, if nothing is said)").choices(POSTING))
    .option("--note <text>", "a line for whoever reads this later")
    .option("--no-note", "no note")
    .option(...WHY)
    .addHelpText("after", examples("mailroom list create choir@campus.example --owner nora.hall@campus.example --post members"))
    .action((address: string, options: CreateOptions) => create(ctx, address, options));
  listingVerb(ctx, list, "list");
  list
    .command("get <address>")
    .description("show one list with all its members")
    .addHelpText("after", examples("mailroom list get all-staff@campus.example"))
    .action((address: string) => get(ctx, "list", address));
  list
    .command("members <address>")
    .description("list the members, one per line")
    .addHelpText("after", examples("mailroom list members all-staff@campus.example | wc -l"))
    .action((address: string) => members(ctx, address));
  for (const [verb, does] of [
    ["add", "add members to a list"],
    ["remove", "take members off a list"],
  ] as const) {
    list
      .command(verb)
      .argument("<address>", "the list")
      .addArgument(new Argument("<member...>", "addresses"))
      .description(does)
      .option(...WHY)
      .addHelpText("after", examples(`mailroom list ${verb} choir@campus.example ann.lee@campus.example ravi.patel@campus.example`))
      .action((address: string, members: readonly string[], options: { why?: string }) => membership(ctx, verb, address, members, options));
  }
  list
    .command("delete <address>")
    .description("delete a list; who was on it stays in the change record")
    .option(...WHY)
    .addHelpText("after", examples("mailroom list delete choir@campus.example"))
    .action((address: string, options: { why?: string }) => remove(ctx, "list", address, options));
  return list;
}

async function create(ctx: CliContext, address: string, options: CreateOptions): Promise<void> {
  const { createList } = await import("../actions/lists.ts");
  const stored = await createList(await ctx.db(), authorOf(ctx, options), {
    address,
    owner: options.owner === false ? null : options.owner,
    posting: options.post,
    note: options.note === false ? null : options.note,
  });
  const changed = writtenChange(stored);
  await printChange(ctx, changed, entryLine(changed.after, changed.before === null ? "new" : ""));
}

/** How many members one question asks for. */
const PAGE = 5000;

async function members(ctx: CliContext, address: string): Promise<void> {
  const { existingList } = await import("../actions/lists.ts");
  const { inPages, membersPage } = await import("../actions/entries.ts");
  const db = await ctx.db();
  const { key } = await existingList(db, address);
  const pages = inPages(
    (after) => membersPage(db, key, after, PAGE),
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
  options: { why?: string },
): Promise<void> {
  const { addMembers, removeMembers } = await import("../actions/lists.ts");
  const act = verb === "add" ? addMembers : removeMembers;
  const changed = await act(await ctx.db(), authorOf(ctx, options), address, members);
  const done = { ...changed, done: changed.done.map(textOfKey), already: changed.already.map(textOfKey) };
  if (ctx.json) return ctx.out.json(done);
  for (const member of done.already) ctx.out.note(verb === "add" ? `${member} is a member already` : `${member} is no member`);
  for (const warning of done.warnings) ctx.out.note(`warning: ${warning}`);
  return ctx.out.text(membershipText(done, verb));
}

const membershipText = (m: Membership, verb: "add" | "remove"): string =>
  `${m.list}: ${m.done.length} ${verb === "add" ? "added" : "removed"}, ${counted(m.members, "member")} now`;
