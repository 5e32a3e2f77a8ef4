-- Running nodes of the old version survive this: what they record makes change sets too, since a trigger writes them.
-- A change set is what one transaction recorded; begun_in finds what it began, and costs next to nothing (pages of the history are in its order).
CREATE TABLE "change_sets" (
	"change_no" bigint PRIMARY KEY NOT NULL,
	"changed_at" timestamp with time zone NOT NULL,
	"txid" bigint,
	"actor" text NOT NULL,
	"why" text,
	"action" text NOT NULL,
	"object" text NOT NULL,
	"records" integer NOT NULL,
	"undo_of" bigint,
	"undone_by" bigint
);
--> statement-breakpoint
CREATE UNIQUE INDEX "change_sets_by_transaction" ON "change_sets" USING btree ("txid","changed_at");--> statement-breakpoint
CREATE INDEX "change_sets_by_actor" ON "change_sets" USING btree ("actor","change_no");--> statement-breakpoint
CREATE INDEX "change_sets_by_time" ON "change_sets" USING btree ("changed_at");--> statement-breakpoint
CREATE INDEX "change_records_by_transaction" ON "change_records" USING btree ("txid","change_no");--> statement-breakpoint
CREATE INDEX "directory_history_by_transaction" ON "directory_history" USING brin ("begun_in") WITH (pages_per_range=32);
--> statement-breakpoint
INSERT INTO change_sets (change_no, changed_at, txid, actor, why, action, object, records)
SELECT min(change_no), changed_at, txid, (array_agg(actor ORDER BY change_no))[1], (array_agg(why ORDER BY change_no))[1],
       (array_agg(action ORDER BY change_no DESC))[1], (array_agg(object ORDER BY change_no DESC))[1], count(*)
  FROM change_records GROUP BY txid, changed_at, CASE WHEN txid IS NULL THEN change_no END;
--> statement-breakpoint
CREATE FUNCTION keep_change_sets() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	-- The last record of a transaction speaks of all of it ("import csv", "domain remove"): the set is called after it.
	INSERT INTO change_sets (change_no, changed_at, txid, actor, why, action, object, records)
	SELECT min(change_no), changed_at, txid, (array_agg(actor ORDER BY change_no))[1], (array_agg(why ORDER BY change_no))[1],
	       (array_agg(action ORDER BY change_no DESC))[1], (array_agg(object ORDER BY change_no DESC))[1], count(*)
	  FROM new_rows GROUP BY txid, changed_at, CASE WHEN txid IS NULL THEN change_no END
	    ON CONFLICT (txid, changed_at) DO UPDATE
	   SET action = excluded.action, object = excluded.object, records = change_sets.records + excluded.records;
	RETURN NULL;
END
$$;
--> statement-breakpoint
CREATE TRIGGER change_sets_kept AFTER INSERT ON change_records REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION keep_change_sets();
