-- Running nodes of the old version do not know these members: stop them before the first filter is given to a list.
CREATE TABLE "list_filters" (
	"address" text collate "C" NOT NULL,
	"source" text collate "C" NOT NULL,
	"filter" text collate "C" NOT NULL,
	"added_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "list_filters_address_source_filter_pk" PRIMARY KEY("address","source","filter")
);
--> statement-breakpoint
ALTER TABLE "list_filters" ADD CONSTRAINT "list_filters_address_entries_address_fk" FOREIGN KEY ("address") REFERENCES "public"."entries"("address") ON DELETE cascade ON UPDATE cascade;
--> statement-breakpoint
CREATE TRIGGER list_filters_inserted AFTER INSERT ON list_filters REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tell_entries_changed();
--> statement-breakpoint
CREATE TRIGGER list_filters_updated AFTER UPDATE ON list_filters REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tell_entries_changed();
--> statement-breakpoint
CREATE TRIGGER list_filters_deleted AFTER DELETE ON list_filters REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION tell_entries_changed();
--> statement-breakpoint
CREATE TRIGGER list_filters_truncated AFTER TRUNCATE ON list_filters FOR EACH STATEMENT EXECUTE FUNCTION tell_entries_changed();
--> statement-breakpoint
CREATE TRIGGER keep_history_inserted AFTER INSERT ON list_filters REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION keep_history('address', 'source', 'filter');
--> statement-breakpoint
CREATE TRIGGER keep_history_updated AFTER UPDATE ON list_filters REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION keep_history('address', 'source', 'filter');
--> statement-breakpoint
CREATE TRIGGER keep_history_deleted AFTER DELETE ON list_filters REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION keep_history('address', 'source', 'filter');
--> statement-breakpoint
CREATE TRIGGER keep_history_truncated AFTER TRUNCATE ON list_filters FOR EACH STATEMENT EXECUTE FUNCTION keep_history('address', 'source', 'filter');
