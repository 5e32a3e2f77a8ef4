import { Command } from "commander";
import type { CliContext } from "./context.ts";
import { authorOf, examples, printChange, WHY } from "./verb.ts";

type Why = { readonly why?: string };

/** `mailroom send-as …`: who may send from an address that is not their own. */
export function sendAsCommand(ctx: CliContext): Command {
  const family = new Command("send-as").description("grants to send from an address that is not one's own");
  family
    .command("grant <login> <address>")
    .description("let a person send from an address, or move the end of that")
    .requiredOption("--until <date>", "last day (2027-06-30, UTC) or moment (2027-06-30T18:00Z)")
    .option(...WHY)
    .addHelpText("after", examples("mailroom send-as grant alee helpdesk@campus.example --until 2027-06-30 --why TICKET-17"))
    .action((login: string, address: string, options: Why & { until: string }) => grant(ctx, login, address, options));
  family
    .command("revoke <login> <address>")
    .description("take a grant back")
    .option(...WHY)
    .addHelpText("after", examples("mailroom send-as revoke alee helpdesk@campus.example"))
    .action((login: string, address: string, options: Why) => revokeGrant(ctx, login, address, options));
  family
    .command("list [login]")
    .description("list the grants, of one person or of all; ended ones too")
    .addHelpText("after", examples("mailroom send-as list alee"))
    .action((login: string | undefined) => listGrants(ctx, login ?? null));
  return family;
}

async function grant(ctx: CliContext, login: string, address: string, options: Why & { until: string }): Promise<void> {
  const { grantSendAs } = await import("../actions/send-as.ts");
  const changed = await grantSendAs(await ctx.db(), authorOf(ctx, options), { login, address, until: options.until });
  await printChange(ctx, changed, `${changed.after?.login} may send as ${changed.after?.address} until ${changed.after?.ends_at}`);
}

async function revokeGrant(ctx: CliContext, login: string, address: string, options: Why): Promise<void> {
  const { revokeSendAs } = await import("../actions/send-as.ts");
  const before = await revokeSendAs(await ctx.db(), authorOf(ctx, options), login, address);
  await printChange(ctx, { changed: true, before, after: null }, `${before.login} may no longer send as ${before.address}`);
}

async function listGrants(ctx: CliContext, login: string | null): Promise<void> {
  const { listSendAs } = await import("../actions/send-as.ts");
  for (const each of await listSendAs(await ctx.db(), login)) {
    await (ctx.json ? ctx.out.json(each) : ctx.out.text(`${each.login}  ${each.address}  until ${each.ends_at}`));
  }
}
