import { Command, InvalidArgumentError } from "commander";
import { Refusal } from "../actions/refusal.ts";
import { counted } from "../mail/counted.ts";
import type { RelayResult } from "../receive/relay-test.ts";
import type { CliContext } from "./context.ts";
import { EXIT, Exit, UsageError } from "./exit-codes.ts";
import { examples } from "./verb.ts";

type Target = { readonly host: string; readonly port: number };
type Options = { readonly at?: Target; readonly domain?: string };

/** `mailroom test-relay`: the open-relay forms, sent to the running server as a stranger would. */
export function testRelayCommand(ctx: CliContext): Command {
  return new Command("test-relay")
    .description("ask the running server to relay in every way strangers have tried; no message is sent")
    .option("--at <host:port>", "the listener to ask (default: the first of smtp.listen)", target)
    .option("--domain <domain>", "one of its domains (default: the first)")
    .addHelpText("after", examples("mailroom test-relay", "mailroom test-relay --at mx.campus.example:25 --domain campus.example"))
    .action((options: Options) => ask(ctx, options));
}

function target(text: string): Target {
  const parts = /^(?:\[([0-9a-fA-F:.]+)\]|([^:\s]+)):(\d{1,5})$/.exec(text);
  if (!parts) throw new InvalidArgumentError("It is host:port, as in 127.0.0.1:2525.");
  return { host: parts[1] ?? parts[2] ?? "", port: Number(parts[3]) };
}

async function ask(ctx: CliContext, options: Options): Promise<void> {
  const { settings } = await ctx.settings();
  const at = options.at ?? settings.smtp.listen[0];
  if (!at) throw new UsageError("smtp.listen is off: say which listener with --at host:port.");
  const { domainOf } = await import("../actions/address.ts");
  const domain = options.domain === undefined ? await firstDomain(ctx) : domainOf(options.domain);
  const { testRelay } = await import("../receive/relay-test.ts");
  const results = await testRelay(at, { domain, localPart: "postmaster" }).catch((error: unknown) => {
    ctx.out.note(`mailroom: ${at.host}:${at.port} cannot be asked: ${error instanceof Error ? error.message : String(error)}`);
    ctx.out.note("Is the server running? Start it with mailroom serve, or name its listener with --at host:port.");
    throw new Exit(EXIT.unreachable);
  });
  for (const result of results) await (ctx.json ? ctx.out.json(result) : ctx.out.text(resultLine(result)));
  const failed = results.filter(({ passed }) => !passed).length;
  ctx.out.note(
    failed === 0
      ? `${counted(results.length, "form")}, all answered as they must be: not an open relay.`
      : `${failed} of ${counted(results.length, "form")} answered wrongly.`,
  );
  if (failed > 0) throw new Exit(EXIT.failed);
}

/** One form with its answer; no two forms read alike. @internal */
export function resultLine({ passed, sender, recipient, smtputf8, got, expected }: RelayResult): string {
  const asked = `MAIL FROM:${sender}${smtputf8 ? " SMTPUTF8" : ""} RCPT TO:${recipient}`;
  return `${passed ? "ok  " : "FAIL"}  ${asked}  ${got}${passed ? "" : `  (expected ${expected.join(" or ")})`}`;
}

async function firstDomain(ctx: CliContext): Promise<string> {
  const { listDomains } = await import("../actions/domains.ts");
  const [first] = await listDomains(await ctx.db());
  if (!first) throw new Refusal("notFound", "no domain is ours yet", "Add one with mailroom domain add, or name one with --domain.");
  return first.domain;
}
