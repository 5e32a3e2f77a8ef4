/** One row for each transaction that wrote change records: what listings of changes show, and what an undo needs to know. */
import { bigint, index, integer, pgTable, text, timestamp, uniqueIndex } from "drizzle-orm/pg-core";

/** A trigger of change_records writes it, so that whoever records a change, a node of an older version too, makes or extends its change set. */
export const changeSets = pgTable(
  "change_sets",
  {
    changeNo: bigint("change_no", { mode: "number" }).primaryKey(), // of the first record
    changedAt: timestamp("changed_at", { withTimezone: true, mode: "date" }).notNull(), // when the transaction began, as in its records
    txid: bigint("txid", { mode: "bigint" }), // null: made before the history began, or by hand
    actor: text("actor").notNull(),
    why: text("why"),
    action: text("action").notNull(), // of the last record: where there are several it speaks of all of them
    object: text("object").notNull(),
    records: integer("records").notNull(),
    undoOf: bigint("undo_of", { mode: "number" }), // the change set that this one took back
    undoneBy: bigint("undone_by", { mode: "number" }), // the change set that took this one back; null: it is in force
  },
  (t) => [
    uniqueIndex("change_sets_by_transaction").on(t.txid, t.changedAt),
    index("change_sets_by_actor").on(t.actor, t.changeNo),
    index("change_sets_by_time").on(t.changedAt),
  ],
);
