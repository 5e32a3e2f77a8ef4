-- Running nodes of the old version survive this: they know none of these tables and write none of these rows. The indexes are built under a
-- short lock; that on deliveries reads the whole trace once (1,000,000 rows: half a second).
CREATE TABLE "counted_hours" (
	"hour" timestamp with time zone PRIMARY KEY NOT NULL,
	"counted_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "destination_hours" (
	"hour" timestamp with time zone NOT NULL,
	"destination" text NOT NULL,
	"sent" bigint NOT NULL,
	"deferred" bigint NOT NULL,
	"refused" bigint NOT NULL,
	"delays" integer[] NOT NULL,
	"last_failed_at" timestamp with time zone,
	"last_status" text,
	"last_reply" text,
	"last_relay" text,
	CONSTRAINT "destination_hours_hour_destination_pk" PRIMARY KEY("hour","destination")
);
--> statement-breakpoint
CREATE TABLE "flow_hours" (
	"hour" timestamp with time zone NOT NULL,
	"domain" text NOT NULL,
	"measure" text NOT NULL,
	"bucket" integer NOT NULL,
	"count" bigint NOT NULL,
	CONSTRAINT "flow_hours_domain_hour_measure_bucket_pk" PRIMARY KEY("domain","hour","measure","bucket")
);
--> statement-breakpoint
CREATE INDEX "entries_without_owner" ON "entries" USING btree ("domain","address") WHERE owner is null;--> statement-breakpoint
CREATE INDEX "deliveries_by_end" ON "deliveries" USING brin ("ended_at") WITH (autosummarize = on);--> statement-breakpoint
CREATE INDEX "queued_recipients_stopped" ON "queued_recipients" USING btree ("message_id") WHERE held_at is not null or quarantined_at is not null;--> statement-breakpoint
CREATE INDEX "queued_recipients_untried_to" ON "queued_recipients" USING btree ("final_recipient","message_id") WHERE claimed_by is null and last_attempt_at is null;--> statement-breakpoint
CREATE INDEX "queued_recipients_untried_for" ON "queued_recipients" USING btree ("original_recipient","message_id") WHERE claimed_by is null and last_attempt_at is null;