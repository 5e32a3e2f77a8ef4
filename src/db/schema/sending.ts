/**
 * Who may send through us, and how much they did. sending/ reads these tables and counts in them, actions/ writes what an admin decides.
 * Logins are in lower case, addresses are Mailbox keys; both are compared octet by octet.
 */
import { sql } from "drizzle-orm";
import { bigserial, check, customType, index, integer, pgTable, primaryKey, text, timestamp } from "drizzle-orm/pg-core";

const key = customType<{ data: string }>({ dataType: () => 'text collate "C"' });
const moment = (name: string) => timestamp(name, { withTimezone: true, mode: "date" });

/** A person who signs in with app passwords. People of a directory need no row here. */
export const accounts = pgTable(
  "accounts",
  {
    login: key("login").primaryKey(),
    affiliation: text("affiliation"), // student, staff, …: which limits hold; null: nobody said
    createdAt: moment("created_at").notNull().defaultNow(),
  },
  () => [check("login_in_lower_case", sql`login = lower(login) and login <> ''`)],
);

/** The addresses a person sends from. Each belongs to one person; others get a grant. */
export const accountAddresses = pgTable(
  "account_addresses",
  {
    address: key("address").primaryKey(),
    login: key("login")
      .notNull()
      .references(() => accounts.login, { onDelete: "cascade" }),
  },
  (t) => [index("account_addresses_by_login").on(t.login)],
);

/** One for each device, shown once. Revoked ones stay, so that a stolen device's last use can be looked up. */
export const appPasswords = pgTable(
  "app_passwords",
  {
    passwordNo: bigserial("password_no", { mode: "number" }).primaryKey(),
    login: key("login").notNull(), // of an account or of a directory's person
    device: text("device").notNull(),
    selector: key("selector").notNull(), // the password's first group, no secret: finds the one hash to check
    hash: text("hash").notNull(), // argon2id, RFC 9106
    createdAt: moment("created_at").notNull().defaultNow(),
    lastUsedAt: moment("last_used_at"),
    revokedAt: moment("revoked_at"),
  },
  (t) => [index("app_passwords_by_login").on(t.login, t.selector)],
);

/** Somebody may send as an address that is not their own, until then. */
export const sendAsGrants = pgTable(
  "send_as_grants",
  {
    login: key("login").notNull(), // of an account or of a directory's person
    address: key("address").notNull(),
    endsAt: moment("ends_at").notNull(),
    grantedAt: moment("granted_at").notNull().defaultNow(),
  },
  (t) => [primaryKey({ columns: [t.login, t.address] })],
);

/** Sign-ins of one login from one source: how many failed of late, how many are being checked, and when the next may be. */
export const signInAttempts = pgTable(
  "sign_in_attempts",
  {
    source: text("source").notNull(), // an IPv4 address, or an IPv6 /64
    login: key("login").notNull(), // as it was typed: it need not exist
    failures: integer("failures").notNull(),
    inFlight: integer("in_flight").notNull(),
    freeAt: moment("free_at").notNull(),
    triedAt: moment("tried_at").notNull(),
    succeededAt: moment("succeeded_at"),
  },
  (t) => [primaryKey({ columns: [t.source, t.login] }), index("sign_in_attempts_by_age").on(t.triedAt)],
);

/** Recipients a person named, by the minute: `accepted` of those `asked`. Kept for a day. */
export const sendingCounts = pgTable(
  "sending_counts",
  {
    login: key("login").notNull(),
    minute: moment("minute").notNull(),
    asked: integer("asked").notNull(),
    accepted: integer("accepted").notNull(),
  },
  (t) => [primaryKey({ columns: [t.login, t.minute] })],
);

/** Whom a person has sent to before; kept for a year. */
export const knownRecipients = pgTable(
  "known_recipients",
  { login: key("login").notNull(), recipient: key("recipient").notNull(), firstAt: moment("first_at").notNull().defaultNow() },
  (t) => [primaryKey({ columns: [t.login, t.recipient] }), index("known_recipients_by_time").on(t.login, t.firstAt)],
);

/** People whose mail is held until an admin has looked: they reached the hard stop. */
export const sendingStops = pgTable("sending_stops", {
  login: key("login").primaryKey(),
  stoppedAt: moment("stopped_at").notNull().defaultNow(),
  reason: text("reason").notNull(),
});
