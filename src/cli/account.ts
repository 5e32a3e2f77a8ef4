import { Command } from "commander";
import type { AccountView } from "../actions/accounts.ts";
import type { CliContext } from "./context.ts";
import { authorOf, collect, examples, printChange, WHY } from "./verb.ts";

type SetOptions = { readonly address: readonly string[]; readonly affiliation?: string | false; readonly why?: string };
type Why = { readonly why?: string };

/** `mailroom account …`: people who sign in to send, where no directory has them. */
export function accountCommand(ctx: CliContext): Command {
  const account = new Command("account").description("people who sign in to send mail");
  account
    .command("set <login>")
    .description("make an account, or make the one that exists so")
    .requiredOption("--address <address>", "one the person sends from; give it once for each", collect)
    .option("--affiliation <word>", "student, staff, …: which limits hold")
    .option("--no-affiliation", "nobody says")
    .option(...WHY)
    .addHelpText("after", examples("mailroom account set alee --address ann.lee@campus.example --affiliation faculty"))
    .action((login: string, options: SetOptions) => set(ctx, login, options));
  account
    .command("list")
    .description("list the accounts with their addresses")
    .addHelpText("after", examples("mailroom account list --json"))
    .action(() => list(ctx));
  account
    .command("remove <login>")
    .description("remove an account with its app passwords and grants")
    .option(...WHY)
    .addHelpText("after", examples("mailroom account remove alee --why TICKET-17"))
    .action((login: string, options: Why) => remove(ctx, login, options));
  account
    .command("resume <login>")
    .description("let a person send again who was stopped for naming too many recipients")
    .option(...WHY)
    .addHelpText("after", examples("mailroom account resume alee --why 'it was a newsletter'"))
    .action((login: string, options: Why) => resume(ctx, login, options));
  return account;
}

async function set(ctx: CliContext, login: string, options: SetOptions): Promise<void> {
  const { setAccount } = await import("../actions/accounts.ts");
  const { affiliation } = options;
  const input = {
    login,
    addresses: options.address,
    ...(affiliation !== undefined && { affiliation: affiliation === false ? null : affiliation }),
  };
  const changed = await setAccount(await ctx.db(), authorOf(ctx, options), input);
  await printChange(ctx, changed, changed.after === null ? "" : `account ${accountLine(changed.after)}`);
}

async function list(ctx: CliContext): Promise<void> {
  const { listAccounts } = await import("../actions/accounts.ts");
  for (const account of await listAccounts(await ctx.db())) await (ctx.json ? ctx.out.json(account) : ctx.out.text(accountLine(account)));
}

const accountLine = ({ login, affiliation, addresses, stopped_at }: AccountView): string =>
  `${login}  ${addresses.join(", ")}${affiliation === null ? "" : `  (${affiliation})`}${stopped_at === null ? "" : `  STOPPED ${stopped_at}`}`;

async function remove(ctx: CliContext, login: string, options: Why): Promise<void> {
  const { removeAccount } = await import("../actions/accounts.ts");
  const before = await removeAccount(await ctx.db(), authorOf(ctx, options), login);
  await printChange(ctx, { changed: true, before, after: null }, `account ${before.login} removed`);
}

async function resume(ctx: CliContext, login: string, options: Why): Promise<void> {
  const { resumeSender } = await import("../actions/accounts.ts");
  const { stopReason } = await import("../sending/stop.ts");
  const resumed = await resumeSender(await ctx.db(), authorOf(ctx, options), login);
  await printChange(ctx, { changed: true, login: resumed }, `${resumed} may send again`);
  ctx.out.note(`What was held of theirs stays held until: mailroom queue release --reason "${stopReason(resumed)}"`);
}
