-- Running nodes survive this: there are none before it.
CREATE SEQUENCE "public"."node_numbers" INCREMENT BY 1 MINVALUE 1 MAXVALUE 2147483647 START WITH 1 CACHE 1 CYCLE;--> statement-breakpoint
CREATE TABLE "change_records" (
	"change_no" bigserial PRIMARY KEY NOT NULL,
	"changed_at" timestamp with time zone DEFAULT now() NOT NULL,
	"actor" text NOT NULL,
	"action" text NOT NULL,
	"object" text NOT NULL,
	"why" text,
	"before" jsonb,
	"after" jsonb
);
--> statement-breakpoint
CREATE TABLE "domains" (
	"domain" text collate "C" PRIMARY KEY NOT NULL,
	"alias_of" text collate "C",
	"catch_all" text collate "C",
	"subaddressing" boolean DEFAULT true NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "alias_of_another" CHECK (alias_of is null or alias_of <> domain)
);
--> statement-breakpoint
CREATE TABLE "entries" (
	"address" text collate "C" PRIMARY KEY NOT NULL,
	"domain" text collate "C" NOT NULL,
	"kind" text NOT NULL,
	"owner" text collate "C",
	"note" text,
	"expires_at" timestamp with time zone,
	"posting" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"changed_at" timestamp with time zone DEFAULT now() NOT NULL,
	"version" integer DEFAULT 1 NOT NULL,
	CONSTRAINT "known_kind" CHECK (kind in ('alias', 'list')),
	CONSTRAINT "posting_of_lists" CHECK ((kind = 'list') = (posting is not null)),
	CONSTRAINT "known_posting" CHECK (posting in ('anyone', 'campus', 'members', 'owners', 'moderated'))
);
--> statement-breakpoint
CREATE TABLE "routes" (
	"domain" text collate "C" PRIMARY KEY NOT NULL,
	"url" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "targets" (
	"address" text collate "C" NOT NULL,
	"target" text collate "C" NOT NULL,
	"added_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "targets_address_target_pk" PRIMARY KEY("address","target")
);
--> statement-breakpoint
CREATE TABLE "content_chunks" (
	"message_id" bigint NOT NULL,
	"chunk_no" integer NOT NULL,
	"octets" "bytea" NOT NULL,
	CONSTRAINT "content_chunks_message_id_chunk_no_pk" PRIMARY KEY("message_id","chunk_no")
);
--> statement-breakpoint
CREATE TABLE "deliveries" (
	"message_id" bigint NOT NULL,
	"recipient_no" integer NOT NULL,
	"attempt_no" integer NOT NULL,
	"ended_at" timestamp with time zone DEFAULT now() NOT NULL,
	"outcome" text NOT NULL,
	"final_recipient" text NOT NULL,
	"original_recipient" text NOT NULL,
	"paths" json NOT NULL,
	"relay" text,
	"delays" real[],
	"enhanced_status" text NOT NULL,
	"reply" text NOT NULL,
	CONSTRAINT "deliveries_message_id_recipient_no_attempt_no_pk" PRIMARY KEY("message_id","recipient_no","attempt_no"),
	CONSTRAINT "known_outcome" CHECK (outcome in ('sent', 'deferred', 'bounced', 'expired', 'discarded', 'deleted'))
) PARTITION BY RANGE ("message_id");
--> statement-breakpoint
CREATE TABLE "messages" (
	"message_id" bigint NOT NULL,
	"received_at" timestamp with time zone DEFAULT now() NOT NULL,
	"reverse_path" text,
	"smtputf8" boolean NOT NULL,
	"body_8bit" boolean NOT NULL,
	"ret" text,
	"envid" text,
	"size" bigint NOT NULL,
	"sha256" "bytea" NOT NULL,
	"header_size" integer NOT NULL,
	"prefix" text NOT NULL,
	"header_message_id" text,
	"client_address" text,
	"helo_name" text,
	"authenticated_as" text,
	"recipient_count" integer NOT NULL,
	CONSTRAINT "messages_message_id_pk" PRIMARY KEY("message_id")
) PARTITION BY RANGE ("message_id");
--> statement-breakpoint
CREATE TABLE "nodes" (
	"node_no" integer PRIMARY KEY NOT NULL,
	"hostname" text NOT NULL,
	"host_identity" text NOT NULL,
	"pid" integer NOT NULL,
	"pid_started_at" text NOT NULL,
	"started_at" timestamp with time zone DEFAULT now() NOT NULL,
	"seen_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "queued_recipients" (
	"message_id" bigint NOT NULL,
	"recipient_no" integer NOT NULL,
	"final_recipient" text NOT NULL,
	"original_recipient" text NOT NULL,
	"reverse_path" text,
	"destination" text NOT NULL,
	"lane" smallint NOT NULL,
	"paths" json NOT NULL,
	"notify" text,
	"orcpt" text,
	"attempts" integer NOT NULL,
	"unrecorded" smallint NOT NULL,
	"claimed_by" integer,
	"fence" integer NOT NULL,
	"next_attempt_at" timestamp with time zone NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	"failures" integer DEFAULT 0 NOT NULL,
	"last_attempt_at" timestamp with time zone,
	"last_status" text,
	"last_reply" text,
	"last_relay" text,
	"last_scope" text,
	"held_at" timestamp with time zone,
	"held_reason" text,
	"quarantined_at" timestamp with time zone,
	CONSTRAINT "queued_recipients_message_id_recipient_no_pk" PRIMARY KEY("message_id","recipient_no"),
	CONSTRAINT "held_or_claimed" CHECK (held_at is null or claimed_by is null),
	CONSTRAINT "quarantined_or_claimed" CHECK (quarantined_at is null or claimed_by is null),
	CONSTRAINT "held_for_a_reason" CHECK ((held_at is null) = (held_reason is null)),
	CONSTRAINT "booked_when_claimed" CHECK (claimed_by is null or (attempts > 0 and unrecorded > 0 and fence > 0)),
	CONSTRAINT "counts_are_sane" CHECK (attempts >= 0 and unrecorded >= 0 and unrecorded <= attempts and failures <= attempts)
);
--> statement-breakpoint
ALTER TABLE "entries" ADD CONSTRAINT "entries_domain_domains_domain_fk" FOREIGN KEY ("domain") REFERENCES "public"."domains"("domain") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "targets" ADD CONSTRAINT "targets_address_entries_address_fk" FOREIGN KEY ("address") REFERENCES "public"."entries"("address") ON DELETE cascade ON UPDATE cascade;--> statement-breakpoint
CREATE INDEX "change_records_by_object" ON "change_records" USING btree ("object","change_no");--> statement-breakpoint
CREATE INDEX "entries_by_domain" ON "entries" USING btree ("domain","address");--> statement-breakpoint
CREATE INDEX "targets_by_target" ON "targets" USING btree ("target");--> statement-breakpoint
CREATE INDEX "deliveries_by_final_recipient" ON "deliveries" USING btree ("final_recipient","message_id");--> statement-breakpoint
CREATE INDEX "deliveries_by_original_recipient" ON "deliveries" USING btree ("original_recipient","message_id");--> statement-breakpoint
CREATE INDEX "messages_by_reverse_path" ON "messages" USING btree ("reverse_path","message_id");--> statement-breakpoint
CREATE INDEX "messages_by_header_message_id" ON "messages" USING btree ("header_message_id") WHERE header_message_id is not null;--> statement-breakpoint
CREATE INDEX "queued_recipients_due" ON "queued_recipients" USING btree ("lane","next_attempt_at","destination") WHERE held_at is null and quarantined_at is null;
--> statement-breakpoint
CREATE TABLE "messages_default" PARTITION OF "messages" DEFAULT;--> statement-breakpoint
CREATE TABLE "deliveries_default" PARTITION OF "deliveries" DEFAULT;--> statement-breakpoint
-- Chunks come and go: never compressed (mail hardly shrinks, and the check of its hash would wait for it), in line up to a page.
ALTER TABLE "content_chunks" ALTER COLUMN "octets" SET STORAGE EXTERNAL;--> statement-breakpoint
ALTER TABLE "content_chunks" SET (toast_tuple_target = 8160, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);--> statement-breakpoint
ALTER TABLE "queued_recipients" SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
