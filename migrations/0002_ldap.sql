-- Running nodes survive this: they do not know these tables, and ask no LDAP source.
CREATE TABLE "ldap_answers" (
	"source" text collate "C" NOT NULL,
	"address" text collate "C" NOT NULL,
	"kind" text NOT NULL,
	"dn" text NOT NULL,
	"affiliation" text,
	"targets" text[] NOT NULL,
	"bad_targets" text[] NOT NULL,
	"oversized" boolean NOT NULL,
	"answered_at" timestamp with time zone NOT NULL,
	CONSTRAINT "ldap_answers_source_address_pk" PRIMARY KEY("source","address")
);
--> statement-breakpoint
CREATE TABLE "ldap_frozen" (
	"source" text collate "C" NOT NULL,
	"address" text collate "C" NOT NULL,
	"since" timestamp with time zone DEFAULT now() NOT NULL,
	"lost" integer NOT NULL,
	"known" integer NOT NULL,
	"sample" text[] NOT NULL,
	CONSTRAINT "ldap_frozen_source_address_pk" PRIMARY KEY("source","address")
);
--> statement-breakpoint
CREATE TABLE "ldap_syncs" (
	"source" text collate "C" PRIMARY KEY NOT NULL,
	"started_at" timestamp with time zone NOT NULL,
	"ended_at" timestamp with time zone,
	"entries" integer,
	"fault" text
);
--> statement-breakpoint
CREATE INDEX "ldap_answers_by_address" ON "ldap_answers" USING btree ("address");
