/** Lists: a page of them, and what one of them is besides its entry. */
import type { Queryable } from "../db/client.ts";
import type { Posting } from "../directory/directory.ts";
import { mailboxOfKey } from "../mail/mailbox.ts";
import { bounceMailbox } from "../resolve/bounce-mailbox.ts";
import { generatedOf } from "../resolve/generated.ts";
import { filtersOf, type ListFilter } from "./list-filters.ts";
import { entryInScope, type Scope, scopeValues } from "./scope.ts";
import { literal, STATE } from "./search/find.ts";

export type ListRow = {
  readonly address: string;
  readonly domain: string;
  readonly owner: string | null;
  readonly posting: Posting;
  readonly note: string | null;
  readonly state: "active" | "off" | "moved" | "expired" | "not-yet";
  /** Typed ones: people, addresses and nested lists. */
  readonly member_count: number;
  /** How many filters of LDAP sources add to them. */
  readonly filter_count: number;
  readonly changed_at: Date;
};

/** `q`: a part of the address, the owner or the note, as it stands. */
export type ListsAsked = {
  readonly q: string;
  readonly posting: Posting | null;
  readonly domain: string | null;
  /** The last address of the page before. */
  readonly after: string | null;
  readonly limit: number;
};

/** One page of the lists in scope, in order of address, and how many there are in all. */
export async function listsPage(
  db: Queryable,
  scope: Scope,
  { q, posting, domain, after, limit }: ListsAsked,
): Promise<{ readonly rows: readonly ListRow[]; readonly total: number }> {
  const values = [...scopeValues(scope), posting, domain, q === "" ? null : `%${literal(q.toLowerCase())}%`];
  const matching = `e.kind = 'list' and ${entryInScope("e", 1)} and ($4::text is null or e.posting = $4) and ($5::text is null or e.domain = $5)
    and ($6::text is null or e.address like $6 or e.owner like $6 or lower(e.note) like $6)`;
  const [{ rows }, { rows: counts }] = await Promise.all([
    db.query<ListRow>({
      text: `select e.address, e.domain, e.owner, e.posting, e.note, e.changed_at, ${STATE} as state,
                    (select count(*)::integer from targets t where t.address = e.address) as member_count,
                    (select count(*)::integer from list_filters f where f.address = e.address) as filter_count
               from entries e where ${matching} and e.address > $7 order by e.address limit $8`,
      values: [...values, after ?? "", limit],
    }),
    db.query<{ total: number }>({ text: `select count(*)::integer as total from entries e where ${matching}`, values }),
  ]);
  return { rows, total: counts[0]?.total ?? 0 };
}

/** Where the members of a list come from, and the addresses it has by itself. */
export type ListSources = {
  readonly member_count: number;
  /** Of them: lists and groups of LDAP, whose members are members. */
  readonly nested_count: number;
  readonly sender_count: number;
  readonly excluded_count: number;
  readonly filters: readonly ListFilter[];
  /** What its copies bear as envelope sender. */
  readonly bounce_address: string;
  /** LIST-bounces, LIST-owner, LIST-request and owner-LIST; all lead to the owner, or to the postmaster where there is none. */
  readonly own_addresses: readonly string[];
};

export async function listSources(db: Queryable, key: string): Promise<ListSources> {
  const parsed = mailboxOfKey(key);
  if (!parsed.ok) throw new Error(`the list ${key} has an address that is none`);
  const { localPart, domain } = parsed.mailbox;
  const [{ rows }, filters] = await Promise.all([db.query<Counts>({ text: COUNTS, values: [key] }), filtersOf(db, key)]);
  const counts = rows[0] ?? { member_count: 0, nested_count: 0, sender_count: 0, excluded_count: 0 };
  return {
    ...counts,
    filters,
    bounce_address: bounceMailbox(parsed.mailbox).key,
    own_addresses: generatedOf(localPart).map((own) => `${own}@${domain}`),
  };
}

type Counts = Pick<ListSources, "member_count" | "nested_count" | "sender_count" | "excluded_count">;

const COUNTS = `
  select (select count(*)::integer from targets t where t.address = $1) as member_count,
         (select count(*)::integer from targets t where t.address = $1
             and (exists (select from entries e where e.address = t.target and e.kind = 'list')
               or exists (select from ldap_answers a where a.address = t.target and a.kind = 'group'))) as nested_count,
         (select count(*)::integer from list_roles r where r.address = $1 and r.role = 'sender') as sender_count,
         (select count(*)::integer from list_roles r where r.address = $1 and r.role = 'excluded') as excluded_count`;
