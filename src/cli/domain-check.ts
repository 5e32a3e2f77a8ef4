import type { Command } from "commander";
import type { RoleView } from "../actions/roles.ts";
import type { CliContext } from "./context.ts";
import { Exit } from "./exit-codes.ts";
import { examples } from "./verb.ts";

const EXIT_STATUS = `
Exit status: 0 all are answered, 1 something is unavailable now, 2 nobody answers one of them.`;

/** `mailroom domain check`: who answers postmaster@, abuse@ and the like, by the code that answers RCPT. */
export function checkVerb(ctx: CliContext, family: Command): void {
  family
    .command("check <name>")
    .description("who answers the addresses every domain should have (RFC 2142): postmaster, abuse, security, …")
    .addHelpText("after", EXIT_STATUS + examples("mailroom domain check campus.example", "mailroom domain check campus.example --json"))
    .action((name: string) => check(ctx, name));
}

async function check(ctx: CliContext, name: string): Promise<void> {
  const [{ roleCoverage, coverageExit }, { resolveLimits }] = await Promise.all([
    import("../actions/roles.ts"),
    import("../stage-settings.ts"),
  ]);
  const { settings } = await ctx.settings();
  const options = { limits: resolveLimits(settings), postmaster: settings.postmaster };
  const views = await roleCoverage((await ctx.ldap()).directory, name, options);
  for (const view of views) await (ctx.json ? ctx.out.json(view) : ctx.out.text(`${view.address.padEnd(32)}  ${inWords(view)}`));
  const status = coverageExit(views);
  if (status !== 0) throw new Exit(status);
}

function inWords({ state, answered_by, reply, address }: RoleView): string {
  switch (state) {
    case "answered":
      return answered_by.join(", ");
    case "fallback":
      return answered_by.length > 0
        ? `${answered_by.join(", ")} (by the settings)`
        : `NOBODY: its mail is held; mailroom alias set ${address} --to … --role`;
    case "discarded":
      return "NOBODY: its mail is thrown away";
    case "empty":
      return `NOBODY: ${reply}; mailroom alias set ${address} --to … --role`;
    case "unavailable":
      return `unavailable now: ${reply}`;
  }
}
