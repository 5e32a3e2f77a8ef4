import { Command, Option } from "commander";
import type { QueuedRecipient } from "../queue/inspect.ts";
import type { Selection } from "../queue/selection.ts";
import type { Steered } from "../queue/steer.ts";
import { confirmed } from "./confirm.ts";
import type { CliContext } from "./context.ts";
import { EXIT, Exit, UsageError } from "./exit-codes.ts";
import { typedQueueId } from "./typed.ts";
import { authorOf, collect, examples, WHY } from "./verb.ts";

type SelectOptions = {
  readonly id?: readonly string[];
  readonly reason?: string;
  readonly all?: boolean;
  readonly why?: string;
  readonly yes?: boolean;
};
type Steering = "retry" | "hold" | "release" | "delete";

/** `mailroom queue …`: what waits, and what to do with it. */
export function queueCommand(ctx: CliContext): Command {
  const queue = new Command("queue").description("mail that waits");
  queue
    .command("list")
    .description("list every recipient in the queue, oldest first")
    .addHelpText("after", examples("mailroom queue list", "mailroom queue list --json | jq -r 'select(.state == \"held\") | .queueId'"))
    .action(() => list(ctx));
  queue
    .command("show <id>")
    .description("show one message: its envelope, its recipients and what was tried")
    .addHelpText("after", examples("mailroom queue show 4bXk2q1hZz"))
    .action((id: string) => show(ctx, id));
  steering(ctx, queue, "retry", "try the selected recipients again now", "mailroom queue retry --reason 4.7.28");
  steering(
    ctx,
    queue,
    "hold",
    "keep the selected recipients until they are released",
    "mailroom queue hold --id 4bXk2q1hZz --why TICKET-17",
  );
  steering(ctx, queue, "release", "let held and quarantined recipients go on", "mailroom queue release --all");
  steering(ctx, queue, "delete", "end the selected recipients without telling the sender", "mailroom queue delete --id 4bXk2q1hZz --yes");
  selecting(queue.command("return").description("end the selected recipients with a bounce to their senders"))
    .option("--yes", "do not ask (asked for --reason and --all)")
    .addHelpText("after", examples("mailroom queue return --id 4bXk2q1hZz"))
    .action((options: SelectOptions) => giveBack(ctx, options));
  return queue;
}

const selecting = (command: Command): Command =>
  command
    .option("--id <id>", "a message; may be given several times", collect)
    .option("--reason <text>", "those whose last reply, status or reason to be held has this text")
    .option("--all", "everything in the queue")
    .option(WHY[0], WHY[1]);

function steering(ctx: CliContext, queue: Command, verb: Steering, does: string, example: string): void {
  const command = selecting(queue.command(verb).description(does));
  // Only delete asks; scripts may say --yes to all alike.
  command.addOption(new Option("--yes", "do not ask").hideHelp(verb !== "delete"));
  command.addHelpText("after", examples(example)).action((options: SelectOptions) => steer(ctx, verb, options));
}

function selectionOf(options: SelectOptions): Selection {
  const given = [options.id, options.reason, options.all].filter((each) => each !== undefined);
  if (given.length !== 1) throw new UsageError("Say which mail is meant, by exactly one of --id ID, --reason TEXT and --all.");
  if (options.all) return { kind: "all" };
  if (options.reason !== undefined) return { kind: "reason", reason: options.reason };
  return { kind: "ids", ids: (options.id ?? []).map(typedQueueId) };
}

async function list(ctx: CliContext): Promise<void> {
  const { listQueue } = await import("../queue/inspect.ts");
  const db = await ctx.db();
  for (let page = await listQueue(db, 500, null), any = false; ; page = await listQueue(db, 500, page.last)) {
    for (const row of page.rows) await (ctx.json ? ctx.out.json(row) : ctx.out.text(lineOf(row)));
    any ||= page.rows.length > 0;
    if (page.last === null) {
      if (!any) ctx.out.note("The queue is empty.");
      return;
    }
  }
}

function lineOf(row: QueuedRecipient): string {
  const when = row.state === "waiting" ? ` next try ${row.nextAttemptAt.toISOString()}` : "";
  const reason = row.reason === null ? "" : ` (${row.reason})`;
  return `${row.queueId}  ${row.receivedAt.toISOString()}  ${row.state.padEnd(11)} from=<${row.from ?? ""}> to=<${row.to}> orig_to=<${row.origTo}> tries=${row.attempts}${when}${reason}`;
}

async function show(ctx: CliContext, id: string): Promise<void> {
  const { traceMessages } = await import("../queue/trace.ts");
  const { printTraced } = await import("./trace.ts");
  const [message] = await traceMessages(await ctx.db(), { messageId: typedQueueId(id), since: new Date(0), limit: 1 });
  if (!message) {
    ctx.out.note(`There is no message ${id}, or it is older than trace.retention.`);
    throw new Exit(EXIT.failed);
  }
  await printTraced(ctx, message);
}

async function steer(ctx: CliContext, verb: Steering, options: SelectOptions): Promise<void> {
  const selection = selectionOf(options);
  const actions = await import("../actions/queue.ts");
  const db = await ctx.db();
  if (verb === "delete") await confirmed(ctx, "Delete this mail? Nobody will be told.", options.yes === true);
  const act = { retry: actions.retryQueued, hold: actions.holdQueued, release: actions.releaseQueued, delete: actions.deleteQueued }[verb];
  await printSteered(ctx, await act(db, authorOf(ctx, options), selection));
}

async function printSteered(ctx: CliContext, steered: Steered): Promise<void> {
  if (ctx.json) await ctx.out.json(steered);
  else await ctx.out.text(`${steered.matched} matched, ${steered.done} done, ${steered.skipped} skipped`);
  if (steered.matched === 0) ctx.out.note("Nothing in the queue matches.");
  else if (steered.skipped > 0) ctx.out.note("Skipped: being tried right now, or already so.");
  if (steered.done === 0) throw new Exit(EXIT.failed);
}

async function giveBack(ctx: CliContext, options: SelectOptions): Promise<void> {
  const selection = selectionOf(options);
  await confirmed(ctx, "Return this mail to its senders?", options.yes === true || options.id !== undefined);
  const { withReturning } = await import("../returning.ts");
  const { settings } = await ctx.settings();
  const { returnQueued } = await import("../actions/queue.ts");
  const db = await ctx.db();
  const returned = await withReturning(db, settings, ctx.log, (deps) => returnQueued(db, authorOf(ctx, options), selection, deps));
  if (ctx.json) await ctx.out.json({ returned });
  else await ctx.out.text(`${returned} returned`);
  if (returned === 0) throw new Exit(EXIT.failed);
}
