import { Command } from "commander";
import type { AppPasswordView } from "../actions/app-passwords.ts";
import type { CliContext } from "./context.ts";
import { authorOf, count, examples, printChange, WHY } from "./verb.ts";

type Why = { readonly why?: string };

/** `mailroom app-password …`: one for each device. */
export function appPasswordCommand(ctx: CliContext): Command {
  const family = new Command("app-password").description(
    "passwords for the mail programs of a person, one for each device; people of an LDAP source have them too",
  );
  family
    .command("create <login>")
    .description("make a password; it is shown once")
    .requiredOption("--device <name>", "what it is for")
    .option(...WHY)
    .addHelpText("after", examples('mailroom app-password create alee --device "phone"'))
    .action((login: string, options: Why & { device: string }) => create(ctx, login, options));
  family
    .command("list <login>")
    .description("list a person's passwords: device, when made, last used, revoked")
    .addHelpText("after", examples("mailroom app-password list alee"))
    .action((login: string) => listPasswords(ctx, login));
  family
    .command("revoke")
    .argument("<id>", "its number, as list shows it", count)
    .description("end a password, from the next sign-in on")
    .option(...WHY)
    .addHelpText("after", examples("mailroom app-password revoke 7 --why 'phone lost'"))
    .action((id: number, options: Why) => revoke(ctx, id, options));
  return family;
}

async function create(ctx: CliContext, login: string, options: Why & { device: string }): Promise<void> {
  const { createAppPassword } = await import("../actions/app-passwords.ts");
  const made = await createAppPassword(await ctx.db(), authorOf(ctx, options), (await ctx.ldap()).sources, login, options.device);
  if (ctx.json) return ctx.out.json(made);
  ctx.out.note(`App password ${made.id} of ${made.login} for ${made.device}. It is shown this once:`);
  await ctx.out.text(made.password);
}

async function listPasswords(ctx: CliContext, login: string): Promise<void> {
  const { listAppPasswords } = await import("../actions/app-passwords.ts");
  const passwords = await listAppPasswords(await ctx.db(), login);
  for (const one of passwords) await (ctx.json ? ctx.out.json(one) : ctx.out.text(passwordLine(one)));
  if (passwords.length === 0) ctx.out.note("There is none.");
}

const passwordLine = ({ id, device, created_at, last_used_at, revoked_at }: AppPasswordView): string =>
  `${id}  ${device}  made ${created_at}, ${last_used_at === null ? "never used" : `last used ${last_used_at}`}${revoked_at === null ? "" : `, revoked ${revoked_at}`}`;

async function revoke(ctx: CliContext, id: number, options: Why): Promise<void> {
  const { revokeAppPassword } = await import("../actions/app-passwords.ts");
  const gone = await revokeAppPassword(await ctx.db(), authorOf(ctx, options), id);
  await printChange(ctx, { changed: true, before: gone, after: null }, `app password ${gone.id} of ${gone.login} (${gone.device}) revoked`);
}
