-- Running nodes of the old version go on: they do not know this table and need none of it. The index on owners is made under a lock of
-- entries that lets them read: half a million rows take about a second.
CREATE TABLE "forwarding_requests" (
	"request_no" bigserial PRIMARY KEY NOT NULL,
	"principal" text collate "C" NOT NULL,
	"address" text collate "C" NOT NULL,
	"target" text collate "C" NOT NULL,
	"counted_target" text collate "C" NOT NULL,
	"keep_copy" boolean NOT NULL,
	"code_hash" "bytea" NOT NULL,
	"link_hash" "bytea" NOT NULL,
	"wrong_codes" integer DEFAULT 0 NOT NULL,
	"made_at" timestamp with time zone DEFAULT now() NOT NULL,
	"ends_at" timestamp with time zone NOT NULL,
	"confirmed_at" timestamp with time zone,
	"paused_at" timestamp with time zone,
	"ended_at" timestamp with time zone,
	"before_targets" text[],
	"replaces" bigint,
	"undo_hash" "bytea",
	"undone_at" timestamp with time zone,
	CONSTRAINT "few_wrong_codes" CHECK (wrong_codes between 0 and 5),
	CONSTRAINT "can_be_undone_once_confirmed" CHECK ((confirmed_at is null) = (undo_hash is null) and (confirmed_at is null) = (before_targets is null)),
	CONSTRAINT "paused_when_confirmed" CHECK (paused_at is null or confirmed_at is not null)
);
--> statement-breakpoint
CREATE INDEX "forwarding_requests_by_principal" ON "forwarding_requests" USING btree ("principal","made_at");--> statement-breakpoint
CREATE INDEX "forwarding_requests_by_target" ON "forwarding_requests" USING btree ("counted_target","made_at");--> statement-breakpoint
CREATE UNIQUE INDEX "forwarding_requests_by_link" ON "forwarding_requests" USING btree ("link_hash");--> statement-breakpoint
CREATE UNIQUE INDEX "forwarding_requests_by_undo" ON "forwarding_requests" USING btree ("undo_hash") WHERE undo_hash is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "one_waiting_of_an_address" ON "forwarding_requests" USING btree ("address") WHERE confirmed_at is null and ended_at is null;--> statement-breakpoint
CREATE UNIQUE INDEX "one_verified_of_an_address" ON "forwarding_requests" USING btree ("address") WHERE confirmed_at is not null and ended_at is null;--> statement-breakpoint
