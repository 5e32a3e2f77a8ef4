import type { Db, Queryable } from "../db/client.ts";
import type { Route } from "../directory/directory.ts";
import { isOwnHost, type OwnListener } from "../directory/own-listeners.ts";
import { parseRouteUrl } from "../directory/route-url.ts";
import { parseDomain } from "../mail/domain.ts";
import { quoted } from "./address.ts";
import { type Author, type Changed, changing, nameAuthor, recordChange } from "./change.ts";
import { Refusal } from "./refusal.ts";

/** Where mail for a domain goes. The domain `*` stands for all that have no route of their own. */
export type RouteView = { readonly domain: string; readonly url: string };

/** This server: its name, and where it takes mail. */
export type Ourselves = { readonly hostname: string; readonly listeners: readonly OwnListener[] };

/** Sends mail for a domain, ours or not, to a next hop. Refuses a URL that is no route, and one that leads to ourselves: its mail would wait for ever. */
export const setRoute = (db: Db, author: Author, name: string, url: string, ourselves: Ourselves): Promise<Changed<RouteView>> =>
  changing(db, async (tx) => {
    const domain = routedDomain(name);
    const parsed = parseRouteUrl(url);
    if (!parsed.ok)
      throw new Refusal(
        "badData",
        `the route ${quoted(url)} cannot be used: ${parsed.fault.slice(0, 300)}`,
        "As in smtp://mx.campus.example:25",
      );
    refuseOurselves(parsed.route, ourselves);
    const before = await readRoute(tx, domain);
    const after = { domain, url: parsed.route.url };
    if (before?.url === after.url) return { changed: false, before, after, warnings: [] };
    await nameAuthor(tx, author);
    await tx.query({
      text: "insert into routes (domain, url) values ($1, $2) on conflict (domain) do update set url = excluded.url",
      values: [domain, after.url],
    });
    await recordChange(tx, author, { action: `route ${before ? "change" : "set"}`, object: domain, before, after });
    return { changed: true, before, after, warnings: warningsAbout(parsed.route.kind) };
  });

function refuseOurselves(route: Route, { hostname, listeners }: Ourselves): void {
  if (!("host" in route) || !isOwnHost(listeners, hostname, route.host, route.port)) return;
  throw new Refusal(
    "refused",
    `${route.url} is this server's own smtp.listen: its mail would come back here, so it would only wait`,
    "Name the server that has the mailboxes, or write maildir:PATH to keep the mail here.",
  );
}

/** The same for a route that was stored before: this server may have got new listeners since. One that cannot be read leads nowhere. */
export function refuseUsOf(url: string, ourselves: Ourselves): void {
  const parsed = parseRouteUrl(url);
  if (parsed.ok) refuseOurselves(parsed.route, ourselves);
}

/** Takes a route away: mail for the domain then goes where `*` says, else where DNS does. */
export const removeRoute = (db: Db, author: Author, name: string): Promise<RouteView> =>
  changing(db, async (tx) => {
    const domain = routedDomain(name);
    const before = await readRoute(tx, domain);
    if (!before) throw new Refusal("notFound", `${domain} has no route of its own`, "To see them: mailroom route list");
    await nameAuthor(tx, author);
    await tx.query({ text: "delete from routes where domain = $1", values: [domain] });
    await recordChange(tx, author, { action: "route remove", object: domain, before, after: null });
    return before;
  });

/** All routes in order of domain. There are hundreds, not millions. */
export async function listRoutes(db: Queryable): Promise<readonly RouteView[]> {
  const { rows } = await db.query<RouteView>({ text: "select domain, url from routes order by domain" });
  return rows;
}

async function readRoute(tx: Queryable, domain: string): Promise<RouteView | null> {
  const { rows } = await tx.query<RouteView>({ text: "select domain, url from routes where domain = $1", values: [domain] });
  return rows[0] ?? null;
}

/** `*`, or any domain: an inner host may have a name of one label. */
function routedDomain(name: string): string {
  if (name === "*") return name;
  const parsed = parseDomain(name);
  if (parsed.ok) return parsed.domain;
  throw new Refusal(
    "badData",
    `${quoted(name)} is no domain: ${parsed.fault.detail}`,
    "Write it as in campus.example, or * for all others.",
  );
}

const warningsAbout = (kind: string): readonly string[] => (kind === "discard" ? ["mail for this domain is accepted and thrown away"] : []);
