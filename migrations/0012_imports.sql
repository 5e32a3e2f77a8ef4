-- Running nodes of the old version survive this: they know nothing of these tables, and the new index of change_records costs them no rule.
CREATE TABLE "import_chunks" (
	"upload_no" bigint NOT NULL,
	"chunk_no" integer NOT NULL,
	"octets" "bytea" NOT NULL,
	CONSTRAINT "import_chunks_upload_no_chunk_no_pk" PRIMARY KEY("upload_no","chunk_no")
);
--> statement-breakpoint
CREATE TABLE "import_lines" (
	"upload_no" bigint NOT NULL,
	"state" text NOT NULL,
	"line" integer NOT NULL,
	"address" text,
	"before" jsonb,
	"after" jsonb,
	"problem" text,
	"fix" text,
	"cells" text[],
	CONSTRAINT "import_lines_upload_no_state_line_pk" PRIMARY KEY("upload_no","state","line")
);
--> statement-breakpoint
CREATE TABLE "import_uploads" (
	"upload_no" bigserial PRIMARY KEY NOT NULL,
	"principal" text collate "C" NOT NULL,
	"domains" text[],
	"name" text NOT NULL,
	"format" text NOT NULL,
	"domain" text,
	"delimiter" text,
	"encoding" text,
	"replaces" boolean NOT NULL,
	"skip_problems" boolean NOT NULL,
	"size" bigint NOT NULL,
	"state" text DEFAULT 'waiting' NOT NULL,
	"progress" real DEFAULT 0 NOT NULL,
	"doing" text DEFAULT '' NOT NULL,
	"round" integer DEFAULT 0 NOT NULL,
	"made_at" timestamp with time zone DEFAULT now() NOT NULL,
	"touched_at" timestamp with time zone DEFAULT now() NOT NULL,
	"found" jsonb,
	"directory_version" bigint,
	"failure" jsonb,
	"change_no" bigint,
	CONSTRAINT "known_import_state" CHECK (state in ('waiting', 'reading', 'ready', 'applying', 'applied', 'failed'))
);
--> statement-breakpoint
ALTER TABLE "import_chunks" ADD CONSTRAINT "import_chunks_upload_no_import_uploads_upload_no_fk" FOREIGN KEY ("upload_no") REFERENCES "public"."import_uploads"("upload_no") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "import_lines" ADD CONSTRAINT "import_lines_upload_no_import_uploads_upload_no_fk" FOREIGN KEY ("upload_no") REFERENCES "public"."import_uploads"("upload_no") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "import_uploads_by_age" ON "import_uploads" USING btree ("made_at");--> statement-breakpoint
CREATE INDEX "change_records_by_domain" ON "change_records" USING btree ("txid",split_part(object, '@', -1));