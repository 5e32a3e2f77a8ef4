-- Running nodes of the old version survive this: they know none of these tables, and the new index on messages is built under a short lock
-- (authenticated_as is null in every row they write).
CREATE TABLE "account_addresses" (
	"address" text collate "C" PRIMARY KEY NOT NULL,
	"login" text collate "C" NOT NULL
);
--> statement-breakpoint
CREATE TABLE "accounts" (
	"login" text collate "C" PRIMARY KEY NOT NULL,
	"affiliation" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "login_in_lower_case" CHECK (login = lower(login) and login <> '')
);
--> statement-breakpoint
CREATE TABLE "app_passwords" (
	"password_no" bigserial PRIMARY KEY NOT NULL,
	"login" text collate "C" NOT NULL,
	"device" text NOT NULL,
	"selector" text collate "C" NOT NULL,
	"hash" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"last_used_at" timestamp with time zone,
	"revoked_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "known_recipients" (
	"login" text collate "C" NOT NULL,
	"recipient" text collate "C" NOT NULL,
	"first_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "known_recipients_login_recipient_pk" PRIMARY KEY("login","recipient")
);
--> statement-breakpoint
CREATE TABLE "send_as_grants" (
	"login" text collate "C" NOT NULL,
	"address" text collate "C" NOT NULL,
	"ends_at" timestamp with time zone NOT NULL,
	"granted_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "send_as_grants_login_address_pk" PRIMARY KEY("login","address")
);
--> statement-breakpoint
CREATE TABLE "sending_counts" (
	"login" text collate "C" NOT NULL,
	"minute" timestamp with time zone NOT NULL,
	"asked" integer NOT NULL,
	"accepted" integer NOT NULL,
	CONSTRAINT "sending_counts_login_minute_pk" PRIMARY KEY("login","minute")
);
--> statement-breakpoint
CREATE TABLE "sending_stops" (
	"login" text collate "C" PRIMARY KEY NOT NULL,
	"stopped_at" timestamp with time zone DEFAULT now() NOT NULL,
	"reason" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "sign_in_attempts" (
	"source" text NOT NULL,
	"login" text collate "C" NOT NULL,
	"failures" integer NOT NULL,
	"in_flight" integer NOT NULL,
	"free_at" timestamp with time zone NOT NULL,
	"tried_at" timestamp with time zone NOT NULL,
	"succeeded_at" timestamp with time zone,
	CONSTRAINT "sign_in_attempts_source_login_pk" PRIMARY KEY("source","login")
);
--> statement-breakpoint
ALTER TABLE "account_addresses" ADD CONSTRAINT "account_addresses_login_accounts_login_fk" FOREIGN KEY ("login") REFERENCES "public"."accounts"("login") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "account_addresses_by_login" ON "account_addresses" USING btree ("login");--> statement-breakpoint
CREATE INDEX "app_passwords_by_login" ON "app_passwords" USING btree ("login","selector");--> statement-breakpoint
CREATE INDEX "known_recipients_by_time" ON "known_recipients" USING btree ("login","first_at");--> statement-breakpoint
CREATE INDEX "sign_in_attempts_by_age" ON "sign_in_attempts" USING btree ("tried_at");--> statement-breakpoint
CREATE INDEX "messages_by_authenticated_as" ON "messages" USING btree ("authenticated_as","message_id") WHERE authenticated_as is not null;