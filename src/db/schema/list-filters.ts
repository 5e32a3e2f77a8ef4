/** Members of lists that an LDAP source names by a filter. directory/ reads them, actions/ writes them, and triggers tell every node. */
import { customType, pgTable, primaryKey, timestamp } from "drizzle-orm/pg-core";
import { entries } from "./directory.ts";

/** Text compared by octets, whatever collation the database has. */
const key = customType<{ data: string }>({ dataType: () => 'text collate "C"' });

export const listFilters = pgTable(
  "list_filters",
  {
    address: key("address") // of the list; named so for the triggers of the directory tables
      .notNull()
      .references(() => entries.address, { onDelete: "cascade", onUpdate: "cascade" }),
    source: key("source").notNull(), // its name in the settings
    filter: key("filter").notNull(), // RFC 4515
    addedAt: timestamp("added_at", { withTimezone: true, mode: "date" }).notNull().defaultNow(),
  },
  (t) => [primaryKey({ columns: [t.address, t.source, t.filter] })],
);
