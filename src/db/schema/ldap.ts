/**
 * What is known of the LDAP sources, so that a restart during an outage still delivers. directory/people/ alone reads and writes these
 * tables, and actions/ where an admin accepts what a source says. Addresses are Mailbox keys.
 */
import { boolean, customType, index, integer, pgTable, primaryKey, text, timestamp } from "drizzle-orm/pg-core";

/** Text compared by octets, whatever collation the database has. */
const key = customType<{ data: string }>({ dataType: () => 'text collate "C"' });
const moment = (name: string) => timestamp(name, { withTimezone: true, mode: "date" });

/** The last good answer of each source for each address it knows. */
export const ldapAnswers = pgTable(
  "ldap_answers",
  {
    source: key("source").notNull(),
    address: key("address").notNull(),
    kind: text("kind").notNull(), // person, group
    dn: text("dn").notNull(),
    affiliation: text("affiliation"),
    targets: text("targets").array().notNull(),
    badTargets: text("bad_targets").array().notNull(),
    oversized: boolean("oversized").notNull(),
    answeredAt: moment("answered_at").notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.source, t.address] }),
    index("ldap_answers_by_address").on(t.address),
    index("ldap_answers_by_target").using("gin", t.targets),
  ],
);

/** What the directory guard has frozen: its last good answers stand until a person accepts the new ones. */
export const ldapFrozen = pgTable(
  "ldap_frozen",
  {
    source: key("source").notNull(),
    address: key("address").notNull(), // of a group; '*': the whole source
    since: moment("since").notNull().defaultNow(),
    lost: integer("lost").notNull(), // members, or addresses, that would be gone
    known: integer("known").notNull(), // of so many
    sample: text("sample").array().notNull(), // some of them
  },
  (t) => [primaryKey({ columns: [t.source, t.address] })],
);

/** The comparison of a source as a whole with what is known of it. One node at a time does it. */
export const ldapSyncs = pgTable("ldap_syncs", {
  source: key("source").primaryKey(),
  startedAt: moment("started_at").notNull(),
  endedAt: moment("ended_at"), // null: under way, or its node died
  entries: integer("entries"),
  fault: text("fault"), // null: it went well
});
