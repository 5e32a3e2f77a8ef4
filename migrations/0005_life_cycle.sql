-- Running nodes of the old version survive this, but do not know of it: until they are replaced they deliver mail for addresses that the
-- new columns switch off, retire or date, and their command line makes anew what was deleted. What they change is in the history all the same.
-- With 500,000 entries it takes some 20 s, during which the directory can be read but not changed.
CREATE FUNCTION name_skeleton(address text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
	-- What people take for the same name: dots, dashes and case do not count, 0 looks like o and 1 like l.
	SELECT translate(lower(regexp_replace(address, '@[^@]*$', '')), '01.-_', 'ol') || '@' || regexp_replace(address, '^.*@', '')
$$;
--> statement-breakpoint
CREATE TABLE "directory_history" (
	"relation" text NOT NULL,
	"key" text collate "C" NOT NULL,
	"member" text collate "C" DEFAULT '' NOT NULL,
	"valid_from" timestamp with time zone NOT NULL,
	"valid_to" timestamp with time zone,
	"row" jsonb NOT NULL,
	"begun_by" text NOT NULL,
	"begun_in" bigint NOT NULL,
	"ended_by" text,
	"ended_in" bigint,
	CONSTRAINT "directory_history_relation_key_member_valid_from_pk" PRIMARY KEY("relation","key","member","valid_from")
) WITH (fillfactor = 70);
-- A version that ends is written anew, once: with room on its page the index has nothing to do, and that takes half the time. What is null is left out of `row`.
--> statement-breakpoint
CREATE TABLE "expiry_notices" (
	"address" text collate "C" NOT NULL,
	"target" text collate "C" DEFAULT '' NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	"days" integer NOT NULL,
	"noticed_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "expiry_notices_address_target_expires_at_days_pk" PRIMARY KEY("address","target","expires_at","days")
);
--> statement-breakpoint
CREATE TABLE "forwarding_policies" (
	"affiliation" text PRIMARY KEY NOT NULL,
	"off_campus" boolean NOT NULL
);
--> statement-breakpoint
CREATE TABLE "moved_notices" (
	"address" text collate "C" NOT NULL,
	"sender" text collate "C" NOT NULL,
	"noticed_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "moved_notices_address_sender_pk" PRIMARY KEY("address","sender")
);
--> statement-breakpoint
CREATE TABLE "tombstones" (
	"address" text collate "C" NOT NULL,
	"buried_at" timestamp with time zone NOT NULL,
	"kind" text NOT NULL,
	"owner" text collate "C",
	"targets" text[] NOT NULL,
	"held_from" timestamp with time zone NOT NULL,
	"buried_by" text NOT NULL,
	"why" text,
	CONSTRAINT "tombstones_address_buried_at_pk" PRIMARY KEY("address","buried_at")
);
--> statement-breakpoint
ALTER TABLE "change_records" ADD COLUMN "txid" bigint;--> statement-breakpoint
ALTER TABLE "change_records" ALTER COLUMN "txid" SET DEFAULT (pg_current_xact_id()::text)::bigint;--> statement-breakpoint
ALTER TABLE "domains" ADD COLUMN "reserved" text[] DEFAULT '{}' NOT NULL;--> statement-breakpoint
ALTER TABLE "entries" ADD COLUMN "starts_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "entries" ADD COLUMN "disabled" text;--> statement-breakpoint
ALTER TABLE "entries" ADD COLUMN "disabled_text" text;--> statement-breakpoint
ALTER TABLE "entries" ADD COLUMN "moved_to" text collate "C";--> statement-breakpoint
ALTER TABLE "entries" ADD COLUMN "moved_delivers" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "entries" ADD COLUMN "affiliation" text;--> statement-breakpoint
ALTER TABLE "entries" ADD COLUMN "off_campus_until" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "targets" ADD COLUMN "starts_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "targets" ADD COLUMN "expires_at" timestamp with time zone;--> statement-breakpoint
CREATE INDEX "moved_notices_by_time" ON "moved_notices" USING btree ("address","noticed_at");--> statement-breakpoint
CREATE INDEX "tombstones_by_skeleton" ON "tombstones" USING btree (name_skeleton(address));--> statement-breakpoint
CREATE INDEX "entries_by_skeleton" ON "entries" USING btree (name_skeleton(address));--> statement-breakpoint
CREATE INDEX "entries_by_expiry" ON "entries" USING btree ("expires_at") WHERE expires_at is not null;--> statement-breakpoint
CREATE INDEX "targets_with_dates" ON "targets" USING btree ("address") WHERE starts_at is not null or expires_at is not null;--> statement-breakpoint
ALTER TABLE "entries" ADD CONSTRAINT "starts_before_it_expires" CHECK (starts_at < expires_at);--> statement-breakpoint
ALTER TABLE "entries" ADD CONSTRAINT "known_answer" CHECK (disabled in ('quiet', 'soft', 'hard', 'text'));--> statement-breakpoint
ALTER TABLE "entries" ADD CONSTRAINT "text_of_an_answer" CHECK ((disabled is not distinct from 'text') = (disabled_text is not null));--> statement-breakpoint
ALTER TABLE "entries" ADD CONSTRAINT "text_fits_a_reply" CHECK (disabled_text ~ '^[!-~]([ -~]{0,198}[!-~])?$');--> statement-breakpoint
ALTER TABLE "entries" ADD CONSTRAINT "disabled_or_moved" CHECK (disabled is null or moved_to is null);--> statement-breakpoint
ALTER TABLE "entries" ADD CONSTRAINT "delivers_where_it_moved" CHECK (not moved_delivers or moved_to is not null);--> statement-breakpoint
ALTER TABLE "targets" ADD CONSTRAINT "target_starts_before_it_expires" CHECK (starts_at < expires_at);
--> statement-breakpoint
CREATE FUNCTION directory_actor() RETURNS text LANGUAGE sql STABLE AS $$
	-- Actions say who they work for; by hand it is the account and what it calls its connection.
	SELECT coalesce(nullif(current_setting('mailroom.actor', true), ''), session_user || ' (' || current_setting('application_name') || ')')
$$;
--> statement-breakpoint
CREATE FUNCTION directory_moment() RETURNS timestamptz LANGUAGE plpgsql AS $$
DECLARE
	moment text := current_setting('mailroom.moment', true);
BEGIN
	-- All changes of a transaction come at one moment: that of its first, when it has the locks it needs. now() may be older than
	-- what another transaction changed meanwhile.
	IF coalesce(moment, '') = '' THEN
		moment := clock_timestamp()::text;
		PERFORM set_config('mailroom.moment', moment, true);
	END IF;
	RETURN moment::timestamptz;
END
$$;
--> statement-breakpoint
-- Arguments: the column of the key, and those of the member if there are any. One statement for all rows of a change, of a shape that
-- stays right however many there are: plans are kept, and the first may have been made for one row. So what ends is found by the
-- primary key, row by row (OFFSET 0 keeps the planner from turning that round), and never by a join with all of the history.
CREATE FUNCTION keep_history() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
	moment timestamptz := directory_moment();
	actor text := directory_actor();
	tx bigint := pg_current_xact_id()::text::bigint;
	source text := TG_TABLE_NAME; -- a name would not be compared by the index
	begun text := 'mailroom.begun_' || source; -- set when this transaction has begun rows already
BEGIN
	IF TG_OP = 'TRUNCATE' THEN
		UPDATE directory_history SET valid_to = greatest(moment, valid_from), ended_by = actor, ended_in = tx
		 WHERE relation = source AND valid_to IS NULL;
		RETURN NULL;
	END IF;
	IF TG_OP = 'DELETE' THEN
		UPDATE directory_history SET valid_to = greatest(moment, valid_from), ended_by = actor, ended_in = tx
		 WHERE ctid = ANY (array(
			SELECT open.ctid
			  FROM (SELECT to_jsonb(o) AS j FROM old_rows o) gone,
			       LATERAL (SELECT h.ctid FROM directory_history h
			                 WHERE h.relation = source AND h.key = gone.j ->> TG_ARGV[0]
			                   AND h.member = concat_ws(' ', gone.j ->> TG_ARGV[1], gone.j ->> TG_ARGV[2]) AND h.valid_to IS NULL OFFSET 0) open));
		RETURN NULL;
	END IF;
	IF TG_OP = 'UPDATE' THEN
		UPDATE directory_history SET valid_to = greatest(moment, valid_from), ended_by = actor, ended_in = tx
		 WHERE ctid = ANY (array(
			SELECT open.ctid
			  FROM (SELECT to_jsonb(d.r) AS j FROM (SELECT o AS r FROM old_rows o EXCEPT SELECT n FROM new_rows n) d) gone,
			       LATERAL (SELECT h.ctid FROM directory_history h
			                 WHERE h.relation = source AND h.key = gone.j ->> TG_ARGV[0]
			                   AND h.member = concat_ws(' ', gone.j ->> TG_ARGV[1], gone.j ->> TG_ARGV[2]) AND h.valid_to IS NULL OFFSET 0) open));
		INSERT INTO directory_history (relation, key, member, valid_from, row, begun_by, begun_in)
		SELECT source, came.j ->> TG_ARGV[0], concat_ws(' ', came.j ->> TG_ARGV[1], came.j ->> TG_ARGV[2]), moment, jsonb_strip_nulls(came.j), actor, tx
		  FROM (SELECT to_jsonb(d.r) AS j FROM (SELECT n AS r FROM new_rows n EXCEPT SELECT o FROM old_rows o) d) came
		    ON CONFLICT (relation, key, member, valid_from) DO UPDATE SET row = excluded.row, valid_to = null, ended_by = null, ended_in = null;
	ELSIF coalesce(current_setting(begun, true), '') <> '' THEN
		-- What this transaction has begun and ended may begin again: at the same moment.
		INSERT INTO directory_history (relation, key, member, valid_from, row, begun_by, begun_in)
		SELECT source, came.j ->> TG_ARGV[0], concat_ws(' ', came.j ->> TG_ARGV[1], came.j ->> TG_ARGV[2]), moment, jsonb_strip_nulls(came.j), actor, tx
		  FROM (SELECT to_jsonb(n) AS j FROM new_rows n) came
		    ON CONFLICT (relation, key, member, valid_from) DO UPDATE SET row = excluded.row, valid_to = null, ended_by = null, ended_in = null;
	ELSE
		-- The same without looking for conflicts, which costs as much again.
		INSERT INTO directory_history (relation, key, member, valid_from, row, begun_by, begun_in)
		SELECT source, came.j ->> TG_ARGV[0], concat_ws(' ', came.j ->> TG_ARGV[1], came.j ->> TG_ARGV[2]), moment, jsonb_strip_nulls(came.j), actor, tx
		  FROM (SELECT to_jsonb(n) AS j FROM new_rows n) came;
	END IF;
	IF FOUND THEN
		PERFORM set_config(begun, 'yes', true);
	END IF;
	RETURN NULL;
END
$$;
--> statement-breakpoint
CREATE TRIGGER keep_history_inserted AFTER INSERT ON entries REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION keep_history('address');
--> statement-breakpoint
CREATE TRIGGER keep_history_updated AFTER UPDATE ON entries REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION keep_history('address');
--> statement-breakpoint
CREATE TRIGGER keep_history_deleted AFTER DELETE ON entries REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION keep_history('address');
--> statement-breakpoint
CREATE TRIGGER keep_history_truncated AFTER TRUNCATE ON entries FOR EACH STATEMENT EXECUTE FUNCTION keep_history('address');
--> statement-breakpoint
CREATE TRIGGER keep_history_inserted AFTER INSERT ON targets REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION keep_history('address', 'target');
--> statement-breakpoint
CREATE TRIGGER keep_history_updated AFTER UPDATE ON targets REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION keep_history('address', 'target');
--> statement-breakpoint
CREATE TRIGGER keep_history_deleted AFTER DELETE ON targets REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION keep_history('address', 'target');
--> statement-breakpoint
CREATE TRIGGER keep_history_truncated AFTER TRUNCATE ON targets FOR EACH STATEMENT EXECUTE FUNCTION keep_history('address', 'target');
--> statement-breakpoint
CREATE TRIGGER keep_history_inserted AFTER INSERT ON list_roles REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION keep_history('address', 'role', 'mailbox');
--> statement-breakpoint
CREATE TRIGGER keep_history_updated AFTER UPDATE ON list_roles REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION keep_history('address', 'role', 'mailbox');
--> statement-breakpoint
CREATE TRIGGER keep_history_deleted AFTER DELETE ON list_roles REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION keep_history('address', 'role', 'mailbox');
--> statement-breakpoint
CREATE TRIGGER keep_history_truncated AFTER TRUNCATE ON list_roles FOR EACH STATEMENT EXECUTE FUNCTION keep_history('address', 'role', 'mailbox');
--> statement-breakpoint
CREATE TRIGGER keep_history_inserted AFTER INSERT ON domains REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION keep_history('domain');
--> statement-breakpoint
CREATE TRIGGER keep_history_updated AFTER UPDATE ON domains REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION keep_history('domain');
--> statement-breakpoint
CREATE TRIGGER keep_history_deleted AFTER DELETE ON domains REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION keep_history('domain');
--> statement-breakpoint
CREATE TRIGGER keep_history_truncated AFTER TRUNCATE ON domains FOR EACH STATEMENT EXECUTE FUNCTION keep_history('domain');
--> statement-breakpoint
CREATE TRIGGER keep_history_inserted AFTER INSERT ON routes REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION keep_history('domain');
--> statement-breakpoint
CREATE TRIGGER keep_history_updated AFTER UPDATE ON routes REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION keep_history('domain');
--> statement-breakpoint
CREATE TRIGGER keep_history_deleted AFTER DELETE ON routes REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION keep_history('domain');
--> statement-breakpoint
CREATE TRIGGER keep_history_truncated AFTER TRUNCATE ON routes FOR EACH STATEMENT EXECUTE FUNCTION keep_history('domain');
--> statement-breakpoint
CREATE TRIGGER keep_history_inserted AFTER INSERT ON forwarding_policies REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION keep_history('affiliation');
--> statement-breakpoint
CREATE TRIGGER keep_history_updated AFTER UPDATE ON forwarding_policies REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION keep_history('affiliation');
--> statement-breakpoint
CREATE TRIGGER keep_history_deleted AFTER DELETE ON forwarding_policies REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION keep_history('affiliation');
--> statement-breakpoint
CREATE TRIGGER keep_history_truncated AFTER TRUNCATE ON forwarding_policies FOR EACH STATEMENT EXECUTE FUNCTION keep_history('affiliation');
--> statement-breakpoint
CREATE TRIGGER forwarding_policies_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON forwarding_policies FOR EACH STATEMENT EXECUTE FUNCTION tell_domains_changed();
--> statement-breakpoint
-- The targets are gone with the entry, but the triggers of a cascade fire last: their history may still be open.
CREATE FUNCTION bury() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
BEGIN
	INSERT INTO tombstones (address, buried_at, kind, owner, targets, held_from, buried_by, why)
	SELECT o.address, directory_moment(), o.kind, o.owner,
	       array(SELECT h.member FROM directory_history h
	              WHERE h.relation = 'targets' AND h.key = o.address AND (h.valid_to IS NULL OR h.valid_to >= directory_moment()) ORDER BY h.member LIMIT 10),
	       o.created_at, directory_actor(), nullif(current_setting('mailroom.why', true), '')
	  FROM old_rows o
	    ON CONFLICT DO NOTHING;
	RETURN NULL;
END
$$;
--> statement-breakpoint
CREATE FUNCTION bury_renamed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
	renamed text[] := array(SELECT address FROM old_rows EXCEPT SELECT address FROM new_rows); -- a join could be planned for one row and meet all
BEGIN
	IF cardinality(renamed) = 0 THEN
		RETURN NULL;
	END IF;
	INSERT INTO tombstones (address, buried_at, kind, owner, targets, held_from, buried_by, why)
	SELECT o.address, directory_moment(), o.kind, o.owner, '{}', o.created_at, directory_actor(), nullif(current_setting('mailroom.why', true), '')
	  FROM old_rows o WHERE o.address = ANY (renamed)
	    ON CONFLICT DO NOTHING;
	RETURN NULL;
END
$$;
--> statement-breakpoint
CREATE FUNCTION bury_all() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO tombstones (address, buried_at, kind, owner, targets, held_from, buried_by, why)
	SELECT e.address, directory_moment(), e.kind, e.owner, '{}', e.created_at, directory_actor(), nullif(current_setting('mailroom.why', true), '')
	  FROM entries e
	    ON CONFLICT DO NOTHING;
	RETURN NULL;
END
$$;
--> statement-breakpoint
CREATE TRIGGER tombstone_of_deleted AFTER DELETE ON entries REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION bury();
--> statement-breakpoint
CREATE TRIGGER tombstone_of_renamed AFTER UPDATE ON entries REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION bury_renamed();
--> statement-breakpoint
CREATE TRIGGER tombstone_of_truncated BEFORE TRUNCATE ON entries FOR EACH STATEMENT EXECUTE FUNCTION bury_all();
--> statement-breakpoint
-- The history begins with what there is now.
INSERT INTO directory_history (relation, key, member, valid_from, row, begun_by, begun_in)
SELECT r.relation, r.key, r.member, directory_moment(), jsonb_strip_nulls(r.row), 'before the history', pg_current_xact_id()::text::bigint
  FROM (SELECT 'began' AS relation, '' AS key, '' AS member, '{}'::jsonb AS row
        UNION ALL SELECT 'entries', address, '', to_jsonb(e) FROM entries e
        UNION ALL SELECT 'targets', address, target, to_jsonb(t) FROM targets t
        UNION ALL SELECT 'list_roles', address, role || ' ' || mailbox, to_jsonb(l) FROM list_roles l
        UNION ALL SELECT 'domains', domain, '', to_jsonb(d) FROM domains d
        UNION ALL SELECT 'routes', domain, '', to_jsonb(o) FROM routes o) r;
