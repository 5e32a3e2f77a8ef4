-- Running nodes of the version before survive this: the new columns have defaults, and what they do not know (exclusions, named senders,
-- larger lists) they leave out, so stop them before lists are given any of it. They hold posts without a row in held_posts, which
-- `mailroom queue` still shows.
ALTER TABLE "entries" ADD COLUMN "own_copy" boolean DEFAULT true NOT NULL;--> statement-breakpoint
ALTER TABLE "entries" ADD COLUMN "may_leave" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "entries" ADD COLUMN "member_limit" integer;--> statement-breakpoint
ALTER TABLE "entries" ADD CONSTRAINT "member_limit_of_lists" CHECK (member_limit is null or (kind = 'list' and member_limit between 1 and 100000));--> statement-breakpoint
ALTER TABLE "entries" DROP CONSTRAINT "known_posting";--> statement-breakpoint
ALTER TABLE "entries" ADD CONSTRAINT "known_posting" CHECK (posting in ('anyone', 'campus', 'members', 'owners', 'named', 'moderated'));--> statement-breakpoint
CREATE TABLE "list_roles" (
	"address" text collate "C" NOT NULL,
	"role" text NOT NULL,
	"mailbox" text collate "C" NOT NULL,
	"added_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "list_roles_address_role_mailbox_pk" PRIMARY KEY("address","role","mailbox"),
	CONSTRAINT "known_role" CHECK (role in ('sender', 'excluded'))
);
--> statement-breakpoint
ALTER TABLE "list_roles" ADD CONSTRAINT "list_roles_address_entries_address_fk" FOREIGN KEY ("address") REFERENCES "public"."entries"("address") ON DELETE cascade ON UPDATE cascade;--> statement-breakpoint
CREATE INDEX "list_roles_by_mailbox" ON "list_roles" USING btree ("mailbox");--> statement-breakpoint
CREATE TRIGGER list_roles_inserted AFTER INSERT ON list_roles REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tell_entries_changed();
--> statement-breakpoint
CREATE TRIGGER list_roles_updated AFTER UPDATE ON list_roles REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tell_entries_changed();
--> statement-breakpoint
CREATE TRIGGER list_roles_deleted AFTER DELETE ON list_roles REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION tell_entries_changed();
--> statement-breakpoint
CREATE TRIGGER list_roles_truncated AFTER TRUNCATE ON list_roles FOR EACH STATEMENT EXECUTE FUNCTION tell_entries_changed();
--> statement-breakpoint
ALTER TABLE "messages" ADD COLUMN "list_fields" json;--> statement-breakpoint
ALTER TABLE "queued_recipients" ADD COLUMN "list" text;--> statement-breakpoint
ALTER TABLE "queued_recipients" ADD COLUMN "member" text;--> statement-breakpoint
ALTER TABLE "queued_recipients" ADD COLUMN "held_by" text;--> statement-breakpoint
CREATE TABLE "held_posts" (
	"message_id" bigint NOT NULL,
	"list" text NOT NULL,
	"reason" text NOT NULL,
	"sender" text,
	"subject" text NOT NULL,
	"held_at" timestamp with time zone DEFAULT now() NOT NULL,
	"announced_at" timestamp with time zone,
	"sender_told_at" timestamp with time zone,
	"owner_told_at" timestamp with time zone,
	CONSTRAINT "held_posts_message_id_list_pk" PRIMARY KEY("message_id","list")
);
--> statement-breakpoint
CREATE INDEX "held_posts_unannounced" ON "held_posts" USING btree ("held_at") WHERE announced_at is null;--> statement-breakpoint
CREATE INDEX "held_posts_by_list" ON "held_posts" USING btree ("list","held_at");--> statement-breakpoint
CREATE INDEX "queued_recipients_held_by" ON "queued_recipients" USING btree ("held_by","message_id") WHERE held_by is not null;--> statement-breakpoint
CREATE TABLE "list_posts" (
	"list" text NOT NULL,
	"message_id" bigint NOT NULL,
	"sender" text NOT NULL,
	"posted_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "list_posts_list_message_id_pk" PRIMARY KEY("list","message_id")
);
--> statement-breakpoint
CREATE INDEX "list_posts_by_time" ON "list_posts" USING btree ("list","posted_at");--> statement-breakpoint
CREATE TABLE "secrets" (
	"name" text PRIMARY KEY NOT NULL,
	"octets" "bytea" NOT NULL,
	"made_at" timestamp with time zone DEFAULT now() NOT NULL
);
