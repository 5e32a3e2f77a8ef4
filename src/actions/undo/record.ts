/** What an undo leaves behind: its own change records, so that it can be undone too, and which change sets are in force now. */
import type { Queryable } from "../../db/client.ts";
import { type Author, recordChange } from "../change.ts";

/** An undo in numbers. `addresses` counts domains, routes and policies as well. */
export type Extent = { readonly addresses: number; readonly rows: number };

export async function extentOf(tx: Queryable): Promise<Extent> {
  const { rows } = await tx.query<Extent>({
    text: "select count(distinct (grp, key))::int as addresses, count(*)::int as rows from undo_plan",
  });
  return rows[0] ?? { addresses: 0, rows: 0 };
}

/** The rows of one address as they were or will be, members only as far as they change: a list may have 100,000. */
const side = (version: "cur" | "pre"): string => {
  const members = (relation: string, member: string, role?: string) =>
    `jsonb_agg(${version} ->> '${member}' order by member) filter (where relation = '${relation}' and ${version} is not null and op <> 'update'${
      role === undefined ? "" : ` and ${version} ->> 'role' = '${role}'`
    })`;
  return `nullif(coalesce((array_agg(${version} - '{version,changed_at}'::text[]) filter (where relation = grp))[1], '{}') || jsonb_strip_nulls(jsonb_build_object(
    'targets', ${members("targets", "target")}, 'senders', ${members("list_roles", "mailbox", "sender")},
    'excluded', ${members("list_roles", "mailbox", "excluded")}, 'filters', ${members("list_filters", "filter")},
    'dated', jsonb_agg(${version}) filter (where relation = 'targets' and op = 'update'))), '{}')`;
};

/** One record for each address, and where there are several a last one that speaks of all. */
export async function recordUndo(
  tx: Queryable,
  author: Author,
  set: { readonly changeNo: number; readonly action: string; readonly object: string },
  extent: Extent,
): Promise<void> {
  const action = `undo of #${set.changeNo}`;
  await tx.query({
    text: `insert into change_records (actor, action, object, why, before, after)
           select $1, $2, key, $3, ${side("cur")}, ${side("pre")} from undo_plan group by grp, key order by key, grp`,
    values: [author.actor, action, author.why],
  });
  if (extent.addresses > 1)
    await recordChange(tx, author, { action, object: set.object, before: null, after: { undone: set.action, ...extent } });
}

/**
 * Marks a change set as undone by this transaction, and gives the number of its own change set. What is undone may have been an undo: then
 * what that one had taken back is in force again, and so on along the line. `whole` false: later edits were kept, and the rest may be undone still.
 */
export async function markUndone(tx: Queryable, changeNo: number, whole: boolean): Promise<number> {
  const { rows } = await tx.query<{ n: number }>({
    text: `update change_sets set undo_of = $1 where txid = (pg_current_xact_id()::text)::bigint and changed_at = now() returning change_no::float8 as n`,
    values: [changeNo],
  });
  const own = rows[0]?.n;
  if (own === undefined) throw new Error("the undo recorded nothing");
  if (!whole) return own;
  await tx.query({
    text: `with recursive line as (
             select change_no, undo_of, $2::bigint as undone_by, 0 as step from change_sets where change_no = $1
             union all
             select s.change_no, s.undo_of, case when step % 2 = 1 then l.change_no end, step + 1 from line l join change_sets s on s.change_no = l.undo_of)
           update change_sets s set undone_by = l.undone_by from line l where l.change_no = s.change_no`,
    values: [changeNo, own],
  });
  return own;
}
