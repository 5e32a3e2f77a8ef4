/**
 * Who may do what in the panel and the API. admin/ reads these tables and keeps sessions in them, actions/ writes what an admin decides.
 * A principal is `local:LOGIN`, `ldap:LOGIN` or `oidc:SUBJECT@ISSUER`, so that nobody gets another's rights by having the same name
 * elsewhere. Of passwords, cookies and tokens there are hashes alone.
 */
import { sql } from "drizzle-orm";
import {
  bigint,
  bigserial,
  check,
  customType,
  index,
  integer,
  json,
  pgTable,
  primaryKey,
  text,
  timestamp,
  unique,
} from "drizzle-orm/pg-core";

const key = customType<{ data: string }>({ dataType: () => 'text collate "C"' });
const octets = customType<{ data: Buffer }>({ dataType: () => "bytea" });
const moment = (name: string) => timestamp(name, { withTimezone: true, mode: "date" });

/** Local accounts of the panel. People of a directory need no row here. */
export const panelUsers = pgTable(
  "panel_users",
  {
    login: key("login").primaryKey(),
    hash: text("hash").notNull(), // argon2id, RFC 9106
    totpSecret: octets("totp_secret"), // RFC 6238; null: the password alone signs in
    totpStep: bigint("totp_step", { mode: "number" }), // of the code used last: none is taken twice
    totpPending: octets("totp_pending"), // a secret that was shown and counts once a code of it was right
    createdAt: moment("created_at").notNull().defaultNow(),
    changedAt: moment("changed_at").notNull().defaultNow(),
  },
  () => [check("panel_login_in_lower_case", sql`login = lower(login) and login <> ''`)],
);

/** What somebody may, where and until when. */
export const panelGrants = pgTable(
  "panel_grants",
  {
    grantNo: bigserial("grant_no", { mode: "number" }).primaryKey(),
    principal: key("principal").notNull(),
    role: text("role").notNull(),
    domain: key("domain"), // null: everywhere
    endsAt: moment("ends_at"), // null: until it is taken back
    grantedBy: text("granted_by").notNull(),
    grantedAt: moment("granted_at").notNull().defaultNow(),
  },
  (t) => [
    unique("one_grant_of_a_kind").on(t.principal, t.role, t.domain).nullsNotDistinct(),
    check("known_role", sql`role in ('superadmin', 'department-admin', 'helpdesk', 'auditor')`),
    check("everywhere_or_scoped", sql`(role in ('superadmin', 'auditor')) = (domain is null)`),
  ],
);

/** Somebody who signed in. The row is the session: without it the cookie is nothing. */
export const panelSessions = pgTable(
  "panel_sessions",
  {
    tokenHash: octets("token_hash").primaryKey(), // SHA-256 of the cookie
    principal: key("principal").notNull(),
    addresses: text("addresses").array().notNull(), // the person's own, as the directory said at sign-in
    clientAddress: text("client_address").notNull(),
    madeAt: moment("made_at").notNull().defaultNow(),
    seenAt: moment("seen_at").notNull().defaultNow(),
    endsAt: moment("ends_at").notNull(),
  },
  (t) => [index("panel_sessions_by_principal").on(t.principal), index("panel_sessions_by_end").on(t.endsAt)],
);

/** Sign-ins that went to the OpenID provider and are not back yet. A row is deleted by the one return that uses it. */
export const panelSignIns = pgTable(
  "panel_sign_ins",
  {
    stateHash: octets("state_hash").primaryKey(), // SHA-256 of `state` (RFC 6749 §10.12)
    browserHash: octets("browser_hash").notNull(), // SHA-256 of a cookie: another browser cannot end it
    nonce: text("nonce").notNull(),
    verifier: text("verifier").notNull(), // RFC 7636
    returnTo: text("return_to").notNull(), // a path of ours
    source: text("source").notNull(), // whose sign-ins are counted together
    endsAt: moment("ends_at").notNull(),
  },
  (t) => [index("panel_sign_ins_by_source").on(t.source), index("panel_sign_ins_by_end").on(t.endsAt)],
);

/** Tokens of programs. A token never may more than its owner does at that moment. */
export const panelTokens = pgTable(
  "panel_tokens",
  {
    tokenNo: bigserial("token_no", { mode: "number" }).primaryKey(),
    tokenHash: octets("token_hash").notNull().unique(), // SHA-256
    name: text("name").notNull(),
    principal: key("principal").notNull(), // its owner
    scopes: text("scopes").array().notNull(), // as in aliases:write
    domain: key("domain"), // null: wherever its owner may
    networks: text("networks").array().notNull(), // from where it may be used, as CIDR; empty: from anywhere
    madeAt: moment("made_at").notNull().defaultNow(),
    lastUsedAt: moment("last_used_at"),
    endsAt: moment("ends_at").notNull(),
    revokedAt: moment("revoked_at"),
  },
  (t) => [index("panel_tokens_by_principal").on(t.principal)],
);

/** Answers to writes that named an Idempotency-Key, so that a repeated request changes nothing twice. Kept for a day. */
export const panelRequests = pgTable(
  "panel_requests",
  {
    principal: key("principal").notNull(),
    requestKey: key("request_key").notNull(),
    requestHash: octets("request_hash").notNull(), // method, path and body: the same key for another request is a mistake
    status: integer("status"), // null: it is being answered
    headers: json("headers"),
    body: text("body"),
    madeAt: moment("made_at").notNull().defaultNow(),
  },
  (t) => [primaryKey({ columns: [t.principal, t.requestKey] }), index("panel_requests_by_age").on(t.madeAt)],
);
