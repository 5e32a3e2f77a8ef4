/** What a person says of the LDAP sources: that what the guard holds back may come true. */
import type { Db, Queryable } from "../db/client.ts";
import { unfreeze, writeLastGood } from "../directory/people/last-good.ts";
import { LDAP_CHANGED_CHANNEL } from "../directory/people/open-people.ts";
import type { Source, SourceEntry } from "../directory/people/source.ts";
import { accept, type Comparison, compare } from "../directory/people/sync.ts";
import type { Mailbox } from "../mail/mailbox.ts";
import { type Author, recordChange } from "./change.ts";
import { Refusal } from "./refusal.ts";

/** Makes all that the source names now its last good answers, whatever is gone. Refuses when the source cannot be listed whole. */
export async function acceptSource(db: Db, author: Author, source: Source): Promise<Comparison> {
  const comparison = await compare(db, source).catch((error: unknown) => {
    throw new Refusal(
      "unreachable",
      `${source.name} cannot be listed as a whole: ${String(error)}`,
      "Nothing was accepted. See: mailroom ldap test",
    );
  });
  await db.transaction(async (tx) => {
    await accept(tx, source.name, comparison);
    const { listed, added, lost } = comparison;
    const after = { entries: listed.length, added: added.length };
    await recordChange(tx, author, { action: "ldap accept", object: source.name, before: { lost }, after });
    await tellNodes(tx);
  });
  return comparison;
}

/** Makes what the source says of one group now its last good answer. */
export async function acceptGroup(db: Db, author: Author, source: Source, address: Mailbox): Promise<SourceEntry> {
  const live = await source.lookup([address]);
  if (live.kind !== "found")
    throw new Refusal("unreachable", `${source.name} does not answer now${causeOf(live)}`, "Nothing was accepted. See: mailroom ldap test");
  const entry = live.value.entries.get(address.key);
  if (entry?.kind !== "group")
    throw new Refusal(
      "notFound",
      `${source.name} knows no group ${address.key}`,
      `To accept that it is gone, accept the source: mailroom ldap accept ${source.name}`,
    );
  await db.transaction(async (tx) => {
    const before = await membersKnown(tx, source.name, address.key);
    await writeLastGood(tx, source.name, [{ entry, answeredAt: new Date() }]);
    await unfreeze(tx, source.name, address.key);
    const after = entry.targets.map(({ key }) => key);
    await recordChange(tx, author, { action: "ldap accept", object: `${source.name} ${address.key}`, before, after });
    await tellNodes(tx);
  });
  return entry;
}

const causeOf = (live: { readonly kind: string; readonly cause?: Error }): string =>
  live.cause === undefined ? "" : `: ${live.cause.message}`;

async function membersKnown(tx: Queryable, source: string, address: string): Promise<readonly string[] | null> {
  const { rows } = await tx.query<{ targets: readonly string[] }>({
    text: "select to_json(targets) as targets from ldap_answers where source = $1 and address = $2",
    values: [source, address],
  });
  return rows[0]?.targets ?? null;
}

/** Every node forgets what it keeps of the sources when this is committed. */
const tellNodes = (tx: Queryable): Promise<unknown> => tx.query({ text: "select pg_notify($1, '')", values: [LDAP_CHANGED_CHANNEL] });
