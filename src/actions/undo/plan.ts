/**
 * What an undo has to do, as a temporary table: one row for each row of the directory that the change set's transaction changed and that is
 * not so already as it was before.
 */
import type { Queryable } from "../../db/client.ts";
import { CHILDREN, RELATIONS, type Relation } from "./tables.ts";

/** A row that somebody changed after the change set that is to be undone. */
export type Conflict = {
  readonly relation: Relation;
  /** The address, domain or affiliation: the whole of it is overwritten or left as it is. */
  readonly key: string;
  /** The target, or role and mailbox; empty: the entry itself. */
  readonly member: string;
  readonly by: string;
  readonly at: string | null;
  /** Null: it was changed by hand, in SQL. */
  readonly action: string | null;
  readonly changeNo: number | null;
};

/** The change set to be undone. A transaction number alone may come again, in a database restored from a dump. */
export type Undone = { readonly changeNo: number; readonly txid: string };

/** Compared without these: they say that a row was written, not what it means. */
const MEANING = (row: string): string => `(${row} - '{version,changed_at,added_at}'::text[])`;

/** Versions of the same transaction: nobody imports for longer than a day. */
const during = (moment: string): string => `${moment} between s.changed_at - interval '1 hour' and s.changed_at + interval '1 day'`;

/**
 * `pre`: as it was before; `post`: as the change set left it; `cur`: as it is now. Where post and pre mean the same nothing is to be undone,
 * unless the entry is gone by now: then who brings back a member must bring back the entry, and that is a conflict.
 *
 * Any later change is a conflict, whoever made it. So is one that left a row as it was before (`none`: nothing is to be done about it), as long as
 * others of the address are not: a → x became a → y, and then a → z; bringing back x would send to both. And one that is gone again, where
 * an address was deleted, given to somebody else and deleted once more: it would bring their mail to who had it first.
 */
const PLAN = `
  create temp table undo_plan on commit drop as
  with s as materialized (select changed_at from change_sets where change_no = $2),
  touched as (
    select h.relation, h.key, h.member from directory_history h, s
     where h.begun_in = $1 and h.relation = any($3) and ${during("h.valid_from")}
    union
    select h.relation, h.key, h.member
      from (select distinct r.object collate "C" as key from change_records r, s where r.txid = $1 and r.changed_at = s.changed_at) o
      cross join unnest($3::text[]) as t(relation) join directory_history h on h.relation = t.relation and h.key = o.key, s
     where h.ended_in = $1 and ${during("h.valid_to")}),
  versions as (
    select t.relation, t.key, t.member,
           (array_agg(h.row) filter (where h.ended_in = $1 and h.begun_in <> $1 and ${during("h.valid_to")}))[1] as pre,
           (array_agg(h.row) filter (where h.begun_in = $1 and h.ended_in is distinct from $1 and ${during("h.valid_from")}))[1] as post,
           (array_agg(h.row) filter (where h.valid_to is null))[1] as cur,
           max(case when h.begun_in = $1 then h.valid_from when h.ended_in = $1 then h.valid_to end) as moment,
           max(h.valid_from) filter (where h.begun_in <> $1) as last_begun
      from touched t join directory_history h using (relation, key, member), s group by t.relation, t.key, t.member),
  judged as (
    select *, case when ${MEANING("pre")} is not distinct from ${MEANING("post")}
                     then case when relation = 'entries' and cur is null and pre is not null then 'insert' end
                   when ${MEANING("cur")} is not distinct from ${MEANING("pre")} then 'none'
                   when pre is null then 'delete' when cur is null then 'insert' else 'update' end as op
      from versions)
  select relation, case when relation = any($4) then 'entries' else relation end as grp, key, member, pre, cur, op, moment,
         ${MEANING("cur")} is distinct from ${MEANING("post")} or (relation = 'entries' and post is null and last_begun > moment) as conflict
    from judged where op is not null`;

/** What came to an entry later goes with it when its creation is undone: nobody loses that without having been asked. */
const LATER_CHILDREN = `
  insert into undo_plan (relation, grp, key, member, cur, op, moment, conflict)
  select h.relation, 'entries', h.key, h.member, h.row, 'delete', p.moment, true
    from undo_plan p cross join unnest($1::text[]) as t(relation)
    join directory_history h on h.relation = t.relation and h.key = p.key and h.valid_to is null
   where p.relation = 'entries' and p.op = 'delete'
     and not exists (select from undo_plan o where (o.relation, o.key, o.member) = (h.relation, h.key, h.member))`;

/** An entry that somebody deleted since comes back with all it had, not with what the change set touched of it. */
const FORMER_CHILDREN = `
  insert into undo_plan (relation, grp, key, member, pre, op, moment, conflict)
  select h.relation, 'entries', h.key, h.member, h.row, 'insert', p.moment, false
    from undo_plan p cross join unnest($2::text[]) as t(relation) join directory_history h on h.relation = t.relation and h.key = p.key
   where p.relation = 'entries' and p.op = 'insert' and h.begun_in <> $1
     and h.valid_from <= p.moment and (h.valid_to is null or h.valid_to > p.moment or h.ended_in = $1)
     and not exists (select from undo_plan o where (o.relation, o.key, o.member) = (h.relation, h.key, h.member))`;

/** Makes the temporary table undo_plan. */
export async function planUndo(tx: Queryable, { changeNo, txid }: Undone): Promise<void> {
  const children = [...CHILDREN];
  await tx.query({ text: PLAN, values: [txid, changeNo, [...RELATIONS], children] });
  await tx.query({ text: "create unique index on undo_plan (relation, key, member)" });
  await tx.query({ text: "analyze undo_plan" }); // nobody does it for a temporary table
  await tx.query({
    text: `delete from undo_plan p where op = 'none' and not exists (select from undo_plan o where (o.grp, o.key) = (p.grp, p.key) and o.op <> 'none')`,
  });
  await tx.query({ text: LATER_CHILDREN, values: [children] });
  await tx.query({ text: FORMER_CHILDREN, values: [txid, children] });
}

/** The last change that counts of each row: one that says something else than the one before, or an end without a new beginning. */
const CONFLICTS = `
  select p.relation, p.key, p.member, coalesce(c.actor, e.by, 'nobody known') as by, e.at, c.action, c.change_no::int as "changeNo"
    from (select * from undo_plan where conflict order by key, member, relation limit $2) p
    left join lateral (
      select at, by, txid from (
        select valid_from as at, begun_by as by, begun_in as txid,
               ${MEANING("row")} is distinct from lag(${MEANING("row")}) over (order by valid_from) as counts
          from directory_history h where (h.relation, h.key, h.member) = (p.relation, p.key, p.member)
        union all
        select valid_to, ended_by, ended_in, not exists (
                 select from directory_history n where (n.relation, n.key, n.member, n.valid_from) = (h.relation, h.key, h.member, h.valid_to))
          from directory_history h where (h.relation, h.key, h.member) = (p.relation, p.key, p.member) and valid_to is not null) v
       where counts and txid <> $1 and at >= p.moment order by at desc limit 1) e on true
    left join lateral (
      select actor, action, change_no from change_sets c
       where c.txid = e.txid and e.at between c.changed_at - interval '1 hour' and c.changed_at + interval '1 day' limit 1) c on true
   order by p.key, p.member, p.relation`;

/** The first conflicts in order of key, `most` of them, and how many there are. */
export async function conflictsOf(
  tx: Queryable,
  { txid }: Undone,
  most: number,
): Promise<{ readonly conflicts: readonly Conflict[]; readonly count: number }> {
  const { rows } = await tx.query<{ n: number }>({ text: "select count(*)::int as n from undo_plan where conflict" });
  const count = rows[0]?.n ?? 0;
  if (count === 0) return { conflicts: [], count };
  const found = await tx.query<Omit<Conflict, "at"> & { at: Date | null }>({ text: CONFLICTS, values: [txid, most] });
  return { conflicts: found.rows.map((row) => ({ ...row, at: row.at?.toISOString() ?? null })), count };
}

/** Leaves as they are whatever has a conflict and is not to be overwritten: an address is undone whole, or not at all. Gives what is left so. */
export async function settleConflicts(tx: Queryable, overwrite: "all" | "none" | readonly string[]): Promise<readonly string[]> {
  const kept = typeof overwrite === "string" ? [] : await keepLaterEdits(tx, overwrite);
  await tx.query({ text: "delete from undo_plan where op = 'none'" });
  return kept;
}

async function keepLaterEdits(tx: Queryable, overwrite: readonly string[]): Promise<readonly string[]> {
  const { rows } = await tx.query<{ key: string }>({
    text: `with kept as (select distinct grp, key from undo_plan where conflict and key <> all($1::text[])),
                gone as (delete from undo_plan p using kept k where (k.grp, k.key) = (p.grp, p.key))
           select distinct key from kept order by key`,
    values: [overwrite],
  });
  return rows.map(({ key }) => key);
}
