/**
 * What passed in each hour, counted once from the trace (queue/flow.ts), so that no screen reads a million rows. Counting an hour again
 * gives the same, so every server may do it.
 */
import { bigint, integer, pgTable, primaryKey, text, timestamp } from "drizzle-orm/pg-core";

const hour = () => timestamp("hour", { withTimezone: true, mode: "date" }).notNull();

/**
 * Attempts by how they ended, and how long delivered mail took. `domain`: one of ours that the mail was for, or '*': all mail together.
 * `measure`: an outcome (bucket 0), or one of the four parts of the delay, its bucket telling how long (flow-delays.ts).
 */
export const flowHours = pgTable(
  "flow_hours",
  {
    hour: hour(),
    domain: text("domain").notNull(),
    measure: text("measure").notNull(),
    bucket: integer("bucket").notNull(),
    count: bigint("count", { mode: "number" }).notNull(),
  },
  (t) => [primaryKey({ columns: [t.domain, t.hour, t.measure, t.bucket] })],
);

/** The same by the domain that the mail went to, for two days. */
export const destinationHours = pgTable(
  "destination_hours",
  {
    hour: hour(),
    destination: text("destination").notNull(),
    sent: bigint("sent", { mode: "number" }).notNull(),
    deferred: bigint("deferred", { mode: "number" }).notNull(),
    refused: bigint("refused", { mode: "number" }).notNull(),
    delays: integer("delays").array().notNull(), // of delivered mail, a count for each bucket of flow-delays.ts
    lastFailedAt: timestamp("last_failed_at", { withTimezone: true, mode: "date" }),
    lastStatus: text("last_status"),
    lastReply: text("last_reply"),
    lastRelay: text("last_relay"),
  },
  (t) => [primaryKey({ columns: [t.hour, t.destination] })],
);

/** Which hours are counted, and when: what changed after that is counted again. */
export const countedHours = pgTable("counted_hours", {
  hour: timestamp("hour", { withTimezone: true, mode: "date" }).primaryKey(),
  countedAt: timestamp("counted_at", { withTimezone: true, mode: "date" }).notNull(),
});
