-- Running nodes of the old version go on: they do not know these tables and need none of them.
CREATE TABLE "panel_grants" (
	"grant_no" bigserial PRIMARY KEY NOT NULL,
	"principal" text collate "C" NOT NULL,
	"role" text NOT NULL,
	"domain" text collate "C",
	"ends_at" timestamp with time zone,
	"granted_by" text NOT NULL,
	"granted_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "one_grant_of_a_kind" UNIQUE NULLS NOT DISTINCT("principal","role","domain"),
	CONSTRAINT "known_role" CHECK (role in ('superadmin', 'department-admin', 'helpdesk', 'auditor')),
	CONSTRAINT "everywhere_or_scoped" CHECK ((role in ('superadmin', 'auditor')) = (domain is null))
);
--> statement-breakpoint
CREATE TABLE "panel_requests" (
	"principal" text collate "C" NOT NULL,
	"request_key" text collate "C" NOT NULL,
	"request_hash" "bytea" NOT NULL,
	"status" integer,
	"headers" json,
	"body" text,
	"made_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "panel_requests_principal_request_key_pk" PRIMARY KEY("principal","request_key")
);
--> statement-breakpoint
CREATE TABLE "panel_sessions" (
	"token_hash" "bytea" PRIMARY KEY NOT NULL,
	"principal" text collate "C" NOT NULL,
	"addresses" text[] NOT NULL,
	"client_address" text NOT NULL,
	"made_at" timestamp with time zone DEFAULT now() NOT NULL,
	"seen_at" timestamp with time zone DEFAULT now() NOT NULL,
	"ends_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "panel_sign_ins" (
	"state_hash" "bytea" PRIMARY KEY NOT NULL,
	"browser_hash" "bytea" NOT NULL,
	"nonce" text NOT NULL,
	"verifier" text NOT NULL,
	"return_to" text NOT NULL,
	"source" text NOT NULL,
	"ends_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "panel_tokens" (
	"token_no" bigserial PRIMARY KEY NOT NULL,
	"token_hash" "bytea" NOT NULL,
	"name" text NOT NULL,
	"principal" text collate "C" NOT NULL,
	"scopes" text[] NOT NULL,
	"domain" text collate "C",
	"networks" text[] NOT NULL,
	"made_at" timestamp with time zone DEFAULT now() NOT NULL,
	"last_used_at" timestamp with time zone,
	"ends_at" timestamp with time zone NOT NULL,
	"revoked_at" timestamp with time zone,
	CONSTRAINT "panel_tokens_token_hash_unique" UNIQUE("token_hash")
);
--> statement-breakpoint
CREATE TABLE "panel_users" (
	"login" text collate "C" PRIMARY KEY NOT NULL,
	"hash" text NOT NULL,
	"totp_secret" "bytea",
	"totp_step" bigint,
	"totp_pending" "bytea",
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"changed_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "panel_login_in_lower_case" CHECK (login = lower(login) and login <> '')
);
--> statement-breakpoint
CREATE INDEX "panel_requests_by_age" ON "panel_requests" USING btree ("made_at");--> statement-breakpoint
CREATE INDEX "panel_sessions_by_principal" ON "panel_sessions" USING btree ("principal");--> statement-breakpoint
CREATE INDEX "panel_sessions_by_end" ON "panel_sessions" USING btree ("ends_at");--> statement-breakpoint
CREATE INDEX "panel_sign_ins_by_source" ON "panel_sign_ins" USING btree ("source");--> statement-breakpoint
CREATE INDEX "panel_sign_ins_by_end" ON "panel_sign_ins" USING btree ("ends_at");--> statement-breakpoint
CREATE INDEX "panel_tokens_by_principal" ON "panel_tokens" USING btree ("principal");