/** Targets that lead nowhere, found now and then by going over the directory: what a listing of 500,000 addresses may be filtered by. */
import { customType, json, pgTable, primaryKey, text, timestamp } from "drizzle-orm/pg-core";

/** Text compared by octets, whatever collation the database has. */
const key = customType<{ data: string }>({ dataType: () => 'text collate "C"' });
const moment = (name: string) => timestamp(name, { withTimezone: true, mode: "date" });

/** A row may be older than the address it speaks of: it counts only together with its entry. */
export const deadEnds = pgTable(
  "dead_ends",
  {
    address: key("address").notNull(),
    target: key("target").notNull(), // empty: a list without members
    reason: text("reason").notNull(), // unknown, expired, off, moved, empty
    since: moment("since").notNull().defaultNow(),
  },
  (t) => [primaryKey({ columns: [t.address, t.target] })],
);

/** When a search that all servers share was last made, and of what state of the directory. */
export const searches = pgTable("searches", {
  name: text("name").primaryKey(),
  beganAt: moment("began_at").notNull(),
  endedAt: moment("ended_at"),
  of: json("of"),
});
