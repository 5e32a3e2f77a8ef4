-- Running nodes of the old version survive this: it adds indexes and two tables they do not know. The indexes of 500,000 addresses take half a minute.
CREATE TABLE "dead_ends" (
	"address" text collate "C" NOT NULL,
	"target" text collate "C" NOT NULL,
	"reason" text NOT NULL,
	"since" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "dead_ends_address_target_pk" PRIMARY KEY("address","target")
);
--> statement-breakpoint
CREATE TABLE "searches" (
	"name" text PRIMARY KEY NOT NULL,
	"began_at" timestamp with time zone NOT NULL,
	"ended_at" timestamp with time zone,
	"of" json
);
--> statement-breakpoint
CREATE INDEX "entries_by_change" ON "entries" USING btree ("changed_at","address");--> statement-breakpoint
CREATE INDEX "entries_by_owner" ON "entries" USING btree ("owner","address") WHERE owner is not null;--> statement-breakpoint
CREATE INDEX "entries_lists" ON "entries" USING btree ("address") WHERE kind = 'list';--> statement-breakpoint
CREATE INDEX "entries_disabled" ON "entries" USING btree ("address") WHERE disabled is not null;--> statement-breakpoint
CREATE INDEX "entries_moved" ON "entries" USING btree ("address") WHERE moved_to is not null;--> statement-breakpoint
CREATE INDEX "targets_by_target_domain" ON "targets" USING btree (split_part(target, '@', -1),"address");--> statement-breakpoint
CREATE INDEX "ldap_answers_by_target" ON "ldap_answers" USING gin ("targets");
--> statement-breakpoint
-- Words in the middle of an address, an owner or a note. Without pg_trgm (somebody else's Postgres without its contrib modules) searching works too, slowly.
DO $$
BEGIN
	CREATE EXTENSION IF NOT EXISTS pg_trgm;
	CREATE INDEX entries_by_text ON entries USING gin (((address || ' ' || coalesce(owner, '') || ' ' || lower(coalesce(note, ''))) COLLATE "C") gin_trgm_ops);
EXCEPTION WHEN undefined_file OR feature_not_supported OR insufficient_privilege OR undefined_object THEN
	RAISE NOTICE 'pg_trgm is not to be had: searching for words in addresses reads all of them';
END
$$;
--> statement-breakpoint
-- How often a word occurs is known of the new indexes only after this, and plans go by it.
ANALYZE entries, targets, ldap_answers;
