import type { Directory } from "../directory/directory.ts";
import type { Graph, Node } from "./graph.ts";
import { namesOf, type Senders } from "./posting.ts";
import type { Resolution } from "./resolution.ts";

/**
 * The answer without the sender's own copies, where the last list on the way gives none to the member who posts. A post that nobody else
 * would get goes to its sender all the same: what was accepted is delivered.
 */
export async function withoutOwnCopy(
  directory: Pick<Directory, "domains">,
  resolution: Resolution,
  graph: Graph,
  { addresses: senders }: Senders,
): Promise<Resolution> {
  if (resolution.kind !== "expanded" || senders.length === 0) return resolution;
  if (![...graph.nodes.values()].some(({ entry }) => entry?.list?.ownCopy === false)) return resolution;
  const domains = await directory.domains();
  if (domains.kind === "unavailable") return domains;
  const names = new Set(senders.flatMap((sender) => (domains.kind === "found" ? namesOf(sender, domains.value) : [])));
  const isOwn = ({ key }: { readonly key: string }): boolean => {
    const node = graph.nodes.get(key);
    return node !== undefined && passesSender(node, names);
  };
  const recipients = resolution.recipients.filter(({ mailbox }) => !isOwn(mailbox));
  if (recipients.length === 0 || recipients.length === resolution.recipients.length) return resolution;
  const own = resolution.recipients.map(({ mailbox }) => mailbox).filter(isOwn);
  return { ...resolution, recipients, withoutOwnCopy: own };
}

/** Between the last list and here lies the sender, and that list gives him no copy. */
function passesSender(final: Node, names: ReadonlySet<string>): boolean {
  let isSender = false;
  for (let at: Node | null = final; at !== null; at = at.parent) {
    if (at.kind === "entry" && at.entry?.kind === "list") return isSender && at.entry.list?.ownCopy === false;
    isSender ||= names.has(at.mailbox.key);
  }
  return false;
}
