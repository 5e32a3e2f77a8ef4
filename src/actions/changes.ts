/** Reading what was changed: change sets newest first, and the records of one. */
import type { Queryable } from "../db/client.ts";
import { recordInScope, setInScope, type Viewer, viewerValues } from "./changes-scope.ts";
import { inPages } from "./entries.ts";
import { Refusal } from "./refusal.ts";
import { EVERYTHING } from "./scope.ts";
import { whyNotUndoable } from "./undo/undoable.ts";
import { findSet } from "./undo.ts";

/** What one transaction changed, as the command line and the API show it. */
export type ChangeSetView = {
  /** Of its first record. */
  readonly change_no: number;
  readonly at: string;
  readonly actor: string;
  readonly why: string | null;
  /** What was done, and to what; of several records the last one, which speaks of all (`import csv people.csv`). Null: part of it is hidden. */
  readonly action: string;
  readonly object: string | null;
  /** Its records: one for each address, and one for all where there are several. */
  readonly count: number;
  /** Those of them that lie outside of the viewer's scope: counted, and not named. */
  readonly hidden: number;
  /** An undo may take it back, if no later edit and no rule stands in the way. */
  readonly undoable: boolean;
  readonly undo_of: number | null;
  readonly undone_by: number | null;
};

/** What a page is asked for. `after`: the last change_no of the page before. `object`: an address, domain or login it has a record of. */
export type ChangesAsked = {
  readonly after?: number | undefined;
  readonly limit: number;
  readonly object?: string | undefined;
  readonly actor?: string | undefined;
  readonly since?: Date | undefined;
};

/** The command line sees all there is. */
const EVERYBODY: Viewer = { scope: EVERYTHING, principal: "" };

type Raw = Omit<ChangeSetView, "at" | "undoable"> & { readonly at: Date; readonly has_history: boolean };

const COLUMNS = `s.change_no::float8 as change_no, s.changed_at as at, s.actor, s.why, s.action, s.object, s.records as count,
  s.txid is not null as has_history, s.undo_of::float8 as undo_of, s.undone_by::float8 as undone_by`;

/** How many records of a set are hidden from the viewer whose parameters begin at `$first`. Where there is everything to see nobody counts. */
const hiddenFrom = (first: number): string =>
  `case when $${first}::boolean then 0 else (select count(*)::int from change_records r
     where ((r.txid, r.changed_at) = (s.txid, s.changed_at) or r.change_no = s.change_no) and not ${recordInScope("r", first)}
       and not (r.object not like '%@%' and r.before is null and s.records > 1 and r.object = s.object)) end as hidden`;

/** One page, newest first. Its cost does not grow with what lies before it, nor with the size of a change set. */
export async function changeSetsPage(db: Queryable, asked: ChangesAsked, viewer = EVERYBODY): Promise<readonly ChangeSetView[]> {
  const ofObject = `s.change_no in (select o.change_no from change_records r join change_sets o using (txid, changed_at) where r.object = $3
                                    union all select r.change_no from change_records r where r.object = $3 and r.txid is null)`;
  const { rows } = await db.query<Raw>({
    text: `select ${COLUMNS}, ${hiddenFrom(6)} from change_sets s
            where ${viewer.scope.everything ? "" : `${setInScope("s", 6)} and`} s.change_no < coalesce($1::bigint, 9223372036854775807) ${asked.object === undefined ? "and $3::text is null" : `and ${ofObject}`}
              and ($4::text is null or s.actor = $4) and ($5::timestamptz is null or s.changed_at >= $5)
            order by s.change_no desc limit $2`,
    values: [asked.after ?? null, asked.limit, asked.object ?? null, asked.actor ?? null, asked.since ?? null, ...viewerValues(viewer)],
  });
  return rows.map(view);
}

const view = ({ has_history, at, ...row }: Raw): ChangeSetView => ({
  ...row,
  object: row.hidden > 0 ? null : row.object,
  at: at.toISOString(),
  undoable: whyNotUndoable({ ...row, has_history }) === null,
});

/** One record: what was before, what is after. */
export type ChangeRecordView = {
  readonly change_no: number;
  readonly action: string;
  readonly object: string;
  readonly before: unknown;
  readonly after: unknown;
};

/** A change set, named by the number of any of its records, with one page of these in order of their numbers. Refuses a number that is none. */
export async function changeSet(
  db: Queryable,
  changeNo: number,
  page: { readonly after?: number; readonly limit: number },
  viewer = EVERYBODY,
): Promise<ChangeSetView & { readonly records: readonly ChangeRecordView[] }> {
  const set = await setInSight(db, changeNo, viewer);
  const { rows } = await db.query<ChangeRecordView>({
    text: `select change_no, action, object, before, after from (
             select r.change_no::float8 as change_no, r.action, r.object, r.before, r.after, r.actor
               from change_sets s join change_records r on (r.txid, r.changed_at) = (s.txid, s.changed_at)
              where s.change_no = $1 and r.change_no > $2
             union all
             select change_no::float8, action, object, before, after, actor from change_records where change_no = $1 and txid is null and change_no > $2) r
            where ${recordInScope("r", 4)} order by change_no limit $3`,
    values: [set.change_no, page.after ?? 0, page.limit, ...viewerValues(viewer)],
  });
  return { ...set, records: rows };
}

/** A change set without its records. Who may not see it is told the same as of a number that is none. */
export async function setInSight(db: Queryable, changeNo: number, viewer: Viewer): Promise<ChangeSetView> {
  const number = await findSet(db, changeNo);
  const sets = await db.query<Raw>({
    text: `select ${COLUMNS}, ${hiddenFrom(2)} from change_sets s where s.change_no = $1 and ${setInScope("s", 2)}`,
    values: [number, ...viewerValues(viewer)],
  });
  const [set] = sets.rows;
  if (set === undefined) throw new Refusal("notFound", `there is no change #${changeNo}`, "To see them: mailroom changes list");
  return view(set);
}

/** One record with who, when and why, for an export. */
export type ChangeLine = ChangeRecordView & { readonly at: string; readonly actor: string; readonly why: string | null };

/** Records read at a time. */
const PAGE = 500;

/** All records from the oldest on that the viewer may see, as lines of JSON. */
export async function* exportChanges(db: Queryable, viewer: Viewer, since: Date | null): AsyncGenerator<string> {
  const lines = inPages<ChangeLine>(
    async (after) => {
      const { rows } = await db.query<Omit<ChangeLine, "at"> & { at: Date }>({
        text: `select r.change_no::float8 as change_no, r.changed_at as at, r.actor, r.why, r.action, r.object, r.before, r.after
                 from change_records r where r.change_no > $1 and ($2::timestamptz is null or r.changed_at >= $2) and ${recordInScope("r", 4)}
                order by r.change_no limit $3`,
        values: [after === "" ? 0 : Number(after), since, PAGE, ...viewerValues(viewer)],
      });
      return rows.map((row) => ({ ...row, at: row.at.toISOString() }));
    },
    ({ change_no }) => String(change_no),
  );
  for await (const line of lines) yield `${JSON.stringify(line)}\n`;
}
