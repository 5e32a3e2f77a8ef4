import { Command } from "commander";
import type { Decided } from "../actions/held.ts";
import { counted } from "../mail/counted.ts";
import type { HeldSelection, WaitingPost } from "../queue/held-posts.ts";
import type { CliContext } from "./context.ts";
import { EXIT, Exit, UsageError } from "./exit-codes.ts";
import { typedQueueId } from "./typed.ts";
import { authorOf, collect, examples, WHY } from "./verb.ts";

type Options = { readonly id?: readonly string[]; readonly list?: string; readonly why?: string };

/** `mailroom held …`: posts that wait for a list's owner, each one thing however many members the list has. */
export function heldCommand(ctx: CliContext): Command {
  const held = new Command("held").description("posts to lists that wait for somebody to decide");
  held
    .command("list")
    .description("list the posts that wait, oldest first")
    .option("--list <address>", "only those to this list")
    .addHelpText("after", examples("mailroom held list --list all-staff@campus.example"))
    .action((options: Options) => list(ctx, options));
  held
    .command("show <id>")
    .description("show one post: who sent it, why it waits, whom it would reach")
    .addHelpText("after", examples("mailroom held show 4bXk2q1hZz"))
    .action((id: string) => show(ctx, id));
  selecting(held.command("approve"))
    .description("let posts through: every member gets a copy")
    .addHelpText("after", examples("mailroom held approve --id 4bXk2q1hZz", "mailroom held approve --list all-staff@campus.example"))
    .action((options: Options) => approve(ctx, options));
  selecting(held.command("reject"))
    .description("send posts back; --why is what the sender reads")
    .addHelpText("after", examples('mailroom held reject --id 4bXk2q1hZz --why "Please write to the helpdesk"'))
    .action((options: Options) => reject(ctx, options));
  return held;
}

const selecting = (command: Command): Command =>
  command
    .option("--id <id>", "a post; may be given several times", collect)
    .option("--list <address>", "posts to this list alone; without --id all of them")
    .option(WHY[0], WHY[1]);

async function selectionOf(ctx: CliContext, { id, list }: Options, mustSelect: boolean): Promise<HeldSelection> {
  if (mustSelect && id === undefined && list === undefined)
    throw new UsageError("Say which posts are meant, by --id ID, --list ADDRESS, or both.");
  const ids = id === undefined ? null : id.map(typedQueueId);
  if (list === undefined) return { ids, list: null };
  const { existingList } = await import("../actions/lists.ts");
  return { ids, list: (await existingList(await ctx.db(), list)).key };
}

async function list(ctx: CliContext, options: Options): Promise<void> {
  const { waitingPosts } = await import("../queue/held-posts.ts");
  const posts = await waitingPosts(await ctx.db(), await selectionOf(ctx, options, false));
  for (const post of posts) await (ctx.json ? ctx.out.json(post) : ctx.out.text(lineOf(post)));
  if (posts.length === 0) ctx.out.note("No post waits.");
}

const lineOf = (post: WaitingPost): string =>
  `${post.queueId}  ${post.heldAt.toISOString()}  ${post.list}  from=<${post.from ?? ""}> copies=${post.copies} (${post.reason}) ${post.subject}`;

async function show(ctx: CliContext, id: string): Promise<void> {
  const { waitingPosts } = await import("../queue/held-posts.ts");
  const posts = await waitingPosts(await ctx.db(), { ids: [typedQueueId(id)], list: null });
  if (posts.length === 0) return nothing(ctx);
  for (const post of posts) {
    if (ctx.json) await ctx.out.json(post);
    else {
      const facts = Object.entries({
        list: post.list,
        from: post.from ?? "<>",
        subject: post.subject,
        "message-id": post.headerMessageId,
        why: post.reason,
        since: post.heldAt.toISOString(),
        size: `${post.size} octets`,
        copies: post.copies,
      });
      await ctx.out.text([post.queueId, ...facts.map(([name, value]) => `  ${`${name}:`.padEnd(12)}${value}`)].join("\n"));
    }
  }
}

async function approve(ctx: CliContext, options: Options): Promise<void> {
  const selection = await selectionOf(ctx, options, true);
  const { approveHeld } = await import("../actions/held.ts");
  const decided = await approveHeld(await ctx.db(), authorOf(ctx, options), selection);
  await print(ctx, decided, "approved");
}

async function reject(ctx: CliContext, options: Options): Promise<void> {
  const selection = await selectionOf(ctx, options, true);
  if (/\p{Cc}/u.test(options.why ?? "")) throw new UsageError("--why holds control characters: write it as one line of plain text.");
  const { rejectHeld } = await import("../actions/held.ts");
  const { withReturning } = await import("../returning.ts");
  const { settings } = await ctx.settings();
  const author = authorOf(ctx, options);
  const decided = await withReturning(await ctx.db(), settings, ctx.log, (deps) => rejectHeld(author, selection, deps.reject));
  await print(ctx, decided, "rejected");
}

async function print(ctx: CliContext, decided: readonly Decided[], how: string): Promise<void> {
  if (decided.length === 0) return nothing(ctx);
  for (const post of decided) {
    if (ctx.json) await ctx.out.json(post);
    else await ctx.out.text(`${post.queueId}: ${how}, ${counted(post.copies, "copy", "copies")} to ${post.list}`);
  }
}

function nothing(ctx: CliContext): never {
  ctx.out.note("No such post waits (any more). To see what does: mailroom held list");
  throw new Exit(EXIT.failed);
}
