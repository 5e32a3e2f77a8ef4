import { Command, InvalidArgumentError, Option } from "commander";
import { type Mailbox, mailboxText, textOfKey } from "../mail/mailbox.ts";
import type { TracedMessage } from "../queue/trace.ts";
import type { CliContext } from "./context.ts";
import { EXIT, Exit } from "./exit-codes.ts";
import { typedMailbox, typedSender } from "./typed.ts";
import { count, examples } from "./verb.ts";

type TraceOptions = { readonly to?: string; readonly from?: string; readonly id?: string; readonly since: number; readonly limit: number };

/** `mailroom trace`: what happened to a message. */
export function traceCommand(ctx: CliContext): Command {
  return new Command("trace")
    .description("what happened to messages: newest first, each with every attempt")
    .option("--to <address>", "an address it was sent to, or one it went on to")
    .option("--from <address>", "its envelope sender; <> for bounces")
    .option("--id <id>", "its queue id, or its Message-ID")
    .addOption(new Option("--since <time>", "how far back to look, as in 30m, 2h or 7d").argParser(duration).default(48 * HOUR, "2d"))
    .option("--limit <number>", "messages at most", count, 100)
    .addHelpText(
      "after",
      examples(
        "mailroom trace --to ann.lee@campus.example",
        "mailroom trace --id 4bXk2q1hZz --json",
        "mailroom trace --from '<>' --since 2h",
      ),
    )
    .action((options: TraceOptions) => trace(ctx, options));
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const UNITS: Readonly<Record<string, number>> = { s: 1000, m: MINUTE, h: HOUR, d: 24 * HOUR };

function duration(text: string): number {
  const parts = /^(\d{1,6})([smhd])$/.exec(text);
  const unit = UNITS[parts?.[2] ?? ""];
  if (!parts || unit === undefined) throw new InvalidArgumentError("It is a number with s, m, h or d, as in 2h.");
  return Number(parts[1]) * unit;
}

async function trace(ctx: CliContext, options: TraceOptions): Promise<void> {
  const { traceMessages } = await import("../queue/trace.ts");
  const { parseQueueId } = await import("../mail/queue-id.ts");
  const asQueueId = options.id === undefined ? null : parseQueueId(options.id);
  const messages = await traceMessages(await ctx.db(), {
    to: options.to === undefined ? undefined : asQueued(typedMailbox(options.to)),
    from: options.from === undefined ? undefined : asQueued(typedSender(options.from)),
    messageId: asQueueId ?? undefined,
    headerMessageId: options.id !== undefined && asQueueId === null ? bracketed(options.id) : undefined,
    since: asQueueId === null ? new Date(Date.now() - options.since) : new Date(0),
    limit: options.limit,
  });
  for (const message of messages) await printTraced(ctx, message);
  if (messages.length > 0) return;
  ctx.out.note(
    "Nothing found: it was refused in the dialogue (the log says why), is older than --since or trace.retention, never reached this server, or the address is only a step or a dead end on the way (mailroom explain shows those).",
  );
  throw new Exit(EXIT.failed);
}

/** As the queue writes addresses; null is written as nothing. */
const asQueued = (mailbox: Mailbox | null): string => (mailbox === null ? "" : mailboxText(mailbox));

const bracketed = (id: string): string => (id.startsWith("<") ? id : `<${id}>`);

/** One message with its attempts, as text or as one JSON value. */
export async function printTraced(ctx: CliContext, traced: TracedMessage): Promise<void> {
  const message = { ...traced, deliveries: traced.deliveries.map((d) => ({ ...d, paths: d.paths.map((path) => path.map(textOfKey)) })) };
  if (ctx.json) {
    await ctx.out.json(message);
    return;
  }
  const head = `${message.queueId}  ${message.receivedAt.toISOString()}  from=<${message.from ?? ""}> size=${message.size} client=${message.clientAddress ?? "local"}${message.authenticatedAs === null ? "" : ` signed-in=${message.authenticatedAs}`} message-id=${message.headerMessageId ?? "<none>"}`;
  const ended = message.deliveries.map(
    (d) =>
      `  ${d.endedAt.toISOString()}  ${d.outcome.padEnd(9)} to=<${d.to}> orig_to=<${d.origTo}> relay=${d.relay ?? "none"} (${d.reply})\n      ${d.paths.map((path) => path.join(" -> ")).join("; ")}`,
  );
  const waiting = message.waiting.map(
    (w) =>
      `  ${w.state === "waiting" ? `next try ${w.nextAttemptAt.toISOString()}` : w.state}  to=<${w.to}> orig_to=<${w.origTo}>${w.reason === null ? "" : ` (${w.reason})`}`,
  );
  await ctx.out.text([head, ...ended, ...waiting].join("\n"));
}
