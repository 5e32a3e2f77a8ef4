/**
 * The queue's tables; queue/ alone reads and writes them. Every table starts its primary key with the message id, so
 * that it can be the distribution key of a distributed Postgres. A message id carries the time it was made (mail/queue-id.ts),
 * so ranges of ids are days: messages and deliveries are partitioned by them and dropped whole.
 */
import { sql } from "drizzle-orm";
import {
  bigint,
  boolean,
  check,
  customType,
  index,
  integer,
  json,
  pgSequence,
  pgTable,
  primaryKey,
  real,
  smallint,
  text,
  timestamp,
} from "drizzle-orm/pg-core";

const bytea = customType<{ data: Buffer }>({ dataType: () => "bytea" });
const moment = (name: string) => timestamp(name, { withTimezone: true, mode: "date" });
const messageId = () => bigint("message_id", { mode: "bigint" }).notNull();

/** Numbers the processes that have ever run; one is `claimed_by` of a recipient and part of each message id. */
export const nodeNumbers = pgSequence("node_numbers", { startWith: 1, increment: 1, maxValue: 2147483647, cycle: true });

/** One row per running process. A node whose seen_at is old is taken for dead; its recipients fall due when their leases end. */
export const nodes = pgTable("nodes", {
  nodeNo: integer("node_no").primaryKey(),
  hostname: text("hostname").notNull(),
  hostIdentity: text("host_identity").notNull(), // boot and pid namespace: where a pid means something
  pid: integer("pid").notNull(),
  pidStartedAt: text("pid_started_at").notNull(), // as the kernel counts it: a pid alone may be used again
  startedAt: moment("started_at").notNull().defaultNow(),
  seenAt: moment("seen_at").notNull().defaultNow(),
});

/** What was accepted: envelope and trace facts. Written once, never updated; kept for trace.retention. Partitioned by day. */
export const messages = pgTable(
  "messages",
  {
    messageId: messageId(),
    receivedAt: moment("received_at").notNull().defaultNow(),
    reversePath: text("reverse_path"), // null is <>
    smtputf8: boolean("smtputf8").notNull(),
    body8bit: boolean("body_8bit").notNull(),
    ret: text("ret"),
    envid: text("envid"),
    size: bigint("size", { mode: "number" }).notNull(), // octets of the content as received
    sha256: bytea("sha256").notNull(),
    headerSize: integer("header_size").notNull(), // octets of the header section, its empty line included
    prefix: text("prefix").notNull(), // our trace fields, put in front of every copy, CRLF ended
    headerMessageId: text("header_message_id"),
    clientAddress: text("client_address"),
    heloName: text("helo_name"),
    authenticatedAs: text("authenticated_as"),
    recipientCount: integer("recipient_count").notNull(),
    listFields: json("list_fields"), // by list: the fields its copies have behind the prefix; null: no list
  },
  (t) => [
    primaryKey({ columns: [t.messageId] }),
    index("messages_by_reverse_path").on(t.reversePath, t.messageId),
    index("messages_by_header_message_id").on(t.headerMessageId).where(sql`header_message_id is not null`),
    index("messages_by_authenticated_as").on(t.authenticatedAs, t.messageId).where(sql`authenticated_as is not null`),
  ],
);

/** The content as received, in pieces of at most 256 KiB. Gone once no recipient is left. */
export const contentChunks = pgTable(
  "content_chunks",
  { messageId: messageId(), chunkNo: integer("chunk_no").notNull(), octets: bytea("octets").notNull() },
  (t) => [primaryKey({ columns: [t.messageId, t.chunkNo] })],
);

/** One row per final recipient that is not settled yet. States: docs/queue.md. */
export const queuedRecipients = pgTable(
  "queued_recipients",
  {
    messageId: messageId(),
    recipientNo: integer("recipient_no").notNull(),
    finalRecipient: text("final_recipient").notNull(), // Mailbox key
    originalRecipient: text("original_recipient").notNull(), // the forward-path it came from
    reversePath: text("reverse_path"), // of this copy: the message's, or a list's bounce mailbox; null is <>
    destination: text("destination").notNull(), // domain of the final recipient: what is claimed and limited together
    lane: smallint("lane").notNull(), // 0 personal, 1 list copy, 2 our own notices
    paths: json("paths").notNull(), // string[][]: every way from an original recipient to here; json, since jsonb costs a third of the whole insert
    notify: text("notify"), // RFC 3461 NOTIFY, comma separated; null: not said
    orcpt: text("orcpt"),
    attempts: integer("attempts").notNull(),
    unrecorded: smallint("unrecorded").notNull(), // attempts booked since one last ended on record
    claimedBy: integer("claimed_by"),
    fence: integer("fence").notNull(),
    nextAttemptAt: moment("next_attempt_at").notNull(), // while claimed: the end of the lease
    expiresAt: moment("expires_at").notNull(),
    failures: integer("failures").notNull().default(0), // attempts that failed by the remote's doing: these alone count towards expiry
    lastAttemptAt: moment("last_attempt_at"),
    lastStatus: text("last_status"),
    lastReply: text("last_reply"),
    lastRelay: text("last_relay"),
    lastScope: text("last_scope"),
    heldAt: moment("held_at"),
    heldReason: text("held_reason"),
    quarantinedAt: moment("quarantined_at"),
    list: text("list"), // the list whose copy it is; null: a personal copy
    member: text("member"), // where members may leave: the member by whom the list led here
    heldBy: text("held_by"), // the list whose owner decides; null with held_at: an admin
  },
  (t) => [
    primaryKey({ columns: [t.messageId, t.recipientNo] }),
    index("queued_recipients_due").on(t.lane, t.nextAttemptAt, t.destination).where(sql`held_at is null and quarantined_at is null`),
    index("queued_recipients_held_by").on(t.heldBy, t.messageId).where(sql`held_by is not null`),
    // For people alone, and next to nothing for mail that passes: rows that are claimed when they are written are in neither.
    index("queued_recipients_stopped").on(t.messageId).where(sql`held_at is not null or quarantined_at is not null`),
    index("queued_recipients_untried_to").on(t.finalRecipient, t.messageId).where(sql`claimed_by is null and last_attempt_at is null`),
    index("queued_recipients_untried_for").on(t.originalRecipient, t.messageId).where(sql`claimed_by is null and last_attempt_at is null`),
    check("held_or_claimed", sql`held_at is null or claimed_by is null`),
    check("quarantined_or_claimed", sql`quarantined_at is null or claimed_by is null`),
    check("held_for_a_reason", sql`(held_at is null) = (held_reason is null)`),
    check("booked_when_claimed", sql`claimed_by is null or (attempts > 0 and unrecorded > 0 and fence > 0)`),
    check("counts_are_sane", sql`attempts >= 0 and unrecorded >= 0 and unrecorded <= attempts and failures <= attempts`),
  ],
);

/** The trace: one row for every attempt that ended, and for every end that had none. Partitioned by day, kept for trace.retention. */
export const deliveries = pgTable(
  "deliveries",
  {
    messageId: messageId(),
    recipientNo: integer("recipient_no").notNull(),
    attemptNo: integer("attempt_no").notNull(),
    endedAt: moment("ended_at").notNull().defaultNow(),
    outcome: text("outcome").notNull(), // sent, deferred, bounced, expired, discarded, deleted
    finalRecipient: text("final_recipient").notNull(),
    originalRecipient: text("original_recipient").notNull(),
    paths: json("paths").notNull(),
    relay: text("relay"),
    delays: real("delays").array(), // seconds: before the queue, in the queue, connecting, sending
    enhancedStatus: text("enhanced_status").notNull(),
    reply: text("reply").notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.messageId, t.recipientNo, t.attemptNo] }),
    index("deliveries_by_final_recipient").on(t.finalRecipient, t.messageId),
    index("deliveries_by_original_recipient").on(t.originalRecipient, t.messageId),
    index("deliveries_by_end").using("brin", t.endedAt), // rows come in this order, so it costs nothing to keep: what passed in an hour
    check("known_outcome", sql`outcome in ('sent', 'deferred', 'bounced', 'expired', 'discarded', 'deleted')`),
  ],
);

/** Posts that wait for a list's owner, and who was told of it. Gone with the last recipient that is held for the list. */
export const heldPosts = pgTable(
  "held_posts",
  {
    messageId: messageId(),
    list: text("list").notNull(),
    reason: text("reason").notNull(),
    sender: text("sender"), // who is told; null: nobody may be
    subject: text("subject").notNull(), // as in the message, encoded words and all
    heldAt: moment("held_at").notNull().defaultNow(),
    announcedAt: moment("announced_at"),
    senderToldAt: moment("sender_told_at"),
    ownerToldAt: moment("owner_told_at"),
  },
  (t) => [
    primaryKey({ columns: [t.messageId, t.list] }),
    index("held_posts_unannounced").on(t.heldAt).where(sql`announced_at is null`),
    index("held_posts_by_list").on(t.list, t.heldAt),
  ],
);

/** Posts of the last minutes, which the brakes count. */
export const listPosts = pgTable(
  "list_posts",
  {
    list: text("list").notNull(),
    messageId: messageId(),
    sender: text("sender").notNull(),
    postedAt: moment("posted_at").notNull().defaultNow(),
  },
  (t) => [primaryKey({ columns: [t.list, t.messageId] }), index("list_posts_by_time").on(t.list, t.postedAt)],
);
