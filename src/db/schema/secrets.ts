/** Random octets that all nodes share, made by whoever needs them first. */
import { customType, pgTable, text, timestamp } from "drizzle-orm/pg-core";

const bytea = customType<{ data: Buffer }>({ dataType: () => "bytea" });

export const secrets = pgTable("secrets", {
  name: text("name").primaryKey(),
  octets: bytea("octets").notNull(),
  madeAt: timestamp("made_at", { withTimezone: true, mode: "date" }).notNull().defaultNow(),
});
