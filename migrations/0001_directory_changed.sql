-- Running nodes survive this: they do not listen yet. Whoever changes the directory, an action or a person with psql, tells every
-- node after COMMIT which addresses to forget: a JSON array of up to 200 addresses, or '*' for more; 'domains' for domains and routes.
CREATE FUNCTION tell_entries_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
	addresses text[]; -- null: TRUNCATE, which has no transition tables
	payload text;
BEGIN
	IF TG_OP = 'INSERT' THEN
		addresses := array(SELECT DISTINCT address FROM new_rows LIMIT 201);
	ELSIF TG_OP = 'UPDATE' THEN
		addresses := array(SELECT address FROM old_rows UNION SELECT address FROM new_rows LIMIT 201);
	ELSIF TG_OP = 'DELETE' THEN
		addresses := array(SELECT DISTINCT address FROM old_rows LIMIT 201);
	END IF;
	IF cardinality(addresses) = 0 THEN
		RETURN NULL;
	END IF;
	payload := to_json(addresses)::text;
	IF payload IS NULL OR cardinality(addresses) > 200 OR octet_length(payload) > 7500 THEN
		payload := '*'; -- NOTIFY carries less than 8,000 octets
	END IF;
	PERFORM pg_notify('directory_changed', payload);
	RETURN NULL;
END
$$;
--> statement-breakpoint
CREATE FUNCTION tell_domains_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM pg_notify('directory_changed', 'domains');
	RETURN NULL;
END
$$;
--> statement-breakpoint
CREATE TRIGGER entries_inserted AFTER INSERT ON entries REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tell_entries_changed();
--> statement-breakpoint
CREATE TRIGGER entries_updated AFTER UPDATE ON entries REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tell_entries_changed();
--> statement-breakpoint
CREATE TRIGGER entries_deleted AFTER DELETE ON entries REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION tell_entries_changed();
--> statement-breakpoint
CREATE TRIGGER entries_truncated AFTER TRUNCATE ON entries FOR EACH STATEMENT EXECUTE FUNCTION tell_entries_changed();
--> statement-breakpoint
CREATE TRIGGER targets_inserted AFTER INSERT ON targets REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tell_entries_changed();
--> statement-breakpoint
CREATE TRIGGER targets_updated AFTER UPDATE ON targets REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tell_entries_changed();
--> statement-breakpoint
CREATE TRIGGER targets_deleted AFTER DELETE ON targets REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION tell_entries_changed();
--> statement-breakpoint
CREATE TRIGGER targets_truncated AFTER TRUNCATE ON targets FOR EACH STATEMENT EXECUTE FUNCTION tell_entries_changed();
--> statement-breakpoint
CREATE TRIGGER domains_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON domains FOR EACH STATEMENT EXECUTE FUNCTION tell_domains_changed();
--> statement-breakpoint
CREATE TRIGGER routes_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON routes FOR EACH STATEMENT EXECUTE FUNCTION tell_domains_changed();
