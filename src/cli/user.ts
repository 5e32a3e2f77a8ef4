import { readFile } from "node:fs/promises";
import { Command, Option } from "commander";
import { type GivenRole, ROLES } from "../actions/access/roles.ts";
import type { GrantView } from "../actions/access/users.ts";
import type { CliContext } from "./context.ts";
import { authorOf, examples, printChange, WHY } from "./verb.ts";

type AddOptions = {
  readonly role: GivenRole;
  readonly domain?: string;
  readonly passwordFile?: string;
  readonly ends?: string;
  readonly why?: string;
};
type RevokeOptions = { readonly role: GivenRole; readonly domain?: string; readonly why?: string };

const role = () => new Option("--role <role>", "what they may do").choices(ROLES).makeOptionMandatory();

/** `mailroom user …`: who may use the panel, and what they may do there. */
export function userCommand(ctx: CliContext): Command {
  const user = new Command("user").description("who may use the panel and the API, and what they may do there");
  user
    .command("add <name>")
    .description("give somebody a role; a name alone is a local account, made when it is new. People of a directory: ldap:LOGIN")
    .addOption(role())
    .option("--domain <domain>", "where, for department-admin and helpdesk")
    .option("--ends <date>", "the role ends then")
    .option("--password-file <file>", "the password of a local account, without the line's end; else a new one is made and shown once")
    .option(...WHY)
    .addHelpText(
      "after",
      examples(
        "mailroom user add admin --role superadmin",
        "mailroom user add ldap:alee --role department-admin --domain cs.campus.example --ends 2027-06-30",
      ),
    )
    .action((name: string, options: AddOptions) => add(ctx, name, options));
  user
    .command("list")
    .description("list who has which role")
    .addHelpText("after", examples("mailroom user list --json"))
    .action(() => list(ctx));
  user
    .command("revoke <name>")
    .description("take a role back, at once")
    .addOption(role())
    .option("--domain <domain>", "where they have it")
    .option(...WHY)
    .addHelpText("after", examples("mailroom user revoke ldap:alee --role department-admin --domain cs.campus.example"))
    .action((name: string, options: RevokeOptions) => revoke(ctx, name, options));
  user
    .command("remove <name>")
    .description("remove a local account with its roles and tokens")
    .option(...WHY)
    .addHelpText("after", examples("mailroom user remove admin2 --why 'left in June'"))
    .action((name: string, options: { readonly why?: string }) => remove(ctx, name, options));
  user
    .command("totp-reset <name>")
    .description("take the second factor of a local account away: the password alone signs in again")
    .option(...WHY)
    .addHelpText("after", examples("mailroom user totp-reset admin --why 'phone lost'"))
    .action((name: string, options: { readonly why?: string }) => resetTotp(ctx, name, options));
  return user;
}

async function add(ctx: CliContext, name: string, options: AddOptions): Promise<void> {
  const { grantRole, listUsers, principalOf, setUser } = await import("../actions/access/users.ts");
  const db = await ctx.db();
  const author = authorOf(ctx, options);
  const login = principalOf(name).replace(/^local:/, "");
  const isLocal = principalOf(name).startsWith("local:");
  const isNew = isLocal && !(await listUsers(db)).some((user) => user.login === login);
  const given = options.passwordFile === undefined ? null : (await readFile(options.passwordFile, "utf8")).replace(/\r?\n$/, "");
  const made = isNew && given === null ? await newSecret() : null;
  const { together } = await import("../actions/rehearse.ts");
  const granted = await together(db, async (on) => {
    const password = given ?? made;
    if (isLocal && password !== null) await setUser(on, author, login, password);
    return grantRole(on, author, name, options);
  });
  await printChange(ctx, { ...granted, ...(made !== null && { password: made }) }, granted.after === null ? "" : grantLine(granted.after));
  if (made !== null && !ctx.json) await ctx.out.text(`password: ${made}`);
}

/** Shown once; easy to type and hard to guess. */
async function newSecret(): Promise<string> {
  const { newPassword } = await import("../sending/password.ts");
  return (await newPassword()).shown;
}

async function list(ctx: CliContext): Promise<void> {
  const { listGrants } = await import("../actions/access/users.ts");
  for (const grant of await listGrants(await ctx.db())) await (ctx.json ? ctx.out.json(grant) : ctx.out.text(grantLine(grant)));
}

async function revoke(ctx: CliContext, name: string, options: RevokeOptions): Promise<void> {
  const { revokeRole } = await import("../actions/access/users.ts");
  const before = await revokeRole(await ctx.db(), authorOf(ctx, options), name, options.role, options.domain ?? null);
  await printChange(ctx, { changed: true, before, after: null }, `taken back: ${grantLine(before)}`);
}

async function remove(ctx: CliContext, name: string, options: { readonly why?: string }): Promise<void> {
  const { removeUser } = await import("../actions/access/users.ts");
  const before = await removeUser(await ctx.db(), authorOf(ctx, options), name);
  await printChange(ctx, { changed: true, before, after: null }, `local account ${before.login} removed`);
}

async function resetTotp(ctx: CliContext, name: string, options: { readonly why?: string }): Promise<void> {
  const { removeTotp } = await import("../actions/access/totp.ts");
  await printChange(ctx, await removeTotp(await ctx.db(), authorOf(ctx, options), name), `second factor of ${name} removed`);
}

const grantLine = ({ principal, role: what, domain, ends_at }: GrantView): string =>
  `${principal}  ${what}${domain === null ? "" : ` of ${domain}`}${ends_at === null ? "" : `  until ${ends_at}`}`;
