/** Loops that an import would make, within itself or with what is there, and targets that mean nothing. */
import type { Queryable } from "../../db/client.ts";
import type { Domain, Entry } from "../../directory/directory.ts";
import { type EntryRow, entryOfRow } from "../../directory/rows.ts";
import { readDomains } from "../../directory/tables.ts";
import { counted } from "../../mail/counted.ts";
import { found } from "../../mail/lookup.ts";
import { type Mailbox, mailboxOfKey } from "../../mail/mailbox.ts";
import { loopsThrough, onLoops } from "../../resolve/loop-check.ts";
import type { WalkDirectory } from "../../resolve/walk.ts";
import { follow, unknownIn } from "../loops.ts";

/**
 * Marks rows and domain aliases that lie on a loop as problems. Gives warnings about targets at our domains that mean nothing. To be
 * called when the rows are compared.
 */
export async function checkSteps(tx: Queryable, ours: ReadonlySet<string>, replaces: boolean): Promise<readonly string[]> {
  const domains = await domainsAfter(tx);
  const graph = await follow(
    {
      domains: async () => found(domains),
      forwarding: async () => found({ forbidden: new Set<string>(), routed: new Set<string>() }), // asked only where there are affiliations
      entries: (addresses) => entriesAfter(tx, addresses, ours, replaces),
    },
    await startsOf(tx, ours),
  );
  const changedDomains = await readColumn(tx, "select domain as key from import_domains where state = 'changed'");
  const staged = await stagedAmong(tx, onLoops(graph));
  const loops = loopsThrough(graph, ({ mailbox }) => staged.has(mailbox.key) || changedDomains.has(mailbox.domain));
  await markRows(tx, new Map([...loops].filter(([key]) => staged.has(key))));
  await markDomains(tx, loops, staged);
  return unknownWarning(unknownIn(graph));
}

/** Keys sent in one question. */
const BATCH = 10_000;

/** Where mail may now go differently: rows with a target at one of our domains, and whoever has one in a domain that becomes an alias. */
async function startsOf(tx: Queryable, ours: ReadonlySet<string>): Promise<readonly Mailbox[]> {
  const keys = await readColumn(
    tx,
    `select r.address as key from import_rows r
      where r.state in ('new', 'changed') and exists (select from import_targets t where t.line = r.line and split_part(t.target, '@', -1) = any($1))
     union select t.address from targets t join import_domains d on split_part(t.target, '@', -1) = d.domain where d.state = 'changed'`,
    [[...ours]],
  );
  return [...keys].flatMap((key) => {
    const parsed = mailboxOfKey(key);
    return parsed.ok ? [parsed.mailbox] : [];
  });
}

async function readColumn(tx: Queryable, text: string, values: readonly unknown[] = []): Promise<ReadonlySet<string>> {
  const { rows } = await tx.query<{ key: string }>({ text, values });
  return new Set(rows.map((row) => row.key));
}

/** Our domains as they will be. */
async function domainsAfter(tx: Queryable): Promise<ReadonlyMap<string, Domain>> {
  const { byName } = await readDomains(tx);
  const { rows } = await tx.query<{ domain: string; alias_of: string }>({
    text: "select domain, alias_of from import_domains where problem is null",
  });
  const aliasOf = new Map(rows.map((row) => [row.domain, row.alias_of]));
  return new Map([...byName].map(([name, domain]) => [name, { ...domain, aliasOf: aliasOf.get(name) ?? domain.aliasOf }]));
}

/** Entries as they will be: the file's row if there is one, else what is stored and stays. Only targets at our domains: no others make loops. */
async function entriesAfter(
  tx: Queryable,
  addresses: readonly Mailbox[],
  ours: ReadonlySet<string>,
  replaces: boolean,
): ReturnType<WalkDirectory["entries"]> {
  const entries = new Map<string, Entry>();
  for (let from = 0; from < addresses.length; from += BATCH) {
    const keys = addresses.slice(from, from + BATCH).map(({ key }) => key);
    const { rows } = await tx.query<Omit<EntryRow, "filters">>({
      text: `select address, kind, owner, null as expires_at, posting,
                    array(select target from import_targets t where t.line = r.line and split_part(target, '@', -1) = any($2)) as targets
               from import_rows r where address = any($1) and problem is null
             union all
             select address, kind, owner, expires_at, posting,
                    array(select target from targets t where t.address = e.address and split_part(target, '@', -1) = any($2))
                      || case when moved_delivers and split_part(moved_to, '@', -1) = any($2) then array[moved_to] else '{}' end
               from entries e where address = any($1) and not exists (select from import_rows r where r.address = e.address and r.problem is null)
                ${replaces ? "and not exists (select from import_removed r where r.address = e.address)" : ""}`,
      values: [keys, [...ours]],
    });
    for (const row of rows) {
      const entry = entryOfRow({ ...row, filters: [] }, false);
      if (entry) entries.set(row.address, entry);
    }
  }
  return found(entries);
}

/** Those of the addresses that the file has a row for. */
const stagedAmong = (tx: Queryable, keys: readonly string[]): Promise<ReadonlySet<string>> =>
  readColumn(tx, "select address as key from import_rows where problem is null and address = any($1)", [keys]);

async function markRows(tx: Queryable, loops: ReadonlyMap<string, string>): Promise<void> {
  await tx.query({
    text: `update import_rows r set state = null, problem = 'a loop: ' || l.loop, fix = 'leave out one of these steps'
             from unnest($1::text[], $2::text[]) as l(address, loop) where r.address = l.address and r.problem is null`,
    values: [[...loops.keys()], [...loops.values()]],
  });
}

/** A loop with no row of the file on it comes from the domains that become aliases. */
async function markDomains(tx: Queryable, loops: ReadonlyMap<string, string>, staged: ReadonlySet<string>): Promise<void> {
  for (const [key, loop] of loops) {
    if (staged.has(key)) continue;
    await tx.query({
      text: `update import_domains set state = null, problem = 'a loop: ' || $2, fix = 'take the line out' where domain = $1 and state = 'changed'`,
      values: [key.slice(key.lastIndexOf("@") + 1), loop],
    });
  }
}

function unknownWarning(unknown: readonly string[]): readonly string[] {
  if (unknown.length === 0) return [];
  const named = unknown.slice(0, 3).join(", ");
  return [
    `${counted(unknown.length, "target")} at our domains without an entry: mail to them is refused (${named}${unknown.length > 3 ? ", …" : ""})`,
  ];
}
