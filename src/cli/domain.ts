import { Command } from "commander";
import type { DomainReach, DomainView } from "../actions/domains.ts";
import { counted } from "../mail/counted.ts";
import { textOfKey } from "../mail/mailbox.ts";
import { confirmed } from "./confirm.ts";
import type { CliContext } from "./context.ts";
import { checkVerb } from "./domain-check.ts";
import { authorOf, examples, printChange, WHY } from "./verb.ts";

type AddOptions = { aliasOf?: string | false; catchAll?: string | false; subaddressing?: boolean; why?: string };

/** `mailroom domain …`: which domains are ours. */
export function domainCommand(ctx: CliContext): Command {
  const domain = new Command("domain").description("domains that are ours");
  domain
    .command("add <name>")
    .description("make a domain ours, or change what it is")
    .option("--alias-of <domain>", "every address means the same one in that domain, unless it has an entry of its own")
    .option("--no-alias-of", "let it stand for itself again")
    .option("--catch-all <address>", "where mail goes that no entry takes (off by default: it invites spam)")
    .option("--no-catch-all", "refuse mail that no entry takes")
    .option("--subaddressing", "name+tag means name (this is the default)")
    .option("--no-subaddressing", "take + as an ordinary letter")
    .option(...WHY)
    .addHelpText("after", examples("mailroom domain add campus.example", "mailroom domain add alumni.example --alias-of campus.example"))
    .action((name: string, options: AddOptions) => add(ctx, name, options));
  domain
    .command("list")
    .description("list the domains that are ours")
    .addHelpText("after", examples("mailroom domain list --json"))
    .action(() => list(ctx));
  domain
    .command("remove <name>")
    .description("make a domain no longer ours; lists what stops working")
    .option("--force", "with its entries and alias domains, if it has some")
    .option("--yes", "do not ask")
    .option(...WHY)
    .addHelpText("after", examples("mailroom domain remove old.example", "mailroom domain remove old.example --force --yes"))
    .action((name: string, options: { force?: boolean; yes?: boolean; why?: string }) => remove(ctx, name, options));
  for (const verb of ["reserve", "unreserve"] as const)
    domain
      .command(`${verb} <name> <local-part...>`)
      .description(
        verb === "reserve"
          ? "keep names of this domain for those who run it, besides postmaster, abuse and the like, which are kept everywhere"
          : "let such names be taken again",
      )
      .option(...WHY)
      .addHelpText("after", examples(`mailroom domain ${verb} campus.example president registrar`))
      .action((name: string, locals: readonly string[], options: { why?: string }) =>
        reserve(ctx, name, locals, verb === "reserve", options),
      );
  checkVerb(ctx, domain);
  return domain;
}

async function add(ctx: CliContext, domain: string, options: AddOptions): Promise<void> {
  const { addDomain } = await import("../actions/domains.ts");
  const stored = await addDomain(await ctx.db(), authorOf(ctx, options), {
    domain,
    aliasOf: options.aliasOf === false ? null : options.aliasOf,
    catchAll: options.catchAll === false ? null : options.catchAll,
    subaddressing: options.subaddressing,
  });
  const changed = { ...stored, before: stored.before && written(stored.before), after: stored.after && written(stored.after) };
  await printChange(ctx, changed, `domain ${changed.after ? domainText(changed.after) : domain}`);
}

async function reserve(ctx: CliContext, name: string, locals: readonly string[], on: boolean, options: { why?: string }): Promise<void> {
  const { reserveNames } = await import("../actions/domains.ts");
  const changed = await reserveNames(await ctx.db(), authorOf(ctx, options), name, locals, on);
  await printChange(ctx, changed, changed.after === null ? "" : domainText(changed.after));
}

async function list(ctx: CliContext): Promise<void> {
  const { listDomains } = await import("../actions/domains.ts");
  for (const stored of await listDomains(await ctx.db())) {
    const domain = written(stored);
    if (ctx.json) await ctx.out.json(domain);
    else await ctx.out.text(domainText(domain));
  }
}

async function remove(ctx: CliContext, name: string, options: { force?: boolean; yes?: boolean; why?: string }): Promise<void> {
  const { domainReach, removeDomain } = await import("../actions/domains.ts");
  const db = await ctx.db();
  const reach = await domainReach(db, name);
  for (const line of reachLines(reach)) ctx.out.note(line);
  const ends = reach.entries + reach.alias_domains.length > 0;
  if (ends && options.force) await confirmed(ctx, `Remove ${reach.domain} and all of that?`, options.yes === true);
  const removed = await removeDomain(db, authorOf(ctx, options), name, options.force === true);
  await printChange(ctx, { changed: true, ...removed }, `domain ${removed.domain} removed`);
}

const written = (d: DomainView): DomainView => ({ ...d, catch_all: d.catch_all && textOfKey(d.catch_all) });

const domainText = (d: DomainView): string =>
  [
    d.domain,
    ...(d.alias_of ? [`alias of ${d.alias_of}`] : []),
    ...(d.catch_all ? [`catch-all ${d.catch_all}`] : []),
    ...(d.subaddressing ? [] : ["no subaddressing"]),
    ...(d.reserved.length === 0 ? [] : [`reserved: ${d.reserved.join(", ")}`]),
  ].join("  ");

/** What stops working, a line for each kind of thing. */
function reachLines(reach: DomainReach): string[] {
  const more = reach.entries > reach.examples.length ? ", …" : "";
  return [
    ...(reach.entries > 0
      ? [`${reach.entries} of its addresses ${reach.entries === 1 ? "stops" : "stop"} working: ${reach.examples.join(", ")}${more}`]
      : []),
    ...(reach.alias_domains.length > 0 ? [`domains that mean this one and would mean nothing: ${reach.alias_domains.join(", ")}`] : []),
    ...(reach.pointed_at_by > 0
      ? [`targets in it become foreign addresses, in ${counted(reach.pointed_at_by, "entry", "entries")} of other domains`]
      : []),
    ...(reach.catch_all_of.length > 0 ? [`catch-all of ${reach.catch_all_of.join(", ")} leads to it`] : []),
    ...(reach.route ? [`its route stays: ${reach.route}`] : []),
  ];
}
