/** Searching, sorting and paging addresses, in SQL: what is asked for is read, and nothing else, however many there are. */
import type { Queryable } from "../../db/client.ts";
import { entryInScope, type Scope, scopeValues } from "../scope.ts";
import type { AddressQuery } from "./query.ts";

/** One address of a listing. */
export type AddressRow = {
  readonly address: string;
  readonly domain: string;
  readonly kind: "alias" | "list" | "person" | "group";
  /** The first two. */
  readonly targets: readonly string[];
  readonly target_count: number;
  readonly owner: string | null;
  readonly state: "active" | "off" | "moved" | "expired" | "not-yet" | "dead-end";
  readonly note: string | null;
  readonly starts_at: Date | null;
  readonly expires_at: Date | null;
  readonly changed_at: Date;
  /** The same to the microsecond, for the next page. */
  readonly changed_key: string;
  readonly version: number | null;
  /** Of a person or group: the LDAP source that says so. */
  readonly source: string | null;
};

export const SORTS = ["address", "-address", "changed", "-changed"] as const;
export type Sort = (typeof SORTS)[number];

/** The row a page begins behind. */
export type Place = { readonly address: string; readonly changed: string };

export type Page = { readonly sort: Sort; readonly after: Place | null; readonly limit: number };

const NAMED = 2;

/** Counting goes so far: beyond it nobody looks at every row, and counting half a million takes longer than finding fifty. */
const COUNTED = 10_000;

/** What an entry is now, by the first that holds. */
const STATE_IS: Readonly<Record<AddressRow["state"], string>> = {
  off: "e.disabled is not null",
  moved: "e.moved_to is not null",
  expired: "e.expires_at <= now()",
  "not-yet": "e.starts_at > now()",
  "dead-end": "exists (select from dead_ends d where d.address = e.address)",
  active: "true",
};
export const STATE = `case ${Object.entries(STATE_IS)
  .map(([state, condition]) => `when ${condition} then '${state}'`)
  .join(" ")} end`;

/** The very expression of the index entries_by_text. */
const TEXT = "((e.address || ' ' || coalesce(e.owner, '') || ' ' || lower(coalesce(e.note, ''))) collate \"C\")";

const COLUMNS = "address, domain, kind, owner, note, starts_at, expires_at, changed_at, version";
/** `among`: what to look through, as in `entries e`. */
const entriesOf = (among: string): string =>
  `select ${COLUMNS.split(", ")
    .map((name) => `e.${name}`)
    .join(", ")}, null::text as source, ${STATE} as state, ${TEXT} as searched from ${among}`;
/**
 * What the LDAP sources last said of addresses that have no entry of their own: the source whose name comes first. Scalar questions, since joins
 * would be made with all people before the first fifty are known.
 */
const PEOPLE = `select a.address, split_part(a.address, '@', -1) as domain, a.kind, null::text as owner, null::text as note, null::timestamptz as starts_at,
    null::timestamptz as expires_at, a.answered_at as changed_at, null::integer as version, a.source, 'active' as state, a.address as searched
  from ldap_answers a
 where coalesce((select false from entries e where e.address = a.address), true)
   and coalesce((select false from ldap_answers b where b.address = a.address and b.source < a.source limit 1), true)`;

/** The values of a statement, those of the scope first. */
class Sql {
  readonly values: unknown[];
  readonly isEverything: boolean;
  constructor(scope: Scope) {
    this.isEverything = scope.everything;
    this.values = scope.everything ? [] : [...scopeValues(scope)];
  }
  /** The place of a value. */
  at(value: unknown): string {
    this.values.push(value);
    return `$${this.values.length}`;
  }
}

/** A page, and how many there are in all: exactly, or null when there are more than 10,000. */
export type Found = { readonly rows: readonly AddressRow[]; readonly total: number | null };

/** Text is searched for as it stands: `%` and `_` mean themselves. */
export async function findAddresses(db: Queryable, scope: Scope, query: AddressQuery, page: Page): Promise<Found> {
  const [{ rows }, total] = await Promise.all([readPage(db, scope, query, page), count(db, scope, query, page.sort)]);
  return { rows, total };
}

async function count(db: Queryable, scope: Scope, query: AddressQuery, sort: Sort): Promise<number | null> {
  const sql = new Sql(scope);
  const sources = sourcesOf(sql, query, sort).map((source) => `select from (${source.rows}) e ${where(source.conditions)}`);
  const text = `select count(*)::integer as total from (${sources.join(" union all ")} limit ${COUNTED + 1}) counted`;
  const { rows } = await db.query<{ total: number }>({ text, values: sql.values });
  const total = rows[0]?.total ?? 0;
  return total > COUNTED ? null : total;
}

/** The aliases and lists among what a query finds, in order of address: what can be changed. */
export async function entriesFound(db: Queryable, scope: Scope, query: AddressQuery, limit: number): Promise<readonly string[]> {
  const sql = new Sql(scope);
  const { rows: among, conditions } = entriesSource(sql, query);
  const { rows } = await db.query<{ address: string }>({
    text: `select e.address from (${among}) e ${where(conditions)} order by e.address limit ${sql.at(limit)}`,
    values: sql.values,
  });
  return rows.map(({ address }) => address);
}

/** How many these are; counted no further than one beyond `most`. */
export async function countEntriesFound(db: Queryable, scope: Scope, query: AddressQuery, most: number): Promise<number> {
  const sql = new Sql(scope);
  const { rows: among, conditions } = entriesSource(sql, query);
  const { rows } = await db.query<{ n: number }>({
    text: `select count(*)::integer as n from (select from (${among}) e ${where(conditions)} limit ${sql.at(most + 1)}) f`,
    values: sql.values,
  });
  return rows[0]?.n ?? 0;
}

/** The targets are read for the rows of the page alone. */
function readPage(db: Queryable, scope: Scope, query: AddressQuery, { sort, after, limit }: Page) {
  const sql = new Sql(scope);
  const { by, beyond } = SORTED[sort];
  const behind = after === null ? [] : [beyond((value) => sql.at(value), after)];
  const most = `order by ${by} limit ${sql.at(limit)}`;
  // The first rows of each source by an index of its own, which their union would not use.
  const firsts = sourcesOf(sql, query, sort).map(
    ({ rows, conditions }) => `(select * from (${rows}) e ${where([...conditions, ...behind])} ${most})`,
  );
  return db.query<AddressRow>({
    text: `select e.address, e.domain, e.kind, e.owner, e.note, e.starts_at, e.expires_at, e.changed_at, e.version, e.source, e.state,
                  to_char(e.changed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as changed_key,
                  coalesce(t.targets, a.targets, '{}') as targets, coalesce(t.count, a.count, 0) as target_count
             from (select * from (${firsts.join(" union all ")}) e ${most}) e
             left join lateral (select array(select target from targets t where t.address = e.address order by target limit ${NAMED}) as targets,
                                       (select count(*)::integer from targets t where t.address = e.address) as count where e.source is null) t on true
             left join lateral (select a.targets[1:${NAMED}] as targets, cardinality(a.targets) as count from ldap_answers a
                                 where a.source = e.source and a.address = e.address) a on true
            order by ${by}`,
    values: sql.values,
  });
}

const where = (conditions: readonly string[]): string => (conditions.length === 0 ? "" : `where ${conditions.join(" and ")}`);

/** Where rows come from, and what must hold of them as `e`. */
type Source = { readonly rows: string; readonly conditions: readonly string[] };

/** Entries, people of LDAP, or both. Nobody of LDAP has an owner, a note, a state but active, a moment of change, or is found by where mail goes. */
function sourcesOf(sql: Sql, query: AddressQuery, sort: Sort): readonly Source[] {
  const { kind, owner, state, to } = query;
  const people = (): Source => ({ rows: PEOPLE, conditions: conditionsOf(sql, query) });
  if (kind === "person" || kind === "group") return [people()];
  const entries = entriesSource(sql, query);
  const entriesOnly =
    [kind, owner, to].some((filter) => filter !== null) || sort.endsWith("changed") || (state !== null && state !== "active");
  return entriesOnly ? [entries] : [entries, people()];
}

const entriesSource = (sql: Sql, query: AddressQuery): Source => ({
  rows: entriesOf(query.to === null ? "entries e" : amongThoseTo(sql, query.to)),
  conditions: conditionsOf(sql, query),
});

/** Entries by a target of theirs, or by its domain: in the order of addresses, so that the first fifty are found without the others. */
function amongThoseTo(sql: Sql, to: string): string {
  const isAddress = to.includes("@") && !to.startsWith("@");
  const condition = isAddress ? `target = ${sql.at(to)}` : `split_part(target, '@', -1) = ${sql.at(to.replace(/^@/, ""))}`;
  return `(select distinct address from targets where ${condition}) those join entries e using (address)`;
}

function conditionsOf(sql: Sql, { words, owner, domain, kind, state }: AddressQuery): readonly string[] {
  const conditions = sql.isEverything ? [] : [entryInScope("e", 1)];
  for (const word of words) conditions.push(wordCondition(sql, word));
  // What stands in an owner stands in the text that has an index.
  if (owner !== null) conditions.push(`e.owner like ${sql.at(`%${literal(owner)}%`)}`, wordCondition(sql, owner));
  if (domain !== null) conditions.push(`e.domain = ${sql.at(domain)}`);
  if (kind !== null) conditions.push(`e.kind = ${sql.at(kind)}`);
  if (state !== null) conditions.push(...stateConditions(state, kind));
  return conditions;
}

/** Two letters have no trigram: they are looked for at the beginning. What has an `@` may be a target as well. */
function wordCondition(sql: Sql, word: string): string {
  if (word.length < 3) return `e.address like ${sql.at(`${literal(word)}%`)}`;
  const text = sql.at(`%${literal(word)}%`);
  if (!word.includes("@")) return `e.searched like ${text}`;
  const target = sql.at(`${literal(word)}%`);
  return `e.address in (select address from entries e where ${TEXT} like ${text} union select address from targets where target like ${target}
                        union select address from ldap_answers where address like ${text})`;
}

/** The small states by their own indexes, and only then as what counts first. */
function stateConditions(state: AddressRow["state"], kind: AddressQuery["kind"]): readonly string[] {
  const same = `e.state = '${state}'`;
  if (kind === "person" || kind === "group") return [same];
  switch (state) {
    case "off":
      return ["e.address in (select address from entries where disabled is not null)", same];
    case "moved":
      return ["e.address in (select address from entries where moved_to is not null)", same];
    case "dead-end":
      return ["e.address in (select address from dead_ends)", same];
    case "expired":
      return ["e.expires_at <= now()", same];
    case "not-yet":
    case "active":
      return [same];
  }
}

export const literal = (text: string): string => text.replace(/[\\%_]/g, "\\$&");

const SORTED: Readonly<Record<Sort, { readonly by: string; readonly beyond: (at: (value: unknown) => string, after: Place) => string }>> = {
  address: { by: "e.address", beyond: (at, { address }) => `e.address > ${at(address)}` },
  "-address": { by: "e.address desc", beyond: (at, { address }) => `e.address < ${at(address)}` },
  changed: {
    by: "e.changed_at, e.address",
    beyond: (at, { changed, address }) => `(e.changed_at, e.address) > (${at(changed)}::timestamptz, ${at(address)})`,
  },
  "-changed": {
    by: "e.changed_at desc, e.address desc",
    beyond: (at, { changed, address }) => `(e.changed_at, e.address) < (${at(changed)}::timestamptz, ${at(address)})`,
  },
};
