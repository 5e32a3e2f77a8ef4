/**
 * What Postgres says of our addresses. directory/ reads these tables and actions/ writes them; a person may change them by
 * hand in SQL as well: triggers tell every node (NOTIFY directory_changed). Addresses are Mailbox keys, compared octet by octet.
 */
import { sql } from "drizzle-orm";
import {
  bigint,
  bigserial,
  boolean,
  check,
  customType,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  timestamp,
} from "drizzle-orm/pg-core";

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
    reserved: text("reserved").array().notNull().default(sql`'{}'`), // local parts that are reserved here, besides those that are everywhere
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
    startsAt: moment("starts_at"), // before this it does not count
    expiresAt: moment("expires_at"), // from this on it does not count
    disabled: text("disabled"), // null: it works; else what mail for it is answered: quiet, soft, hard, text
    disabledText: text("disabled_text"), // with `text`: what is said
    movedTo: key("moved_to"), // retired: a Mailbox key
    movedDelivers: boolean("moved_delivers").notNull().default(false), // mail goes to moved_to, and its sender is told
    affiliation: text("affiliation"), // of who holds it: forwarding_policies says whether its mail may leave campus
    offCampusUntil: moment("off_campus_until"), // until then it may, whatever the policy says
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
    index("entries_by_skeleton").on(sql`name_skeleton(address)`),
    index("entries_by_change").on(t.changedAt, t.address),
    index("entries_by_owner").on(t.owner, t.address).where(sql`owner is not null`),
    index("entries_lists").on(t.address).where(sql`kind = 'list'`),
    index("entries_disabled").on(t.address).where(sql`disabled is not null`),
    index("entries_moved").on(t.address).where(sql`moved_to is not null`),
    index("entries_by_expiry").on(t.expiresAt).where(sql`expires_at is not null`),
    index("entries_without_owner").on(t.domain, t.address).where(sql`owner is null`),
    check("starts_before_it_expires", sql`starts_at < expires_at`),
    check("known_answer", sql`disabled in ('quiet', 'soft', 'hard', 'text')`),
    check("text_of_an_answer", sql`(disabled is not distinct from 'text') = (disabled_text is not null)`),
    check("text_fits_a_reply", sql`disabled_text ~ '^[!-~]([ -~]{0,198}[!-~])?$'`),
    check("disabled_or_moved", sql`disabled is null or moved_to is null`),
    check("delivers_where_it_moved", sql`not moved_delivers or moved_to is not null`),
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
    startsAt: moment("starts_at"), // outside of these dates the target does not count
    expiresAt: moment("expires_at"),
  },
  (t) => [
    primaryKey({ columns: [t.address, t.target] }),
    index("targets_by_target").on(t.target),
    index("targets_by_target_domain").on(sql`split_part(target, '@', -1)`, t.address),
    index("targets_with_dates").on(t.address).where(sql`starts_at is not null or expires_at is not null`),
    check("target_starts_before_it_expires", sql`starts_at < expires_at`),
  ],
);

/** Who held an address that was deleted, and until when: it is never given away again by accident. Triggers write it; only the undo of a creation takes one away. */
export const tombstones = pgTable(
  "tombstones",
  {
    address: key("address").notNull(),
    buriedAt: moment("buried_at").notNull(),
    kind: text("kind").notNull(),
    owner: key("owner"),
    targets: text("targets").array().notNull(), // the first ten
    heldFrom: moment("held_from").notNull(),
    buriedBy: text("buried_by").notNull(),
    why: text("why"),
  },
  (t) => [primaryKey({ columns: [t.address, t.buriedAt] }), index("tombstones_by_skeleton").on(sql`name_skeleton(address)`)],
);

/** Who may forward off campus. An affiliation without a row may. */
export const forwardingPolicies = pgTable("forwarding_policies", {
  affiliation: text("affiliation").primaryKey(),
  offCampus: boolean("off_campus").notNull(),
});

/**
 * Every version of every row of entries, targets, domains, routes and forwarding_policies, written by triggers, so that changes by hand
 * are in it as well. `began` is the one row that says since when. A row that is valid now has no valid_to.
 */
export const directoryHistory = pgTable(
  "directory_history",
  {
    relation: text("relation").notNull(),
    key: key("key").notNull(), // the address, domain or affiliation
    member: key("member").notNull().default(""), // the target
    validFrom: moment("valid_from").notNull(),
    validTo: moment("valid_to"),
    row: jsonb("row").notNull(),
    begunBy: text("begun_by").notNull(),
    begunIn: bigint("begun_in", { mode: "bigint" }).notNull(), // the transaction, as in change_records.txid
    endedBy: text("ended_by"),
    endedIn: bigint("ended_in", { mode: "bigint" }),
  },
  (t) => [
    primaryKey({ columns: [t.relation, t.key, t.member, t.validFrom] }),
    index("directory_history_by_transaction").using("brin", t.begunIn).with({ pages_per_range: 32 }), // undo asks what a transaction began
  ],
);

/** Which owner was told how many days ahead of which expiry: once each, whatever node does it. `target` is empty for the entry itself. */
export const expiryNotices = pgTable(
  "expiry_notices",
  {
    address: key("address").notNull(),
    target: key("target").notNull().default(""),
    expiresAt: moment("expires_at").notNull(),
    days: integer("days").notNull(),
    noticedAt: moment("noticed_at").notNull().defaultNow(),
  },
  (t) => [primaryKey({ columns: [t.address, t.target, t.expiresAt, t.days] })],
);

/** When a sender was last told that an address has moved. */
export const movedNotices = pgTable(
  "moved_notices",
  { address: key("address").notNull(), sender: key("sender").notNull(), noticedAt: moment("noticed_at").notNull().defaultNow() },
  (t) => [primaryKey({ columns: [t.address, t.sender] }), index("moved_notices_by_time").on(t.address, t.noticedAt)],
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
    txid: bigint("txid", { mode: "bigint" }).default(sql`(pg_current_xact_id()::text)::bigint`), // joins it with directory_history
  },
  (t) => [
    index("change_records_by_object").on(t.object, t.changeNo),
    index("change_records_by_transaction").on(t.txid, t.changeNo),
    index("change_records_by_domain").on(t.txid, sql`split_part(object, '@', -1)`), // what of a change set lies in somebody's domains
  ],
);
