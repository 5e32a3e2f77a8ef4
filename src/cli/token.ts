import { Command, Option } from "commander";
import type { TokenView } from "../actions/access/tokens.ts";
import { TOKEN_SCOPES, tokenScopesOf } from "../admin/access/policy.ts";
import type { CliContext } from "./context.ts";
import { BadValue, UsageError } from "./exit-codes.ts";
import { authorOf, collect, count, examples, printChange, WHY } from "./verb.ts";

type Why = { readonly why?: string };
type CreateOptions = Why & {
  readonly scope: readonly string[];
  readonly domain?: string;
  readonly network?: readonly string[];
  readonly ends?: string;
  readonly for?: string;
};

const DAYS = 90;

/** `mailroom token …`: for programs that use the API. */
export function tokenCommand(ctx: CliContext): Command {
  const token = new Command("token").description(
    "tokens of programs that use the API; one never may more than its owner does at that moment",
  );
  token
    .command("create <name>")
    .description("make a token; it is shown once")
    .addOption(new Option("--scope <scope>", `what it may, repeatable: ${TOKEN_SCOPES.join(" ")}`).argParser(collect).makeOptionMandatory())
    .option("--domain <domain>", "only there; else wherever its owner may")
    .option("--network <cidr>", "only from there, repeatable; else from anywhere", collect)
    .option("--ends <date>", `its last day, within a year; else in ${DAYS} days`)
    .option("--for <principal>", "its owner: local:NAME, ldap:LOGIN or oidc:SUBJECT@ISSUER; else the only superadmin there is")
    .option(...WHY)
    .addHelpText(
      "after",
      examples(
        "mailroom token create 'nightly export' --scope addresses:read --network 192.0.2.0/24",
        "mailroom token create hr --scope aliases:write --domain cs.campus.example --for ldap:alee --ends 2027-06-30",
      ),
    )
    .action((name: string, options: CreateOptions) => create(ctx, name, options));
  token
    .command("list")
    .description("list tokens: scopes, owner, last used, end")
    .addHelpText("after", examples("mailroom token list --json"))
    .action(() => list(ctx));
  token
    .command("revoke")
    .argument("<id>", "its number, as list shows it", count)
    .description("end a token, from the next request on")
    .option(...WHY)
    .addHelpText("after", examples("mailroom token revoke 7 --why 'was in a log'"))
    .action((id: number, options: Why) => revoke(ctx, id, options));
  return token;
}

async function create(ctx: CliContext, name: string, options: CreateOptions): Promise<void> {
  const unknown = options.scope.find((scope) => !TOKEN_SCOPES.includes(scope));
  if (unknown !== undefined) throw new UsageError(`there is no scope "${unknown}"; there are ${TOKEN_SCOPES.join(", ")}`);
  const { createToken } = await import("../actions/access/tokens.ts");
  const db = await ctx.db();
  const owner = await ownerOf(ctx, options);
  const made = await createToken(db, authorOf(ctx, options), {
    name,
    owner,
    scopes: options.scope,
    domain: options.domain,
    networks: options.network,
    ends: options.ends ?? new Date(Date.now() + DAYS * 24 * 3_600_000).toISOString().slice(0, 10),
  });
  if (ctx.json) return ctx.out.json(made);
  if (made.after !== null) ctx.out.note(`Token ${tokenLine(made.after)}. It is shown this once:`);
  await ctx.out.text(made.token);
}

/** Who the token acts for, when they may all of this themselves: a token that could do less than it says would be believed in. */
async function ownerOf(ctx: CliContext, options: CreateOptions): Promise<string> {
  const { listGrants, principalOf } = await import("../actions/access/users.ts");
  const grants = (await listGrants(await ctx.db())).filter(({ ends_at }) => ends_at === null || new Date(ends_at) > new Date());
  const superadmins = [...new Set(grants.filter(({ role }) => role === "superadmin").map(({ principal }) => principal))];
  const [only] = superadmins;
  if (options.for === undefined && (only === undefined || superadmins.length > 1))
    throw new UsageError(`whose token? Name its owner: --for ${superadmins.join(" or ") || "PRINCIPAL"}`);
  const id = options.for === undefined ? (only ?? "") : principalOf(options.for);
  const scopes = tokenScopesOf({ id, grants: grants.filter(({ principal }) => principal === id) }, options.domain?.toLowerCase() ?? null);
  const beyond = options.scope.filter((scope) => !scopes.includes(scope));
  if (beyond.length > 0)
    throw new BadValue(
      `${id} may not do this${options.domain === undefined ? "" : ` in ${options.domain}`}: ${beyond.join(", ")}`,
      "To see who may what: mailroom user list",
    );
  return id;
}

async function list(ctx: CliContext): Promise<void> {
  const { listTokens } = await import("../actions/access/tokens.ts");
  const tokens = await listTokens(await ctx.db(), null);
  for (const token of tokens) await (ctx.json ? ctx.out.json(token) : ctx.out.text(tokenLine(token)));
  if (tokens.length === 0) ctx.out.note("There is none.");
}

async function revoke(ctx: CliContext, id: number, options: Why): Promise<void> {
  const { revokeToken } = await import("../actions/access/tokens.ts");
  const done = await revokeToken(await ctx.db(), authorOf(ctx, options), id, null);
  await printChange(ctx, done, `token ${id} revoked`);
}

function tokenLine({ id, name, principal, scopes, domain, networks, last_used_at, ends_at, revoked_at }: TokenView): string {
  const where = `${domain === null ? "" : ` in ${domain}`}${networks.length === 0 ? "" : ` from ${networks.join(", ")}`}`;
  const used = last_used_at === null ? "never used" : `last used ${last_used_at}`;
  return `${id}  ${name}  of ${principal}  ${scopes.join(" ")}${where}  ${used}, ${revoked_at === null ? `until ${ends_at}` : `revoked ${revoked_at}`}`;
}
