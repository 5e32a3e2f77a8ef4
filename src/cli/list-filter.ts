import { Command } from "commander";
import type { FilterChange } from "../actions/list-filters.ts";
import { textOfKey } from "../mail/mailbox.ts";
import type { CliContext } from "./context.ts";
import { UsageError } from "./exit-codes.ts";
import { authorOf, examples, printChange, WHY } from "./verb.ts";

const WHERE = ["<address>", "<source>", "<filter>"].join(" ");
const CS = `all-staff@campus.example campus '(departmentNumber=cs)'`;

/** `mailroom list filter …`: members of a list that an LDAP source names by a filter. */
export function listFilterCommand(ctx: CliContext): Command {
  const filter = new Command("filter").description("members of a list by a filter of an LDAP source");
  filter
    .command(`add ${WHERE}`)
    .description("everybody in the source who fulfils the filter (RFC 4515) is a member")
    .option(...WHY)
    .addHelpText("after", examples(`mailroom list filter add ${CS}`))
    .action((address: string, source: string, text: string, options: { why?: string }) =>
      change(ctx, "add", address, source, text, options),
    );
  filter
    .command(`remove ${WHERE}`)
    .description("they are members no more")
    .option(...WHY)
    .addHelpText("after", examples(`mailroom list filter remove ${CS}`))
    .action((address: string, source: string, text: string, options: { why?: string }) =>
      change(ctx, "remove", address, source, text, options),
    );
  filter
    .command("show <address>")
    .description("the filters of a list; who fulfils them now: mailroom explain")
    .addHelpText("after", examples("mailroom list filter show all-staff@campus.example"))
    .action((address: string) => show(ctx, address));
  return filter;
}

async function change(
  ctx: CliContext,
  verb: "add" | "remove",
  address: string,
  source: string,
  text: string,
  options: { readonly why?: string },
): Promise<void> {
  const { addFilter, removeFilter } = await import("../actions/list-filters.ts");
  if (verb === "add") await mustKnowPeople(ctx, source);
  const act = verb === "add" ? addFilter : removeFilter;
  const changed: FilterChange = await act(await ctx.db(), authorOf(ctx, options), address, source, text);
  const filters = changed.filters.map((one) => `${one.source} ${one.filter}`).join(", ");
  await printChange(ctx, { ...changed, list: textOfKey(changed.list) }, `${textOfKey(changed.list)}: ${filters || "no filters"}`);
}

/** A name that is mistyped would make mail for the list wait until somebody looked. */
async function mustKnowPeople(ctx: CliContext, name: string): Promise<void> {
  const { settings } = await ctx.settings();
  const source = settings.ldap.find((one) => one.name === name);
  if (source === undefined)
    throw new UsageError(`there is no LDAP source ${name}; there is ${settings.ldap.map((one) => one.name).join(", ") || "none"}`);
  if (source.people === null) throw new UsageError(`the LDAP source ${name} knows no people: write people: or a preset that has them`);
}

async function show(ctx: CliContext, address: string): Promise<void> {
  const [{ existingList }, { filtersOf }] = await Promise.all([import("../actions/lists.ts"), import("../actions/list-filters.ts")]);
  const db = await ctx.db();
  const { key } = await existingList(db, address);
  for (const one of await filtersOf(db, key)) {
    if (ctx.json) await ctx.out.json(one);
    else await ctx.out.text(`${one.source} ${one.filter}`);
  }
}
