/**
 * Forwarding that people set up for themselves: asked for, proved by a code or a link that went to the target, and what it replaced. actions/ reads
 * and writes it. Of codes and links there are hashes alone. Where mail goes stands in `targets`, as ever; this says how it came there.
 */
import { sql } from "drizzle-orm";
import { bigint, bigserial, boolean, check, customType, index, integer, pgTable, text, timestamp, uniqueIndex } from "drizzle-orm/pg-core";

const key = customType<{ data: string }>({ dataType: () => 'text collate "C"' });
const octets = customType<{ data: Buffer }>({ dataType: () => "bytea" });
const moment = (name: string) => timestamp(name, { withTimezone: true, mode: "date" });

/** One row for each mail with a code. Waiting: neither confirmed nor ended. Verified: confirmed and not ended. */
export const forwardingRequests = pgTable(
  "forwarding_requests",
  {
    requestNo: bigserial("request_no", { mode: "number" }).primaryKey(),
    principal: key("principal").notNull(), // who asked
    address: key("address").notNull(), // their own, whose mail shall be forwarded
    target: key("target").notNull(),
    countedTarget: key("counted_target").notNull(), // spellings of one mailbox count together: nobody is mailed again and again
    keepCopy: boolean("keep_copy").notNull(),
    codeHash: octets("code_hash").notNull(), // HMAC of the number of the request and the six digits
    linkHash: octets("link_hash").notNull(), // SHA-256
    wrongCodes: integer("wrong_codes").notNull().default(0),
    madeAt: moment("made_at").notNull().defaultNow(),
    endsAt: moment("ends_at").notNull(), // of code and link
    confirmedAt: moment("confirmed_at"),
    pausedAt: moment("paused_at"), // verified, and mail does not go there now
    endedAt: moment("ended_at"), // replaced, voided, switched off, undone
    beforeTargets: text("before_targets").array(), // at confirmation: where mail went until then
    replaces: bigint("replaces", { mode: "number" }), // the verified request that ended with this one's confirmation
    undoHash: octets("undo_hash"), // SHA-256
    undoneAt: moment("undone_at"),
  },
  (t) => [
    index("forwarding_requests_by_principal").on(t.principal, t.madeAt),
    index("forwarding_requests_by_target").on(t.countedTarget, t.madeAt),
    uniqueIndex("forwarding_requests_by_link").on(t.linkHash),
    uniqueIndex("forwarding_requests_by_undo").on(t.undoHash).where(sql`undo_hash is not null`),
    uniqueIndex("one_waiting_of_an_address").on(t.address).where(sql`confirmed_at is null and ended_at is null`),
    uniqueIndex("one_verified_of_an_address").on(t.address).where(sql`confirmed_at is not null and ended_at is null`),
    check("few_wrong_codes", sql`wrong_codes between 0 and 5`),
    check(
      "can_be_undone_once_confirmed",
      sql`(confirmed_at is null) = (undo_hash is null) and (confirmed_at is null) = (before_targets is null)`,
    ),
    check("paused_when_confirmed", sql`paused_at is null or confirmed_at is not null`),
  ],
);
