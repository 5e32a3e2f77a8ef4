/**
 * What Postgres says of our addresses. directory/ reads these tables and actions/ writes them; a person may change them by
 * hand in SQL as well: triggers tell every node (NOTIFY directory_changed). Addresses are Mailbox keys, compared octet by octet.
 */
import { sql } from "drizzle-orm";
import { bigserial, boolean, check, customType, index, integer, jsonb, pgTable, primaryKey, text, timestamp } from "drizzle-orm/pg-core";

/** Text compared by octets, whatever collation the database has. */
const key = customType<{ data: string }>({ dataType: () => 'text collate "C"' });
const moment = (name: string) => timestamp(name, { withTimezone: true, mode: "date" });

/** The domains that are ours. With alias_of set, every local part means the same one in that domain, unless it has an entry here. */
export const domains = pgTable(
  "domains",
  {
    domain: key("domain").primaryKey(),
    aliasOf: key("alias_of"),
    catchAll: key("catch_all"), // a Mailbox key that takes what no entry does; null: off
    subaddressing: boolean("subaddressing").notNull().default(true),
    createdAt: moment("created_at").notNull().defaultNow(),
  },
  () => [check("alias_of_another", sql`alias_of is null or alias_of <> domain`)],
);

/** An address of ours that means other addresses. */
export const entries = pgTable(
  "entries",
  {
    address: key("address").primaryKey(),
    domain: key("domain")
      .notNull()
      .references(() => domains.domain),
    kind: text("kind").notNull(), // alias, list
    owner: key("owner"),
    note: text("note"),
    expiresAt: moment("expires_at"),
    posting: text("posting"), // lists: anyone, campus, members, owners, named, moderated
    ownCopy: boolean("own_copy").notNull().default(true), // lists: a member who posts gets a copy too
    mayLeave: boolean("may_leave").notNull().default(false), // lists: members may take themselves off
    memberLimit: integer("member_limit"), // lists: final recipients at most; null: resolve.recipients
    createdAt: moment("created_at").notNull().defaultNow(),
    changedAt: moment("changed_at").notNull().defaultNow(),
    version: integer("version").notNull().default(1),
  },
  (t) => [
    index("entries_by_domain").on(t.domain, t.address),
    check("known_kind", sql`kind in ('alias', 'list')`),
    check("posting_of_lists", sql`(kind = 'list') = (posting is not null)`),
    check("known_posting", sql`posting in ('anyone', 'campus', 'members', 'owners', 'named', 'moderated')`),
    check("member_limit_of_lists", sql`member_limit is null or (kind = 'list' and member_limit between 1 and 100000)`),
  ],
);

/** The targets of an alias or the members of a list. */
export const targets = pgTable(
  "targets",
  {
    address: key("address")
      .notNull()
      .references(() => entries.address, { onDelete: "cascade", onUpdate: "cascade" }),
    target: key("target").notNull(),
    addedAt: moment("added_at").notNull().defaultNow(),
  },
  (t) => [primaryKey({ columns: [t.address, t.target] }), index("targets_by_target").on(t.target)],
);

/** Who is more to a list than a member: a named sender, or less: somebody excluded. */
export const listRoles = pgTable(
  "list_roles",
  {
    address: key("address")
      .notNull()
      .references(() => entries.address, { onDelete: "cascade", onUpdate: "cascade" }),
    role: text("role").notNull(), // sender, excluded
    mailbox: key("mailbox").notNull(),
    addedAt: moment("added_at").notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ columns: [t.address, t.role, t.mailbox] }),
    index("list_roles_by_mailbox").on(t.mailbox),
    check("known_role", sql`role in ('sender', 'excluded')`),
  ],
);

/** Where mail for a domain goes: an admin's rule. The domain `*` stands for all that have no rule of their own. */
export const routes = pgTable("routes", { domain: key("domain").primaryKey(), url: text("url").notNull() });

/** Who changed what, when and why: one row per change set, written in the transaction that made the change. */
export const changeRecords = pgTable(
  "change_records",
  {
    changeNo: bigserial("change_no", { mode: "number" }).primaryKey(),
    changedAt: moment("changed_at").notNull().defaultNow(),
    actor: text("actor").notNull(),
    action: text("action").notNull(),
    object: text("object").notNull(),
    why: text("why"),
    before: jsonb("before"),
    after: jsonb("after"),
  },
  (t) => [index("change_records_by_object").on(t.object, t.changeNo)],
);
