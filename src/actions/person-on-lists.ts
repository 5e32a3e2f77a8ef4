/** One person across all lists that somebody may see. */
import type { Queryable } from "../db/client.ts";
import { reachersOf } from "../directory/reverse.ts";
import { readMailbox } from "./address.ts";
import { entryInScope, type Scope, scopeValues } from "./scope.ts";
import { literal } from "./search/find.ts";

/** `via`: the member through which the person is on it; null: they are it themselves. */
export type OnList = { readonly list: string; readonly owner: string | null; readonly member: string; readonly via: string | null };

const MOST = 200;

/**
 * The lists in scope of which an address with this text in it is a member, and of a whole address also those that reach it through other
 * lists and aliases. At most 200; `more`: there are others.
 */
export async function personOnLists(
  db: Queryable,
  scope: Scope,
  person: string,
): Promise<{ readonly items: readonly OnList[]; readonly more: boolean }> {
  const mailbox = readMailbox(person);
  const [direct, indirect] = await Promise.all([
    typed(db, scope, person.toLowerCase()),
    typeof mailbox === "string" ? { items: [], more: false } : through(db, scope, mailbox.key),
  ]);
  const known = new Set(direct.map(({ list }) => list));
  const items = [...direct, ...indirect.items.filter(({ list }) => !known.has(list))];
  return { items: items.slice(0, MOST), more: items.length > MOST || indirect.more };
}

async function typed(db: Queryable, scope: Scope, text: string): Promise<readonly OnList[]> {
  const { rows } = await db.query<OnList>({
    text: `select e.address as list, e.owner, t.target as member, null::text as via
             from targets t join entries e on e.address = t.address and e.kind = 'list'
            where t.target like $4 and ${entryInScope("e", 1)} order by e.address, t.target limit ${MOST + 1}`,
    values: [...scopeValues(scope), `%${literal(text)}%`],
  });
  return rows;
}

async function through(db: Queryable, scope: Scope, key: string): Promise<{ readonly items: readonly OnList[]; readonly more: boolean }> {
  const { reachers, more } = await reachersOf(db, key);
  const ways = new Map(reachers.filter(({ kind }) => kind === "list").map(({ address, via }) => [address, via]));
  const { rows } = await db.query<{ list: string; owner: string | null }>({
    text: `select e.address as list, e.owner from entries e where e.address = any($4::text[]) and ${entryInScope("e", 1)} order by e.address`,
    values: [...scopeValues(scope), [...ways.keys()]],
  });
  return { items: rows.map(({ list, owner }) => ({ list, owner, member: key, via: ways.get(list) ?? null })), more };
}
