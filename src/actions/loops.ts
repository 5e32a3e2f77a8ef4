/** Finds the loops that a change would make, before anybody's mail goes round in them, with the same walk that expands mail. */
import type { Queryable } from "../db/client.ts";
import type { Entry } from "../directory/directory.ts";
import { filterOf } from "../directory/filter-address.ts";
import { readDomains, readEntries } from "../directory/tables.ts";
import { found } from "../mail/lookup.ts";
import { type Mailbox, mailboxText } from "../mail/mailbox.ts";
import type { Graph } from "../resolve/graph.ts";
import { type Walk, type WalkDirectory, walk } from "../resolve/walk.ts";

/** The directory as a transaction sees it, its own changes included. An error is thrown, not made "unavailable": nothing must be saved then. */
export const asStored = (tx: Queryable): WalkDirectory => ({
  domains: async () => found((await readDomains(tx)).byName),
  forwarding: async () => found((await readDomains(tx)).forwarding),
  entries: async (addresses) => {
    const keys = addresses.map(({ key }) => key);
    const entries = await readEntries(tx, keys);
    return found(new Map([...entries].map(([key, entry]) => [key, atAnyTime(entry)])));
  },
  people: async () => ({ byKey: new Map(), unavailable: new Map(), freshUntil: Number.POSITIVE_INFINITY }), // LDAP says nothing here
});

/** With every target it ever has, and where it is retired to: a loop that begins next month is one. */
function atAnyTime({ life, ...entry }: Entry): Entry {
  const moved = life?.moved?.delivers === true ? [life.moved.to] : [];
  return moved.length === 0 ? entry : { ...entry, targets: [...entry.targets, ...moved] };
}

/** What mail for the starts would do. Without limits: a loop must be found however long the way to it is. */
export async function follow(directory: WalkDirectory, starts: readonly Mailbox[]): Promise<Graph> {
  const none = Number.POSITIVE_INFINITY;
  const end: Walk = await walk(directory, starts, { depth: none, recipients: none, hops: none }, new Date());
  if (end.kind === "unavailable") throw end.cause;
  return end.graph;
}

/** Addresses at our domains that mean nothing: mail to them is refused. */
export const unknownIn = (graph: Graph): readonly string[] =>
  [...graph.nodes.values()]
    .filter((node) => node.kind === "dead" && node.why === "unknown" && filterOf(node.mailbox) === null)
    .map((node) => mailboxText(node.mailbox));
