/** Reading what stands in the directory's tables, for listings, for the record of a change and for the one who asks. */
import type { Queryable } from "../db/client.ts";
import type { Posting } from "../directory/directory.ts";
import { EVERYTHING, entryInScope, scopeValues } from "./scope.ts";

/** An alias or a list as the command line and the API show it; times as ISO 8601 in UTC. */
export type EntryView = {
  readonly address: string;
  readonly kind: "alias" | "list";
  readonly targets: readonly string[];
  readonly owner: string | null;
  readonly posting: Posting | null;
  readonly starts_at: string | null;
  /** Of lists; of an alias null, or nobody. */
  readonly own_copy: boolean | null;
  readonly may_leave: boolean | null;
  readonly member_limit: number | null;
  readonly senders: readonly string[];
  readonly excluded: readonly string[];
  readonly expires_at: string | null;
  /** Null: it works. Else how mail for it is answered: quiet, soft, hard, text (then `disabled_text` is said). */
  readonly disabled: "quiet" | "soft" | "hard" | "text" | null;
  readonly disabled_text: string | null;
  /** Retired: the new address; with `moved_delivers` mail goes there and its sender is told. */
  readonly moved_to: string | null;
  readonly moved_delivers: boolean;
  readonly affiliation: string | null;
  readonly off_campus_until: string | null;
  /** Targets that count between dates only, `{"target": ["from", "until"]}`. */
  readonly target_dates: Readonly<Record<string, readonly [string | null, string | null]>> | null;
  readonly note: string | null;
  readonly version: number;
  readonly created_at: string;
  readonly changed_at: string;
};

/** In a listing the targets of a long list are counted, and only the first few are named. */
export type EntryRow = EntryView & { readonly target_count: number };

const MOMENTS = ["starts_at", "expires_at", "off_campus_until"] as const;
type Raw = Omit<EntryRow, (typeof MOMENTS)[number] | "created_at" | "changed_at"> &
  Record<(typeof MOMENTS)[number], Date | number | null> & { created_at: Date; changed_at: Date };

const rolesOf = (role: string): string =>
  `array(select mailbox from list_roles r where r.address = e.address and r.role = '${role}' order by mailbox)`;

const COLUMNS = `e.address, e.kind, e.owner, e.posting, e.starts_at, e.expires_at, e.disabled, e.disabled_text, e.moved_to, e.moved_delivers,
  e.affiliation, e.off_campus_until, e.note, e.version, e.created_at, e.changed_at,
  case when e.kind = 'list' then e.own_copy end as own_copy, case when e.kind = 'list' then e.may_leave end as may_leave,
  e.member_limit, ${rolesOf("sender")} as senders, ${rolesOf("excluded")} as excluded,
  (select json_object_agg(t.target, json_build_array(t.starts_at, t.expires_at)) from targets t
    where t.address = e.address and (t.starts_at is not null or t.expires_at is not null)) as target_dates`;

/** One entry with all its targets in order of address, or null. With `lock` the row stays as it is until the transaction ends. */
export async function readEntry(db: Queryable, address: string, lock = false): Promise<EntryView | null> {
  const { rows } = await db.query<Raw>({
    text: `select ${COLUMNS}, array(select target from targets t where t.address = e.address order by target) as targets
             from entries e where e.address = $1${lock ? " for update" : ""}`,
    values: [address],
  });
  return rows[0] ? entryView(rows[0]) : null;
}

/** The same for showing: of the targets the first `named`, and how many there are. A list may have 100,000. */
export async function readEntryBrief(db: Queryable, address: string, named: number): Promise<EntryRow | null> {
  const { rows } = await db.query<Raw>({
    text: `select ${COLUMNS}, (select count(*)::int from targets t where t.address = e.address) as target_count,
                  array(select target from targets t where t.address = e.address order by target limit $2) as targets
             from entries e where e.address = $1`,
    values: [address, named],
  });
  const [row] = rows;
  return row === undefined ? null : { ...entryView(row), target_count: row.target_count };
}

/** What a listing is asked for. Paging is by key: `after` is the last address of the page before. */
export type Listing = { readonly kind?: "alias" | "list"; readonly domain?: string; readonly after?: string; readonly limit: number };

/** How many targets a listing names of each entry; the rest is only counted. */
const NAMED = 10;

/** One page of entries in order of address. Its cost does not grow with what lies before it. */
export async function entriesPage(db: Queryable, asked: Listing): Promise<readonly EntryRow[]> {
  const { rows } = await db.query<Raw>({
    text: `select ${COLUMNS}, (select count(*)::int from targets t where t.address = e.address) as target_count,
                  array(select target from targets t where t.address = e.address order by target limit ${NAMED}) as targets
             from entries e
            where e.address > $1 and ($2::text is null or e.kind = $2) and ($3::text is null or e.domain = $3)
            order by e.address limit $4`,
    values: [asked.after ?? "", asked.kind ?? null, asked.domain ?? null, asked.limit],
  });
  return rows.map((row) => ({ ...entryView(row), target_count: row.target_count }));
}

/** One page of entries of both kinds with all their targets, in order of address: for exports. */
export async function entriesWithTargets(db: Queryable, after: string, limit: number, scope = EVERYTHING): Promise<readonly EntryView[]> {
  const { rows } = await db.query<Raw>({
    text: `select ${COLUMNS}, array(select target from targets t where t.address = e.address order by target) as targets
             from entries e where e.address > $1 and ${entryInScope("e", 3)} order by e.address limit $2`,
    values: [after, limit, ...scopeValues(scope)],
  });
  return rows.map(entryView);
}

/** A member of a list and since when. */
export type MemberView = { readonly list: string; readonly member: string; readonly added_at: string };

/** What somebody is to a list. */
export type ListRole = "member" | "sender" | "excluded";

/** One page of those who are this to a list, in order of address. */
export async function membersPage(
  db: Queryable,
  list: string,
  role: ListRole,
  after: string,
  limit: number,
): Promise<readonly MemberView[]> {
  const people =
    role === "member"
      ? "select target as mailbox, added_at from targets where address = $1"
      : "select mailbox, added_at from list_roles where address = $1 and role = $4";
  const { rows } = await db.query<{ mailbox: string; added_at: Date }>({
    text: `select mailbox, added_at from (${people}) p where mailbox > $2 order by mailbox limit $3`,
    values: [list, after, limit, ...(role === "member" ? [] : [role])],
  });
  return rows.map((row) => ({ list, member: row.mailbox, added_at: row.added_at.toISOString() }));
}

/** Every page after the other, as one stream of items; `keyOf` gives the key at which the next page starts. */
export async function* inPages<T>(
  page: (after: string) => Promise<readonly T[]>,
  keyOf: (item: T) => string,
  start = "",
): AsyncGenerator<T> {
  for (let after = start; ; ) {
    const items = await page(after);
    yield* items;
    const last = items.at(-1);
    if (last === undefined) return;
    after = keyOf(last);
  }
}

function entryView(row: Raw): EntryView {
  return {
    address: row.address,
    kind: row.kind,
    targets: row.targets,
    owner: row.owner,
    posting: row.posting,
    own_copy: row.own_copy,
    may_leave: row.may_leave,
    member_limit: row.member_limit,
    senders: row.senders,
    excluded: row.excluded,
    starts_at: isoOf(row.starts_at),
    expires_at: isoOf(row.expires_at),
    disabled: row.disabled,
    disabled_text: row.disabled_text,
    moved_to: row.moved_to,
    moved_delivers: row.moved_delivers,
    affiliation: row.affiliation,
    off_campus_until: isoOf(row.off_campus_until),
    target_dates: row.target_dates,
    note: row.note,
    version: row.version,
    created_at: row.created_at.toISOString(),
    changed_at: row.changed_at.toISOString(),
  };
}

/** Somebody may have written `infinity` by hand. */
const isoOf = (moment: Date | number | null): string | null =>
  moment === null ? null : typeof moment === "number" ? String(moment) : moment.toISOString();
