import { Command } from "commander";
import type { CliContext } from "./context.ts";
import { authorOf, examples, printChange, WHY } from "./verb.ts";

type Options = { why?: string };

const URLS = `
URL is one of
  smtp://host[:port]    that host (port 25), STARTTLS if it offers it
  smtps://host[:port]   with TLS from the start (port 465)
  lmtp://host[:port]    LMTP (port 24); lmtp:///path for a socket
  maildir:/path         a Maildir; {local} and {domain} stand for the halves of the address, as in
                        maildir:/srv/mail/{domain}/{local}: without {local} all mail is in one folder
  mx:                   whatever DNS says
  discard:              accept and throw away
This server's own smtp.listen is refused, written as an address, localhost or this server's hostname; whether another name
leads here is known when mail goes there: it then waits, and mailroom queue list says why.
A domain without a route goes where * says; without that, where DNS says.`;

/** `mailroom route …`: where mail for a domain is sent. */
export function routeCommand(ctx: CliContext): Command {
  const route = new Command("route").description("where mail for a domain is sent");
  route
    .command("set <domain> <url>")
    .description("send mail for a domain (* for all others) to this next hop")
    .option(...WHY)
    .addHelpText("after", URLS + examples("mailroom route set mbx.campus.example lmtp://10.0.0.7:24", "mailroom route set '*' mx:"))
    .action((domain: string, url: string, options: Options) => set(ctx, domain, url, options));
  route
    .command("list")
    .description("list the routes")
    .addHelpText("after", examples("mailroom route list --json"))
    .action(() => list(ctx));
  route
    .command("remove <domain>")
    .description("take a domain's route away")
    .option(...WHY)
    .addHelpText("after", examples("mailroom route remove mbx.campus.example"))
    .action((domain: string, options: Options) => remove(ctx, domain, options));
  return route;
}

async function set(ctx: CliContext, domain: string, url: string, options: Options): Promise<void> {
  const { setRoute } = await import("../actions/routes.ts");
  const { ownListeners } = await import("../stage-settings.ts");
  const { settings } = await ctx.settings();
  const ourselves = { hostname: settings.hostname, listeners: ownListeners(settings) };
  const changed = await setRoute(await ctx.db(), authorOf(ctx, options), domain, url, ourselves);
  await printChange(ctx, changed, `route ${changed.after?.domain} → ${changed.after?.url}`);
}

async function list(ctx: CliContext): Promise<void> {
  const { listRoutes } = await import("../actions/routes.ts");
  for (const route of await listRoutes(await ctx.db())) {
    if (ctx.json) await ctx.out.json(route);
    else await ctx.out.text(`${route.domain} → ${route.url}`);
  }
}

async function remove(ctx: CliContext, domain: string, options: Options): Promise<void> {
  const { removeRoute } = await import("../actions/routes.ts");
  const before = await removeRoute(await ctx.db(), authorOf(ctx, options), domain);
  await printChange(ctx, { changed: true, before, after: null }, `route of ${before.domain} removed (it was ${before.url})`);
}
