-- The schema after all migrations. Written by scripts/generate-schema.ts.

create sequence public.app_passwords_password_no_seq as bigint start 1 increment 1 minvalue 1 maxvalue 9223372036854775807 owned by public.app_passwords.password_no;

create sequence public.change_records_change_no_seq as bigint start 1 increment 1 minvalue 1 maxvalue 9223372036854775807 owned by public.change_records.change_no;

create sequence public.forwarding_requests_request_no_seq as bigint start 1 increment 1 minvalue 1 maxvalue 9223372036854775807 owned by public.forwarding_requests.request_no;

create sequence public.import_uploads_upload_no_seq as bigint start 1 increment 1 minvalue 1 maxvalue 9223372036854775807 owned by public.import_uploads.upload_no;

create sequence public.node_numbers as bigint start 1 increment 1 minvalue 1 maxvalue 2147483647 cycle;

create sequence public.panel_grants_grant_no_seq as bigint start 1 increment 1 minvalue 1 maxvalue 9223372036854775807 owned by public.panel_grants.grant_no;

create sequence public.panel_tokens_token_no_seq as bigint start 1 increment 1 minvalue 1 maxvalue 9223372036854775807 owned by public.panel_tokens.token_no;

create table public.account_addresses (
  address text collate "C" not null,
  login text collate "C" not null,
  constraint account_addresses_login_accounts_login_fk FOREIGN KEY (login) REFERENCES public.accounts(login) ON DELETE CASCADE,
  constraint account_addresses_pkey PRIMARY KEY (address)
);

create table public.accounts (
  login text collate "C" not null,
  affiliation text,
  created_at timestamp with time zone not null default now(),
  constraint login_in_lower_case CHECK (((login = lower(login)) AND (login <> ''::text))),
  constraint accounts_pkey PRIMARY KEY (login)
);

create table public.app_passwords (
  password_no bigint not null default nextval('public.app_passwords_password_no_seq'::regclass),
  login text collate "C" not null,
  device text not null,
  selector text collate "C" not null,
  hash text not null,
  created_at timestamp with time zone not null default now(),
  last_used_at timestamp with time zone,
  revoked_at timestamp with time zone,
  constraint app_passwords_pkey PRIMARY KEY (password_no)
);

create table public.change_records (
  change_no bigint not null default nextval('public.change_records_change_no_seq'::regclass),
  changed_at timestamp with time zone not null default now(),
  actor text not null,
  action text not null,
  object text not null,
  why text,
  before jsonb,
  after jsonb,
  txid bigint default ((pg_current_xact_id())::text)::bigint,
  constraint change_records_pkey PRIMARY KEY (change_no)
);

create table public.change_sets (
  change_no bigint not null,
  changed_at timestamp with time zone not null,
  txid bigint,
  actor text not null,
  why text,
  action text not null,
  object text not null,
  records integer not null,
  undo_of bigint,
  undone_by bigint,
  constraint change_sets_pkey PRIMARY KEY (change_no)
);

create table public.content_chunks (
  message_id bigint not null,
  chunk_no integer not null,
  octets bytea not null,
  constraint content_chunks_message_id_chunk_no_pk PRIMARY KEY (message_id, chunk_no)
) with (autovacuum_vacuum_cost_delay=0, autovacuum_vacuum_scale_factor=0.02, toast_tuple_target=8160);
alter table public.content_chunks alter column octets set storage external;

create table public.counted_hours (
  hour timestamp with time zone not null,
  counted_at timestamp with time zone not null,
  constraint counted_hours_pkey PRIMARY KEY (hour)
);

create table public.dead_ends (
  address text collate "C" not null,
  target text collate "C" not null,
  reason text not null,
  since timestamp with time zone not null default now(),
  constraint dead_ends_address_target_pk PRIMARY KEY (address, target)
);

create table public.deliveries (
  message_id bigint not null,
  recipient_no integer not null,
  attempt_no integer not null,
  ended_at timestamp with time zone not null default now(),
  outcome text not null,
  final_recipient text not null,
  original_recipient text not null,
  paths json not null,
  relay text,
  delays real[],
  enhanced_status text not null,
  reply text not null,
  constraint known_outcome CHECK ((outcome = ANY (ARRAY['sent'::text, 'deferred'::text, 'bounced'::text, 'expired'::text, 'discarded'::text, 'deleted'::text]))),
  constraint deliveries_message_id_recipient_no_attempt_no_pk PRIMARY KEY (message_id, recipient_no, attempt_no)
) partition by RANGE (message_id);

create table public.deliveries_default partition of public.deliveries DEFAULT;

create table public.destination_hours (
  hour timestamp with time zone not null,
  destination text not null,
  sent bigint not null,
  deferred bigint not null,
  refused bigint not null,
  delays integer[] not null,
  last_failed_at timestamp with time zone,
  last_status text,
  last_reply text,
  last_relay text,
  constraint destination_hours_hour_destination_pk PRIMARY KEY (hour, destination)
);

create table public.directory_history (
  relation text not null,
  key text collate "C" not null,
  member text collate "C" not null default ''::text,
  valid_from timestamp with time zone not null,
  valid_to timestamp with time zone,
  "row" jsonb not null,
  begun_by text not null,
  begun_in bigint not null,
  ended_by text,
  ended_in bigint,
  constraint directory_history_relation_key_member_valid_from_pk PRIMARY KEY (relation, key, member, valid_from)
) with (fillfactor=70);

create table public.domains (
  domain text collate "C" not null,
  alias_of text collate "C",
  catch_all text collate "C",
  subaddressing boolean not null default true,
  created_at timestamp with time zone not null default now(),
  reserved text[] not null default '{}'::text[],
  constraint alias_of_another CHECK (((alias_of IS NULL) OR (alias_of <> domain))),
  constraint domains_pkey PRIMARY KEY (domain)
);

create table public.entries (
  address text collate "C" not null,
  domain text collate "C" not null,
  kind text not null,
  owner text collate "C",
  note text,
  expires_at timestamp with time zone,
  posting text,
  created_at timestamp with time zone not null default now(),
  changed_at timestamp with time zone not null default now(),
  version integer not null default 1,
  own_copy boolean not null default true,
  may_leave boolean not null default false,
  member_limit integer,
  starts_at timestamp with time zone,
  disabled text,
  disabled_text text,
  moved_to text collate "C",
  moved_delivers boolean not null default false,
  affiliation text,
  off_campus_until timestamp with time zone,
  constraint delivers_where_it_moved CHECK (((NOT moved_delivers) OR (moved_to IS NOT NULL))),
  constraint disabled_or_moved CHECK (((disabled IS NULL) OR (moved_to IS NULL))),
  constraint known_answer CHECK ((disabled = ANY (ARRAY['quiet'::text, 'soft'::text, 'hard'::text, 'text'::text]))),
  constraint known_kind CHECK ((kind = ANY (ARRAY['alias'::text, 'list'::text]))),
  constraint known_posting CHECK ((posting = ANY (ARRAY['anyone'::text, 'campus'::text, 'members'::text, 'owners'::text, 'named'::text, 'moderated'::text]))),
  constraint member_limit_of_lists CHECK (((member_limit IS NULL) OR ((kind = 'list'::text) AND ((member_limit >= 1) AND (member_limit <= 100000))))),
  constraint posting_of_lists CHECK (((kind = 'list'::text) = (posting IS NOT NULL))),
  constraint starts_before_it_expires CHECK ((starts_at < expires_at)),
  constraint text_fits_a_reply CHECK ((disabled_text ~ '^[!-~]([ -~]{0,198}[!-~])?$'::text)),
  constraint text_of_an_answer CHECK (((NOT (disabled IS DISTINCT FROM 'text'::text)) = (disabled_text IS NOT NULL))),
  constraint entries_domain_domains_domain_fk FOREIGN KEY (domain) REFERENCES public.domains(domain),
  constraint entries_pkey PRIMARY KEY (address)
);

create table public.expiry_notices (
  address text collate "C" not null,
  target text collate "C" not null default ''::text,
  expires_at timestamp with time zone not null,
  days integer not null,
  noticed_at timestamp with time zone not null default now(),
  constraint expiry_notices_address_target_expires_at_days_pk PRIMARY KEY (address, target, expires_at, days)
);

create table public.flow_hours (
  hour timestamp with time zone not null,
  domain text not null,
  measure text not null,
  bucket integer not null,
  count bigint not null,
  constraint flow_hours_domain_hour_measure_bucket_pk PRIMARY KEY (domain, hour, measure, bucket)
);

create table public.forwarding_policies (
  affiliation text not null,
  off_campus boolean not null,
  constraint forwarding_policies_pkey PRIMARY KEY (affiliation)
);

create table public.forwarding_requests (
  request_no bigint not null default nextval('public.forwarding_requests_request_no_seq'::regclass),
  principal text collate "C" not null,
  address text collate "C" not null,
  target text collate "C" not null,
  counted_target text collate "C" not null,
  keep_copy boolean not null,
  code_hash bytea not null,
  link_hash bytea not null,
  wrong_codes integer not null default 0,
  made_at timestamp with time zone not null default now(),
  ends_at timestamp with time zone not null,
  confirmed_at timestamp with time zone,
  paused_at timestamp with time zone,
  ended_at timestamp with time zone,
  before_targets text[],
  replaces bigint,
  undo_hash bytea,
  undone_at timestamp with time zone,
  constraint can_be_undone_once_confirmed CHECK ((((confirmed_at IS NULL) = (undo_hash IS NULL)) AND ((confirmed_at IS NULL) = (before_targets IS NULL)))),
  constraint few_wrong_codes CHECK (((wrong_codes >= 0) AND (wrong_codes <= 5))),
  constraint paused_when_confirmed CHECK (((paused_at IS NULL) OR (confirmed_at IS NOT NULL))),
  constraint forwarding_requests_pkey PRIMARY KEY (request_no)
);

create table public.held_posts (
  message_id bigint not null,
  list text not null,
  reason text not null,
  sender text,
  subject text not null,
  held_at timestamp with time zone not null default now(),
  announced_at timestamp with time zone,
  sender_told_at timestamp with time zone,
  owner_told_at timestamp with time zone,
  constraint held_posts_message_id_list_pk PRIMARY KEY (message_id, list)
);

create table public.import_chunks (
  upload_no bigint not null,
  chunk_no integer not null,
  octets bytea not null,
  constraint import_chunks_upload_no_import_uploads_upload_no_fk FOREIGN KEY (upload_no) REFERENCES public.import_uploads(upload_no) ON DELETE CASCADE,
  constraint import_chunks_upload_no_chunk_no_pk PRIMARY KEY (upload_no, chunk_no)
);

create table public.import_lines (
  upload_no bigint not null,
  state text not null,
  line integer not null,
  address text,
  before jsonb,
  after jsonb,
  problem text,
  fix text,
  cells text[],
  constraint import_lines_upload_no_import_uploads_upload_no_fk FOREIGN KEY (upload_no) REFERENCES public.import_uploads(upload_no) ON DELETE CASCADE,
  constraint import_lines_upload_no_state_line_pk PRIMARY KEY (upload_no, state, line)
);

create table public.import_uploads (
  upload_no bigint not null default nextval('public.import_uploads_upload_no_seq'::regclass),
  principal text collate "C" not null,
  domains text[],
  name text not null,
  format text not null,
  domain text,
  delimiter text,
  encoding text,
  replaces boolean not null,
  skip_problems boolean not null,
  size bigint not null,
  state text not null default 'waiting'::text,
  progress real not null default 0,
  doing text not null default ''::text,
  round integer not null default 0,
  made_at timestamp with time zone not null default now(),
  touched_at timestamp with time zone not null default now(),
  found jsonb,
  directory_version bigint,
  failure jsonb,
  change_no bigint,
  constraint known_import_state CHECK ((state = ANY (ARRAY['waiting'::text, 'reading'::text, 'ready'::text, 'applying'::text, 'applied'::text, 'failed'::text]))),
  constraint import_uploads_pkey PRIMARY KEY (upload_no)
);

create table public.known_recipients (
  login text collate "C" not null,
  recipient text collate "C" not null,
  first_at timestamp with time zone not null default now(),
  constraint known_recipients_login_recipient_pk PRIMARY KEY (login, recipient)
);

create table public.ldap_answers (
  source text collate "C" not null,
  address text collate "C" not null,
  kind text not null,
  dn text not null,
  affiliation text,
  targets text[] not null,
  bad_targets text[] not null,
  oversized boolean not null,
  answered_at timestamp with time zone not null,
  constraint ldap_answers_source_address_pk PRIMARY KEY (source, address)
);

create table public.ldap_frozen (
  source text collate "C" not null,
  address text collate "C" not null,
  since timestamp with time zone not null default now(),
  lost integer not null,
  known integer not null,
  sample text[] not null,
  constraint ldap_frozen_source_address_pk PRIMARY KEY (source, address)
);

create table public.ldap_syncs (
  source text collate "C" not null,
  started_at timestamp with time zone not null,
  ended_at timestamp with time zone,
  entries integer,
  fault text,
  constraint ldap_syncs_pkey PRIMARY KEY (source)
);

create table public.list_filters (
  address text collate "C" not null,
  source text collate "C" not null,
  filter text collate "C" not null,
  added_at timestamp with time zone not null default now(),
  constraint list_filters_address_entries_address_fk FOREIGN KEY (address) REFERENCES public.entries(address) ON UPDATE CASCADE ON DELETE CASCADE,
  constraint list_filters_address_source_filter_pk PRIMARY KEY (address, source, filter)
);

create table public.list_posts (
  list text not null,
  message_id bigint not null,
  sender text not null,
  posted_at timestamp with time zone not null default now(),
  constraint list_posts_list_message_id_pk PRIMARY KEY (list, message_id)
);

create table public.list_roles (
  address text collate "C" not null,
  role text not null,
  mailbox text collate "C" not null,
  added_at timestamp with time zone not null default now(),
  constraint known_role CHECK ((role = ANY (ARRAY['sender'::text, 'excluded'::text]))),
  constraint list_roles_address_entries_address_fk FOREIGN KEY (address) REFERENCES public.entries(address) ON UPDATE CASCADE ON DELETE CASCADE,
  constraint list_roles_address_role_mailbox_pk PRIMARY KEY (address, role, mailbox)
);

create table public.messages (
  message_id bigint not null,
  received_at timestamp with time zone not null default now(),
  reverse_path text,
  smtputf8 boolean not null,
  body_8bit boolean not null,
  ret text,
  envid text,
  size bigint not null,
  sha256 bytea not null,
  header_size integer not null,
  prefix text not null,
  header_message_id text,
  client_address text,
  helo_name text,
  authenticated_as text,
  recipient_count integer not null,
  list_fields json,
  constraint messages_message_id_pk PRIMARY KEY (message_id)
) partition by RANGE (message_id);

create table public.messages_default partition of public.messages DEFAULT;

create table public.moved_notices (
  address text collate "C" not null,
  sender text collate "C" not null,
  noticed_at timestamp with time zone not null default now(),
  constraint moved_notices_address_sender_pk PRIMARY KEY (address, sender)
);

create table public.nodes (
  node_no integer not null,
  hostname text not null,
  host_identity text not null,
  pid integer not null,
  pid_started_at text not null,
  started_at timestamp with time zone not null default now(),
  seen_at timestamp with time zone not null default now(),
  constraint nodes_pkey PRIMARY KEY (node_no)
);

create table public.panel_grants (
  grant_no bigint not null default nextval('public.panel_grants_grant_no_seq'::regclass),
  principal text collate "C" not null,
  role text not null,
  domain text collate "C",
  ends_at timestamp with time zone,
  granted_by text not null,
  granted_at timestamp with time zone not null default now(),
  constraint everywhere_or_scoped CHECK (((role = ANY (ARRAY['superadmin'::text, 'auditor'::text])) = (domain IS NULL))),
  constraint known_role CHECK ((role = ANY (ARRAY['superadmin'::text, 'department-admin'::text, 'helpdesk'::text, 'auditor'::text]))),
  constraint panel_grants_pkey PRIMARY KEY (grant_no),
  constraint one_grant_of_a_kind UNIQUE NULLS NOT DISTINCT (principal, role, domain)
);

create table public.panel_requests (
  principal text collate "C" not null,
  request_key text collate "C" not null,
  request_hash bytea not null,
  status integer,
  headers json,
  body text,
  made_at timestamp with time zone not null default now(),
  constraint panel_requests_principal_request_key_pk PRIMARY KEY (principal, request_key)
);

create table public.panel_sessions (
  token_hash bytea not null,
  principal text collate "C" not null,
  addresses text[] not null,
  client_address text not null,
  made_at timestamp with time zone not null default now(),
  seen_at timestamp with time zone not null default now(),
  ends_at timestamp with time zone not null,
  constraint panel_sessions_pkey PRIMARY KEY (token_hash)
);

create table public.panel_sign_ins (
  state_hash bytea not null,
  browser_hash bytea not null,
  nonce text not null,
  verifier text not null,
  return_to text not null,
  source text not null,
  ends_at timestamp with time zone not null,
  constraint panel_sign_ins_pkey PRIMARY KEY (state_hash)
);

create table public.panel_tokens (
  token_no bigint not null default nextval('public.panel_tokens_token_no_seq'::regclass),
  token_hash bytea not null,
  name text not null,
  principal text collate "C" not null,
  scopes text[] not null,
  domain text collate "C",
  networks text[] not null,
  made_at timestamp with time zone not null default now(),
  last_used_at timestamp with time zone,
  ends_at timestamp with time zone not null,
  revoked_at timestamp with time zone,
  constraint panel_tokens_pkey PRIMARY KEY (token_no),
  constraint panel_tokens_token_hash_unique UNIQUE (token_hash)
);

create table public.panel_users (
  login text collate "C" not null,
  hash text not null,
  totp_secret bytea,
  totp_step bigint,
  totp_pending bytea,
  created_at timestamp with time zone not null default now(),
  changed_at timestamp with time zone not null default now(),
  constraint panel_login_in_lower_case CHECK (((login = lower(login)) AND (login <> ''::text))),
  constraint panel_users_pkey PRIMARY KEY (login)
);

create table public.queued_recipients (
  message_id bigint not null,
  recipient_no integer not null,
  final_recipient text not null,
  original_recipient text not null,
  reverse_path text,
  destination text not null,
  lane smallint not null,
  paths json not null,
  notify text,
  orcpt text,
  attempts integer not null,
  unrecorded smallint not null,
  claimed_by integer,
  fence integer not null,
  next_attempt_at timestamp with time zone not null,
  expires_at timestamp with time zone not null,
  failures integer not null default 0,
  last_attempt_at timestamp with time zone,
  last_status text,
  last_reply text,
  last_relay text,
  last_scope text,
  held_at timestamp with time zone,
  held_reason text,
  quarantined_at timestamp with time zone,
  list text,
  member text,
  held_by text,
  constraint booked_when_claimed CHECK (((claimed_by IS NULL) OR ((attempts > 0) AND (unrecorded > 0) AND (fence > 0)))),
  constraint counts_are_sane CHECK (((attempts >= 0) AND (unrecorded >= 0) AND (unrecorded <= attempts) AND (failures <= attempts))),
  constraint held_for_a_reason CHECK (((held_at IS NULL) = (held_reason IS NULL))),
  constraint held_or_claimed CHECK (((held_at IS NULL) OR (claimed_by IS NULL))),
  constraint quarantined_or_claimed CHECK (((quarantined_at IS NULL) OR (claimed_by IS NULL))),
  constraint queued_recipients_message_id_recipient_no_pk PRIMARY KEY (message_id, recipient_no)
) with (autovacuum_vacuum_cost_delay=0, autovacuum_vacuum_scale_factor=0.02, fillfactor=70);

create table public.routes (
  domain text collate "C" not null,
  url text not null,
  constraint routes_pkey PRIMARY KEY (domain)
);

create table public.searches (
  name text not null,
  began_at timestamp with time zone not null,
  ended_at timestamp with time zone,
  of json,
  constraint searches_pkey PRIMARY KEY (name)
);

create table public.secrets (
  name text not null,
  octets bytea not null,
  made_at timestamp with time zone not null default now(),
  constraint secrets_pkey PRIMARY KEY (name)
);

create table public.send_as_grants (
  login text collate "C" not null,
  address text collate "C" not null,
  ends_at timestamp with time zone not null,
  granted_at timestamp with time zone not null default now(),
  constraint send_as_grants_login_address_pk PRIMARY KEY (login, address)
);

create table public.sending_counts (
  login text collate "C" not null,
  minute timestamp with time zone not null,
  asked integer not null,
  accepted integer not null,
  constraint sending_counts_login_minute_pk PRIMARY KEY (login, minute)
);

create table public.sending_stops (
  login text collate "C" not null,
  stopped_at timestamp with time zone not null default now(),
  reason text not null,
  constraint sending_stops_pkey PRIMARY KEY (login)
);

create table public.sign_in_attempts (
  source text not null,
  login text collate "C" not null,
  failures integer not null,
  in_flight integer not null,
  free_at timestamp with time zone not null,
  tried_at timestamp with time zone not null,
  succeeded_at timestamp with time zone,
  constraint sign_in_attempts_source_login_pk PRIMARY KEY (source, login)
);

create table public.targets (
  address text collate "C" not null,
  target text collate "C" not null,
  added_at timestamp with time zone not null default now(),
  starts_at timestamp with time zone,
  expires_at timestamp with time zone,
  constraint target_starts_before_it_expires CHECK ((starts_at < expires_at)),
  constraint targets_address_entries_address_fk FOREIGN KEY (address) REFERENCES public.entries(address) ON UPDATE CASCADE ON DELETE CASCADE,
  constraint targets_address_target_pk PRIMARY KEY (address, target)
);

create table public.tombstones (
  address text collate "C" not null,
  buried_at timestamp with time zone not null,
  kind text not null,
  owner text collate "C",
  targets text[] not null,
  held_from timestamp with time zone not null,
  buried_by text not null,
  why text,
  constraint tombstones_address_buried_at_pk PRIMARY KEY (address, buried_at)
);

CREATE INDEX account_addresses_by_login ON public.account_addresses USING btree (login);

CREATE INDEX app_passwords_by_login ON public.app_passwords USING btree (login, selector);

CREATE INDEX change_records_by_domain ON public.change_records USING btree (txid, split_part(object, '@'::text, '-1'::integer));

CREATE INDEX change_records_by_object ON public.change_records USING btree (object, change_no);

CREATE INDEX change_records_by_transaction ON public.change_records USING btree (txid, change_no);

CREATE INDEX change_sets_by_actor ON public.change_sets USING btree (actor, change_no);

CREATE INDEX change_sets_by_time ON public.change_sets USING btree (changed_at);

CREATE UNIQUE INDEX change_sets_by_transaction ON public.change_sets USING btree (txid, changed_at);

CREATE INDEX deliveries_by_end ON ONLY public.deliveries USING brin (ended_at) WITH (autosummarize='on') with {autosummarize=on};

CREATE INDEX deliveries_by_final_recipient ON ONLY public.deliveries USING btree (final_recipient, message_id);

CREATE INDEX deliveries_by_original_recipient ON ONLY public.deliveries USING btree (original_recipient, message_id);

CREATE INDEX directory_history_by_transaction ON public.directory_history USING brin (begun_in) WITH (pages_per_range='32') with {pages_per_range=32};

CREATE INDEX entries_by_change ON public.entries USING btree (changed_at, address);

CREATE INDEX entries_by_domain ON public.entries USING btree (domain, address);

CREATE INDEX entries_by_expiry ON public.entries USING btree (expires_at) WHERE (expires_at IS NOT NULL);

CREATE INDEX entries_by_owner ON public.entries USING btree (owner, address) WHERE (owner IS NOT NULL);

CREATE INDEX entries_by_skeleton ON public.entries USING btree (public.name_skeleton(address));

CREATE INDEX entries_by_text ON public.entries USING gin ((((((address || ' '::text) || COALESCE(owner, ''::text)) || ' '::text) || lower(COALESCE(note, ''::text)))) public.gin_trgm_ops);

CREATE INDEX entries_disabled ON public.entries USING btree (address) WHERE (disabled IS NOT NULL);

CREATE INDEX entries_lists ON public.entries USING btree (address) WHERE (kind = 'list'::text);

CREATE INDEX entries_moved ON public.entries USING btree (address) WHERE (moved_to IS NOT NULL);

CREATE INDEX entries_without_owner ON public.entries USING btree (domain, address) WHERE (owner IS NULL);

CREATE UNIQUE INDEX forwarding_requests_by_link ON public.forwarding_requests USING btree (link_hash);

CREATE INDEX forwarding_requests_by_principal ON public.forwarding_requests USING btree (principal, made_at);

CREATE INDEX forwarding_requests_by_target ON public.forwarding_requests USING btree (counted_target, made_at);

CREATE UNIQUE INDEX forwarding_requests_by_undo ON public.forwarding_requests USING btree (undo_hash) WHERE (undo_hash IS NOT NULL);

CREATE INDEX held_posts_by_list ON public.held_posts USING btree (list, held_at);

CREATE INDEX held_posts_unannounced ON public.held_posts USING btree (held_at) WHERE (announced_at IS NULL);

CREATE INDEX import_uploads_by_age ON public.import_uploads USING btree (made_at);

CREATE INDEX known_recipients_by_time ON public.known_recipients USING btree (login, first_at);

CREATE INDEX ldap_answers_by_address ON public.ldap_answers USING btree (address);

CREATE INDEX ldap_answers_by_target ON public.ldap_answers USING gin (targets);

CREATE INDEX list_posts_by_time ON public.list_posts USING btree (list, posted_at);

CREATE INDEX list_roles_by_mailbox ON public.list_roles USING btree (mailbox);

CREATE INDEX messages_by_authenticated_as ON ONLY public.messages USING btree (authenticated_as, message_id) WHERE (authenticated_as IS NOT NULL);

CREATE INDEX messages_by_header_message_id ON ONLY public.messages USING btree (header_message_id) WHERE (header_message_id IS NOT NULL);

CREATE INDEX messages_by_reverse_path ON ONLY public.messages USING btree (reverse_path, message_id);

CREATE INDEX moved_notices_by_time ON public.moved_notices USING btree (address, noticed_at);

CREATE UNIQUE INDEX one_verified_of_an_address ON public.forwarding_requests USING btree (address) WHERE ((confirmed_at IS NOT NULL) AND (ended_at IS NULL));

CREATE UNIQUE INDEX one_waiting_of_an_address ON public.forwarding_requests USING btree (address) WHERE ((confirmed_at IS NULL) AND (ended_at IS NULL));

CREATE INDEX panel_requests_by_age ON public.panel_requests USING btree (made_at);

CREATE INDEX panel_sessions_by_end ON public.panel_sessions USING btree (ends_at);

CREATE INDEX panel_sessions_by_principal ON public.panel_sessions USING btree (principal);

CREATE INDEX panel_sign_ins_by_end ON public.panel_sign_ins USING btree (ends_at);

CREATE INDEX panel_sign_ins_by_source ON public.panel_sign_ins USING btree (source);

CREATE INDEX panel_tokens_by_principal ON public.panel_tokens USING btree (principal);

CREATE INDEX queued_recipients_due ON public.queued_recipients USING btree (lane, next_attempt_at, destination) WHERE ((held_at IS NULL) AND (quarantined_at IS NULL));

CREATE INDEX queued_recipients_held_by ON public.queued_recipients USING btree (held_by, message_id) WHERE (held_by IS NOT NULL);

CREATE INDEX queued_recipients_stopped ON public.queued_recipients USING btree (message_id) WHERE ((held_at IS NOT NULL) OR (quarantined_at IS NOT NULL));

CREATE INDEX queued_recipients_untried_for ON public.queued_recipients USING btree (original_recipient, message_id) WHERE ((claimed_by IS NULL) AND (last_attempt_at IS NULL));

CREATE INDEX queued_recipients_untried_to ON public.queued_recipients USING btree (final_recipient, message_id) WHERE ((claimed_by IS NULL) AND (last_attempt_at IS NULL));

CREATE INDEX sign_in_attempts_by_age ON public.sign_in_attempts USING btree (tried_at);

CREATE INDEX targets_by_target ON public.targets USING btree (target);

CREATE INDEX targets_by_target_domain ON public.targets USING btree (split_part(target, '@'::text, '-1'::integer), address);

CREATE INDEX targets_with_dates ON public.targets USING btree (address) WHERE ((starts_at IS NOT NULL) OR (expires_at IS NOT NULL));

CREATE INDEX tombstones_by_skeleton ON public.tombstones USING btree (public.name_skeleton(address));

CREATE OR REPLACE FUNCTION public.bury()
 RETURNS trigger
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION public.bury_all()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
	INSERT INTO tombstones (address, buried_at, kind, owner, targets, held_from, buried_by, why)
	SELECT e.address, directory_moment(), e.kind, e.owner, '{}', e.created_at, directory_actor(), nullif(current_setting('mailroom.why', true), '')
	  FROM entries e
	    ON CONFLICT DO NOTHING;
	RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION public.bury_renamed()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION public.directory_actor()
 RETURNS text
 LANGUAGE sql
 STABLE
AS $function$
	-- Actions say who they work for; by hand it is the account and what it calls its connection.
	SELECT coalesce(nullif(current_setting('mailroom.actor', true), ''), session_user || ' (' || current_setting('application_name') || ')')
$function$;

CREATE OR REPLACE FUNCTION public.directory_moment()
 RETURNS timestamp with time zone
 LANGUAGE plpgsql
AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION public.gin_extract_query_trgm(text, internal, smallint, internal, internal, internal, internal)
 RETURNS internal
 LANGUAGE c
 IMMUTABLE PARALLEL SAFE STRICT
AS '$libdir/pg_trgm', $function$gin_extract_query_trgm$function$;

CREATE OR REPLACE FUNCTION public.gin_extract_value_trgm(text, internal)
 RETURNS internal
 LANGUAGE c
 IMMUTABLE PARALLEL SAFE STRICT
AS '$libdir/pg_trgm', $function$gin_extract_value_trgm$function$;

CREATE OR REPLACE FUNCTION public.gin_trgm_consistent(internal, smallint, text, integer, internal, internal, internal, internal)
 RETURNS boolean
 LANGUAGE c
 IMMUTABLE PARALLEL SAFE STRICT
AS '$libdir/pg_trgm', $function$gin_trgm_consistent$function$;

CREATE OR REPLACE FUNCTION public.gin_trgm_triconsistent(internal, smallint, text, integer, internal, internal, internal)
 RETURNS "char"
 LANGUAGE c
 IMMUTABLE PARALLEL SAFE STRICT
AS '$libdir/pg_trgm', $function$gin_trgm_triconsistent$function$;

CREATE OR REPLACE FUNCTION public.gtrgm_compress(internal)
 RETURNS internal
 LANGUAGE c
 IMMUTABLE PARALLEL SAFE STRICT
AS '$libdir/pg_trgm', $function$gtrgm_compress$function$;

CREATE OR REPLACE FUNCTION public.gtrgm_consistent(internal, text, smallint, oid, internal)
 RETURNS boolean
 LANGUAGE c
 IMMUTABLE PARALLEL SAFE STRICT
AS '$libdir/pg_trgm', $function$gtrgm_consistent$function$;

CREATE OR REPLACE FUNCTION public.gtrgm_decompress(internal)
 RETURNS internal
 LANGUAGE c
 IMMUTABLE PARALLEL SAFE STRICT
AS '$libdir/pg_trgm', $function$gtrgm_decompress$function$;

CREATE OR REPLACE FUNCTION public.gtrgm_distance(internal, text, smallint, oid, internal)
 RETURNS double precision
 LANGUAGE c
 IMMUTABLE PARALLEL SAFE STRICT
AS '$libdir/pg_trgm', $function$gtrgm_distance$function$;

CREATE OR REPLACE FUNCTION public.gtrgm_in(cstring)
 RETURNS public.gtrgm
 LANGUAGE c
 IMMUTABLE PARALLEL SAFE STRICT
AS '$libdir/pg_trgm', $function$gtrgm_in$function$;

CREATE OR REPLACE FUNCTION public.gtrgm_options(internal)
 RETURNS void
 LANGUAGE c
 IMMUTABLE PARALLEL SAFE
AS '$libdir/pg_trgm', $function$gtrgm_options$function$;

CREATE OR REPLACE FUNCTION public.gtrgm_out(public.gtrgm)
 RETURNS cstring
 LANGUAGE c
 IMMUTABLE PARALLEL SAFE STRICT
AS '$libdir/pg_trgm', $function$gtrgm_out$function$;

CREATE OR REPLACE FUNCTION public.gtrgm_penalty(internal, internal, internal)
 RETURNS internal
 LANGUAGE c
 IMMUTABLE PARALLEL SAFE STRICT
AS '$libdir/pg_trgm', $function$gtrgm_penalty$function$;

CREATE OR REPLACE FUNCTION public.gtrgm_picksplit(internal, internal)
 RETURNS internal
 LANGUAGE c
 IMMUTABLE PARALLEL SAFE STRICT
AS '$libdir/pg_trgm', $function$gtrgm_picksplit$function$;

CREATE OR REPLACE FUNCTION public.gtrgm_same(public.gtrgm, public.gtrgm, internal)
 RETURNS internal
 LANGUAGE c
 IMMUTABLE PARALLEL SAFE STRICT
AS '$libdir/pg_trgm', $function$gtrgm_same$function$;

CREATE OR REPLACE FUNCTION public.gtrgm_union(internal, internal)
 RETURNS public.gtrgm
 LANGUAGE c
 IMMUTABLE PARALLEL SAFE STRICT
AS '$libdir/pg_trgm', $function$gtrgm_union$function$;

CREATE OR REPLACE FUNCTION public.keep_change_sets()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION public.keep_history()
 RETURNS trigger
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION public.name_skeleton(address text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE STRICT
AS $function$
	-- What people take for the same name: dots, dashes and case do not count, 0 looks like o and 1 like l.
	SELECT translate(lower(regexp_replace(address, '@[^@]*$', '')), '01.-_', 'ol') || '@' || regexp_replace(address, '^.*@', '')
$function$;

CREATE OR REPLACE FUNCTION public.set_limit(real)
 RETURNS real
 LANGUAGE c
 STRICT
AS '$libdir/pg_trgm', $function$set_limit$function$;

CREATE OR REPLACE FUNCTION public.show_limit()
 RETURNS real
 LANGUAGE c
 STABLE PARALLEL SAFE STRICT
AS '$libdir/pg_trgm', $function$show_limit$function$;

CREATE OR REPLACE FUNCTION public.show_trgm(text)
 RETURNS text[]
 LANGUAGE c
 IMMUTABLE PARALLEL SAFE STRICT
AS '$libdir/pg_trgm', $function$show_trgm$function$;

CREATE OR REPLACE FUNCTION public.similarity(text, text)
 RETURNS real
 LANGUAGE c
 IMMUTABLE PARALLEL SAFE STRICT
AS '$libdir/pg_trgm', $function$similarity$function$;

CREATE OR REPLACE FUNCTION public.similarity_dist(text, text)
 RETURNS real
 LANGUAGE c
 IMMUTABLE PARALLEL SAFE STRICT
AS '$libdir/pg_trgm', $function$similarity_dist$function$;

CREATE OR REPLACE FUNCTION public.similarity_op(text, text)
 RETURNS boolean
 LANGUAGE c
 STABLE PARALLEL SAFE STRICT
AS '$libdir/pg_trgm', $function$similarity_op$function$;

CREATE OR REPLACE FUNCTION public.strict_word_similarity(text, text)
 RETURNS real
 LANGUAGE c
 IMMUTABLE PARALLEL SAFE STRICT
AS '$libdir/pg_trgm', $function$strict_word_similarity$function$;

CREATE OR REPLACE FUNCTION public.strict_word_similarity_commutator_op(text, text)
 RETURNS boolean
 LANGUAGE c
 STABLE PARALLEL SAFE STRICT
AS '$libdir/pg_trgm', $function$strict_word_similarity_commutator_op$function$;

CREATE OR REPLACE FUNCTION public.strict_word_similarity_dist_commutator_op(text, text)
 RETURNS real
 LANGUAGE c
 IMMUTABLE PARALLEL SAFE STRICT
AS '$libdir/pg_trgm', $function$strict_word_similarity_dist_commutator_op$function$;

CREATE OR REPLACE FUNCTION public.strict_word_similarity_dist_op(text, text)
 RETURNS real
 LANGUAGE c
 IMMUTABLE PARALLEL SAFE STRICT
AS '$libdir/pg_trgm', $function$strict_word_similarity_dist_op$function$;

CREATE OR REPLACE FUNCTION public.strict_word_similarity_op(text, text)
 RETURNS boolean
 LANGUAGE c
 STABLE PARALLEL SAFE STRICT
AS '$libdir/pg_trgm', $function$strict_word_similarity_op$function$;

CREATE OR REPLACE FUNCTION public.tell_domains_changed()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
	PERFORM pg_notify('directory_changed', 'domains');
	RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION public.tell_entries_changed()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION public.word_similarity(text, text)
 RETURNS real
 LANGUAGE c
 IMMUTABLE PARALLEL SAFE STRICT
AS '$libdir/pg_trgm', $function$word_similarity$function$;

CREATE OR REPLACE FUNCTION public.word_similarity_commutator_op(text, text)
 RETURNS boolean
 LANGUAGE c
 STABLE PARALLEL SAFE STRICT
AS '$libdir/pg_trgm', $function$word_similarity_commutator_op$function$;

CREATE OR REPLACE FUNCTION public.word_similarity_dist_commutator_op(text, text)
 RETURNS real
 LANGUAGE c
 IMMUTABLE PARALLEL SAFE STRICT
AS '$libdir/pg_trgm', $function$word_similarity_dist_commutator_op$function$;

CREATE OR REPLACE FUNCTION public.word_similarity_dist_op(text, text)
 RETURNS real
 LANGUAGE c
 IMMUTABLE PARALLEL SAFE STRICT
AS '$libdir/pg_trgm', $function$word_similarity_dist_op$function$;

CREATE OR REPLACE FUNCTION public.word_similarity_op(text, text)
 RETURNS boolean
 LANGUAGE c
 STABLE PARALLEL SAFE STRICT
AS '$libdir/pg_trgm', $function$word_similarity_op$function$;

CREATE TRIGGER change_sets_kept AFTER INSERT ON public.change_records REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.keep_change_sets();

CREATE TRIGGER domains_changed AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON public.domains FOR EACH STATEMENT EXECUTE FUNCTION public.tell_domains_changed();

CREATE TRIGGER keep_history_deleted AFTER DELETE ON public.domains REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.keep_history('domain');

CREATE TRIGGER keep_history_inserted AFTER INSERT ON public.domains REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.keep_history('domain');

CREATE TRIGGER keep_history_truncated AFTER TRUNCATE ON public.domains FOR EACH STATEMENT EXECUTE FUNCTION public.keep_history('domain');

CREATE TRIGGER keep_history_updated AFTER UPDATE ON public.domains REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.keep_history('domain');

CREATE TRIGGER entries_deleted AFTER DELETE ON public.entries REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.tell_entries_changed();

CREATE TRIGGER entries_inserted AFTER INSERT ON public.entries REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.tell_entries_changed();

CREATE TRIGGER entries_truncated AFTER TRUNCATE ON public.entries FOR EACH STATEMENT EXECUTE FUNCTION public.tell_entries_changed();

CREATE TRIGGER entries_updated AFTER UPDATE ON public.entries REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.tell_entries_changed();

CREATE TRIGGER keep_history_deleted AFTER DELETE ON public.entries REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.keep_history('address');

CREATE TRIGGER keep_history_inserted AFTER INSERT ON public.entries REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.keep_history('address');

CREATE TRIGGER keep_history_truncated AFTER TRUNCATE ON public.entries FOR EACH STATEMENT EXECUTE FUNCTION public.keep_history('address');

CREATE TRIGGER keep_history_updated AFTER UPDATE ON public.entries REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.keep_history('address');

CREATE TRIGGER tombstone_of_deleted AFTER DELETE ON public.entries REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.bury();

CREATE TRIGGER tombstone_of_renamed AFTER UPDATE ON public.entries REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.bury_renamed();

CREATE TRIGGER tombstone_of_truncated BEFORE TRUNCATE ON public.entries FOR EACH STATEMENT EXECUTE FUNCTION public.bury_all();

CREATE TRIGGER forwarding_policies_changed AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON public.forwarding_policies FOR EACH STATEMENT EXECUTE FUNCTION public.tell_domains_changed();

CREATE TRIGGER keep_history_deleted AFTER DELETE ON public.forwarding_policies REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.keep_history('affiliation');

CREATE TRIGGER keep_history_inserted AFTER INSERT ON public.forwarding_policies REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.keep_history('affiliation');

CREATE TRIGGER keep_history_truncated AFTER TRUNCATE ON public.forwarding_policies FOR EACH STATEMENT EXECUTE FUNCTION public.keep_history('affiliation');

CREATE TRIGGER keep_history_updated AFTER UPDATE ON public.forwarding_policies REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.keep_history('affiliation');

CREATE TRIGGER keep_history_deleted AFTER DELETE ON public.list_filters REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.keep_history('address', 'source', 'filter');

CREATE TRIGGER keep_history_inserted AFTER INSERT ON public.list_filters REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.keep_history('address', 'source', 'filter');

CREATE TRIGGER keep_history_truncated AFTER TRUNCATE ON public.list_filters FOR EACH STATEMENT EXECUTE FUNCTION public.keep_history('address', 'source', 'filter');

CREATE TRIGGER keep_history_updated AFTER UPDATE ON public.list_filters REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.keep_history('address', 'source', 'filter');

CREATE TRIGGER list_filters_deleted AFTER DELETE ON public.list_filters REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.tell_entries_changed();

CREATE TRIGGER list_filters_inserted AFTER INSERT ON public.list_filters REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.tell_entries_changed();

CREATE TRIGGER list_filters_truncated AFTER TRUNCATE ON public.list_filters FOR EACH STATEMENT EXECUTE FUNCTION public.tell_entries_changed();

CREATE TRIGGER list_filters_updated AFTER UPDATE ON public.list_filters REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.tell_entries_changed();

CREATE TRIGGER keep_history_deleted AFTER DELETE ON public.list_roles REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.keep_history('address', 'role', 'mailbox');

CREATE TRIGGER keep_history_inserted AFTER INSERT ON public.list_roles REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.keep_history('address', 'role', 'mailbox');

CREATE TRIGGER keep_history_truncated AFTER TRUNCATE ON public.list_roles FOR EACH STATEMENT EXECUTE FUNCTION public.keep_history('address', 'role', 'mailbox');

CREATE TRIGGER keep_history_updated AFTER UPDATE ON public.list_roles REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.keep_history('address', 'role', 'mailbox');

CREATE TRIGGER list_roles_deleted AFTER DELETE ON public.list_roles REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.tell_entries_changed();

CREATE TRIGGER list_roles_inserted AFTER INSERT ON public.list_roles REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.tell_entries_changed();

CREATE TRIGGER list_roles_truncated AFTER TRUNCATE ON public.list_roles FOR EACH STATEMENT EXECUTE FUNCTION public.tell_entries_changed();

CREATE TRIGGER list_roles_updated AFTER UPDATE ON public.list_roles REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.tell_entries_changed();

CREATE TRIGGER keep_history_deleted AFTER DELETE ON public.routes REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.keep_history('domain');

CREATE TRIGGER keep_history_inserted AFTER INSERT ON public.routes REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.keep_history('domain');

CREATE TRIGGER keep_history_truncated AFTER TRUNCATE ON public.routes FOR EACH STATEMENT EXECUTE FUNCTION public.keep_history('domain');

CREATE TRIGGER keep_history_updated AFTER UPDATE ON public.routes REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.keep_history('domain');

CREATE TRIGGER routes_changed AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON public.routes FOR EACH STATEMENT EXECUTE FUNCTION public.tell_domains_changed();

CREATE TRIGGER keep_history_deleted AFTER DELETE ON public.targets REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.keep_history('address', 'target');

CREATE TRIGGER keep_history_inserted AFTER INSERT ON public.targets REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.keep_history('address', 'target');

CREATE TRIGGER keep_history_truncated AFTER TRUNCATE ON public.targets FOR EACH STATEMENT EXECUTE FUNCTION public.keep_history('address', 'target');

CREATE TRIGGER keep_history_updated AFTER UPDATE ON public.targets REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.keep_history('address', 'target');

CREATE TRIGGER targets_deleted AFTER DELETE ON public.targets REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.tell_entries_changed();

CREATE TRIGGER targets_inserted AFTER INSERT ON public.targets REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.tell_entries_changed();

CREATE TRIGGER targets_truncated AFTER TRUNCATE ON public.targets FOR EACH STATEMENT EXECUTE FUNCTION public.tell_entries_changed();

CREATE TRIGGER targets_updated AFTER UPDATE ON public.targets REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.tell_entries_changed();
