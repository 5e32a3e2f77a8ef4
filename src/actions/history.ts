/** What addresses were before: the versions that the triggers keep, with who and why from the change records. */
import type { Queryable } from "../db/client.ts";
import { ourAddress } from "./address.ts";
import { Refusal } from "./refusal.ts";

/** Something that became so, or ended, at one moment, by one transaction. */
export type HistoryEvent = {
  readonly at: string;
  readonly what:
    | "created"
    | "changed"
    | "deleted"
    | "target added"
    | "target changed"
    | "target removed"
    | "sender added"
    | "sender removed"
    | "excluded"
    | "no longer excluded";
  readonly target: string | null;
  /** The row as it was from then on; null: it was gone. */
  readonly row: Readonly<Record<string, unknown>> | null;
  readonly by: string;
  readonly action: string | null;
  readonly why: string | null;
};

type Raw = Omit<HistoryEvent, "at"> & { readonly at: Date };

/** Events read at once: a list of 100,000 members has a history to match. */
const MOST = 10_000;

/** All that happened to an address, oldest first; of more than 10,000 events the latest. Refuses one that never was. */
export async function entryHistory(db: Queryable, text: string): Promise<readonly HistoryEvent[]> {
  const { key } = await ourAddress(db, text);
  const { rows } = await db.query<Raw>({ text: EVENTS, values: [key, MOST] });
  if (rows.length === 0) throw new Refusal("notFound", `${key} never had an entry`, `The history begins ${await historyBegan(db)}.`);
  return rows.toReversed().map((row) => ({ ...row, at: row.at.toISOString() }));
}

/** A version that another follows at the same moment was changed, not ended. A record is that of the same transaction and the same address. */
const EVENTS = `
  with versions as (
    select relation, member, valid_from, valid_to, row, begun_by, begun_in, ended_by, ended_in,
           lag(valid_to) over w is not distinct from valid_from as follows, lead(valid_from) over w is not distinct from valid_to as is_followed
      from directory_history where relation in ('entries', 'targets', 'list_roles') and key = $1 and valid_to is distinct from valid_from
    window w as (partition by relation, member order by valid_from)),
  events as (
    select valid_from as at, case when relation = 'targets' then case when follows then 'target changed' else 'target added' end
                                  when relation = 'list_roles' then case row ->> 'role' when 'sender' then 'sender added' else 'excluded' end
                                  when follows then 'changed' else 'created' end as what,
           case when relation = 'list_roles' then row ->> 'mailbox' else nullif(member, '') end as target, row, begun_by as by, begun_in as txid from versions
    union all
    select valid_to, case relation when 'targets' then 'target removed'
                                   when 'list_roles' then case row ->> 'role' when 'sender' then 'sender removed' else 'no longer excluded' end
                                   else 'deleted' end,
           case when relation = 'list_roles' then row ->> 'mailbox' else nullif(member, '') end, null, ended_by, ended_in
      from versions where valid_to is not null and not is_followed)
  select e.at, e.what, e.target, e.row, coalesce(c.actor, e.by) as by, c.action, c.why
    from events e left join lateral (
      select actor, action, why from change_records c
       where c.object = $1 and c.txid = e.txid and c.changed_at between e.at - interval '1 hour' and e.at + interval '1 hour'
       order by change_no desc limit 1) c on true
   order by e.at desc, (e.target is null) and e.what <> 'deleted', e.target desc limit $2`;

/** The first day of the history. */
async function historyBegan(db: Queryable): Promise<string> {
  const { rows } = await db.query<{ at: Date | null }>({
    text: "select min(valid_from) as at from directory_history where relation = 'began'",
  });
  return rows[0]?.at?.toISOString().slice(0, 10) ?? "with the next change";
}
