/** Taking back a change set: whatever its transaction did to the directory, from the history, in one transaction of its own. */
import type { Db, Queryable } from "../db/client.ts";
import { type Author, changing, nameAuthor } from "./change.ts";
import { Refusal } from "./refusal.ts";
import type { Ourselves } from "./routes.ts";
import { applyPlan } from "./undo/apply.ts";
import { type Conflict, conflictsOf, planUndo, settleConflicts } from "./undo/plan.ts";
import { extentOf, markUndone, recordUndo } from "./undo/record.ts";
import { refuseImpossible, refuseWrong } from "./undo/rules.ts";
import { type Candidate, whyNotUndoable } from "./undo/undoable.ts";

/**
 * What becomes of later edits. `none`: if there are any nothing is undone and they are listed. `all`: they are overwritten. Keys (addresses,
 * domains): these are overwritten, others with later edits stay as they are, and all else is undone. `ourselves`: see setRoute.
 */
export type UndoOptions = { readonly overwrite: "none" | "all" | readonly string[]; readonly ourselves?: Ourselves };

export type UndoResult = {
  /** False: nothing was written, because of conflicts or since all is as before already. */
  readonly changed: boolean;
  /** The change set that was to be undone, by its own number, whichever of its records was named. */
  readonly undone: number;
  /** The undo's own change set; null: nothing was changed. */
  readonly changeNo: number | null;
  /** Later edits, 200 at most; `conflictCount` counts all. */
  readonly conflicts: readonly Conflict[];
  readonly conflictCount: number;
  /** What keeps its later edits. */
  readonly kept: readonly string[];
  /** How much was written. */
  readonly addresses: number;
  readonly rows: number;
  readonly warnings: readonly string[];
};

/** Conflicts that are listed. */
const LISTED = 200;

/**
 * Undoes a change set, named by the number of any of its records. It comes back as it was, whoever deleted, made or changed it: with
 * targets, roles, filters, dates and the day it was made. The rules hold as for any change: a loop or a name that is taken meanwhile is
 * refused. Refuses what is undone already, and what no undo can take back, with what to do instead.
 */
export const undoChange = (db: Db, author: Author, changeNo: number, options: UndoOptions): Promise<UndoResult> =>
  changing(db, async (tx) => {
    const set = await undoableSet(tx, changeNo);
    // 40,000 rows take seconds; a node's own statements may take four.
    await tx.query({ text: "select set_config('statement_timeout', '10min', true), set_config('work_mem', '64MB', true)" });
    await lockEntries(tx, set.txid);
    await tx.query({ text: "drop table if exists pg_temp.undo_plan" }); // an undo in the same transaction left its own
    await planUndo(tx, { changeNo: set.change_no, txid: set.txid });
    const { conflicts, count } = await conflictsOf(tx, { changeNo: set.change_no, txid: set.txid }, LISTED);
    const nothing: UndoResult = {
      changed: false,
      undone: set.change_no,
      changeNo: null,
      conflicts,
      conflictCount: count,
      kept: [],
      addresses: 0,
      rows: 0,
      warnings: [],
    };
    if (count > 0 && options.overwrite === "none") return nothing;
    const kept = await settleConflicts(tx, options.overwrite);
    const extent = await extentOf(tx);
    if (extent.rows === 0) return { ...nothing, kept };
    await refuseImpossible(tx, options.ourselves ?? null);
    await nameAuthor(tx, author);
    await applyPlan(tx);
    const warnings = await refuseWrong(tx);
    await recordUndo(tx, author, { changeNo: set.change_no, action: set.action, object: set.object }, extent);
    const own = await markUndone(tx, set.change_no, kept.length === 0);
    return { ...nothing, changed: true, changeNo: own, kept, ...extent, warnings };
  });

type Found = Candidate & { readonly txid: string; readonly object: string };

/** The change set that a number belongs to: its own, or that of one of its records. */
export async function findSet(tx: Queryable, changeNo: number): Promise<number> {
  if (!Number.isSafeInteger(changeNo) || changeNo < 1)
    throw new Refusal("badData", "that is no number of a change", "To see them: mailroom changes list");
  const { rows } = await tx.query<{ n: number }>({
    text: `select change_no::float8 as n from change_sets where change_no = $1
           union all select s.change_no::float8 from change_records r join change_sets s using (txid, changed_at) where r.change_no = $1 limit 1`,
    values: [changeNo],
  });
  const [found] = rows;
  if (found === undefined) throw new Refusal("notFound", `there is no change #${changeNo}`, "To see them: mailroom changes list");
  return found.n;
}

async function undoableSet(tx: Queryable, changeNo: number): Promise<Found> {
  const { rows } = await tx.query<Found>({
    text: `select change_no::float8 as change_no, action, object, txid::text as txid, undone_by::float8 as undone_by,
                  txid is not null as has_history
             from change_sets where change_no = $1 for update`,
    values: [await findSet(tx, changeNo)],
  });
  const [set] = rows;
  const why = set === undefined ? null : whyNotUndoable(set);
  if (why !== null) throw why;
  if (set === undefined) throw new Error("the change set is gone");
  return set;
}

/** Who edits by hand waits until it is done; actions wait anyway. */
const lockEntries = (tx: Queryable, txid: string): Promise<unknown> =>
  tx.query({
    text: `select from entries where address in (select object collate "C" from change_records where txid = $1) order by address for update`,
    values: [txid],
  });
