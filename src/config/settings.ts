/**
 * config: reads the settings once, from one YAML file and the environment, and reports all faults together. The only reader of
 * process.env and of the settings file. Trusts nobody's spelling; changes nothing but its own certificate files.
 *
 * This file is the list: name, type, default, sentence. The YAML key, the environment name, the type `Settings` and
 * docs/settings.md come from it.
 */
import { fromMachine, later, type Setting, setting, unset } from "./setting.ts";
import { dnsServers, listen, networks } from "./types/addresses.ts";
import { ldapSources } from "./types/ldap.ts";
import { duration, durations, integer, oneOf, share, size, someOf, words } from "./types/measures.ts";
import { databaseUrl, hostname, issuer, label, mailbox, path, secret, webUrl } from "./types/names.ts";

export const settingsList = {
  hostname: setting(
    hostname,
    fromMachine("the machine's name", (machine) => (hostname.schema.safeParse(machine.hostname).success ? machine.hostname : "localhost")),
    "Our name: in the greeting, in EHLO, in trace fields and as authserv-id. RFC 5321 §2.3.5: a full name that DNS knows.",
  ),
  data_dir: setting(path, "./data", "Folder of the embedded database, the self-signed certificate and, in the demo, the Maildirs."),
  services: setting(someOf("receive", "deliver", "admin"), "receive,deliver,admin", "What this server does."),
  workers: setting(
    integer(1, 256),
    fromMachine("1 per core", (machine) => String(Math.min(256, machine.cores))),
    "Worker processes; each is a full node.",
  ),
  postmaster: setting(
    mailbox,
    unset("none: such mail is held for an admin"),
    "Who gets the mail to postmaster@ of every domain of ours that has no entry of its own for it. RFC 5321 §4.5.1: it is always accepted.",
  ),

  "database.url": setting(
    databaseUrl,
    unset("embedded"),
    "A Postgres of version 15 or later, as in `postgres://mailroom@db.campus.example/mailroom`. Without it the server starts one of its own in `data_dir`.",
  ),
  "database.connections": setting(integer(2, 500), "10", "Connections each worker keeps to the database."),
  "database.free_space": setting(
    size("0 B", "1000 GiB"),
    "2 GiB",
    "Below this much free space on the database's volume MAIL is answered 452 4.3.1; what is queued is still delivered. The smaller of this and `database.free_share` counts.",
  ),
  "database.free_share": setting(share(0, 50), "10%", "The same as a part of the volume."),

  "smtp.listen": setting(listen, "127.0.0.1:2525", "Where mail comes in from other servers, without sign-in."),
  "smtp.size": setting(
    size("1 KiB", "1 GiB"),
    "50 MiB",
    "Largest message (RFC 1870); beyond it 552 5.3.4. RFC 5321 §4.5.3.1.7: at least 64 KiB.",
  ),
  "smtp.size_overrun": setting(
    size("0 B", "1 GiB"),
    "1 MiB",
    "How far past `smtp.size` a message is still read, so that the client hears its 552 5.3.4 at the end; beyond it the connection is closed.",
  ),
  "smtp.recipients": setting(
    integer(100, 100_000),
    "1000",
    "Recipients one transaction may name; beyond it 452 4.5.3. RFC 5321 §4.5.3.1.8: at least 100.",
  ),
  "smtp.header_size": setting(size("1 KiB", "16 MiB"), "256 KiB", "Largest header section; beyond it 552 5.3.4."),
  "smtp.line_length": setting(
    size("1000 B", "1 MiB"),
    "32 KiB",
    "Longest line of a message, without its CRLF; beyond it 554 5.6.0. RFC 5321 §4.5.3.1.6: at least 998.",
  ),
  "smtp.received_fields": setting(
    integer(25, 200),
    "50",
    "Received fields after which a message is in a loop: 554 5.4.6. RFC 5321 §6.3 suggests 100; we stop sooner, because a loop here can multiply copies.",
  ),
  "smtp.connections": setting(integer(10, 100_000), "2000", "Connections per worker; beyond it 421 4.3.2."),
  "smtp.reserved_connections": setting(
    share(0, 90),
    "20%",
    "The part of `smtp.connections` kept for trusted networks and our own next hops.",
  ),
  "smtp.connections_per_client": setting(
    integer(1, 100_000),
    "20",
    "Connections of one address (IPv6: of one /64) per worker; beyond it 421 4.7.0. Loopback and trusted networks count in the total only.",
  ),
  "smtp.first_mail_timeout": setting(duration("1s", "10m"), "60s", "From the greeting to the first MAIL; then 421 4.4.2."),
  "smtp.command_timeout": setting(
    duration("1s", "1h"),
    "5m",
    "Between two commands; then 421 4.4.2. RFC 5321 §4.5.3.2.7: at least 5 minutes.",
  ),
  "smtp.data_timeout": setting(duration("1s", "4h"), "30m", "DATA in total; then 421 4.4.2."),
  "smtp.data_rate": setting(size("1 B", "1 MiB"), "500 B", "Least octets per second of DATA; then 421 4.4.2."),
  "smtp.data_rate_grace": setting(duration("1s", "10m"), "30s", "`smtp.data_rate` counts after this time."),
  "smtp.command_length": setting(
    size("512 B", "12 KiB"),
    "2048 B",
    "Longest command line; beyond it 500 5.5.2. RFC 5321 §4.5.3.1.4: at least 512.",
  ),
  "smtp.refused_commands": setting(integer(1, 1000), "20", "Refused commands per connection; then 421 4.7.0."),
  "smtp.idle_commands": setting(
    integer(10, 10_000),
    "100",
    "NOOP, RSET, VRFY, HELP, HELO and EHLO of a connection since its last message; then 421 4.7.0.",
  ),
  "smtp.bad_lines": setting(
    integer(1, 100),
    "2",
    "Command lines with a bare CR or LF or a NUL: each is 500 5.5.2, and this many close the connection.",
  ),
  "smtp.long_lines": setting(
    integer(1, 100),
    "3",
    "Command lines over `smtp.command_length`: each is 500 5.5.2, and this many close the connection.",
  ),
  "smtp.lookup_timeout": setting(duration("100ms", "1m"), "5s", "How long RCPT waits for the directory; then 451 4.3.0."),
  "smtp.intake_timeout": setting(duration("1s", "10m"), "1m", "How long a message waits for room in the queue; then 451 4.3.0 at its end."),
  "smtp.drain_timeout": setting(duration("1s", "10m"), "30s", "How long DATA may go on when the server stops; then 421 4.3.2."),
  "smtp.refusal_delay": setting(duration("0s", "1m"), "1s", "Wait before each reply once half of `smtp.refused_commands` were refused."),

  "submission.listen": setting(listen, "off", "Where people sign in to send mail: STARTTLS, usually port 587."),
  "submissions.listen": setting(listen, "off", "The same with TLS from the first octet, usually port 465. RFC 8314 §3.3: to be preferred."),

  "sending.staff": setting(
    words,
    "staff,faculty,employee",
    "Affiliations with the wider limits. Everybody else, and who has none, has the narrow ones.",
  ),
  "sending.staff_per_hour": setting(integer(1, 1_000_000), "500", "Recipients one of them may name in an hour; then 450 4.7.1."),
  "sending.others_per_hour": setting(integer(1, 1_000_000), "200", "The same for everybody else, students above all."),
  "sending.others_first_time_per_day": setting(
    integer(1, 1_000_000),
    "100",
    "Recipients they never sent to before that everybody else may name in a day; then 450 4.7.1.",
  ),
  "sending.hard_stop": setting(
    integer(1, 1_000_000),
    "1000",
    "Recipients a person names in ten minutes, accepted or not, after which they are stopped and their waiting mail is held until `mailroom account resume`.",
  ),

  "autoconfig.hostname": setting(
    hostname,
    unset("`hostname`"),
    "The name mail programs are told to send through; the certificate must have it.",
  ),
  "autoconfig.submission_port": setting(integer(1, 65_535), "587", "The port of `submission.listen` as the network sees it."),
  "autoconfig.submissions_port": setting(integer(1, 65_535), "465", "The port of `submissions.listen` as the network sees it."),
  "autoconfig.imap_hostname": setting(
    hostname,
    unset("none: programs are told of sending only"),
    "The campus's IMAP server (port 993, TLS), which mail programs are told of too. Thunderbird and Apple's profiles need one.",
  ),

  "relay.trusted_networks": setting(
    networks,
    "",
    "Networks that may send to anywhere without signing in. Empty: nobody. A network shorter than /8 (IPv6: /19) is refused.",
  ),

  "tls.cert": setting(
    path,
    unset("self-signed, made at first start"),
    "Certificate chain, PEM, our own first. A replaced file is taken up within 60 s without a restart.",
  ),
  "tls.key": setting(path, unset("self-signed, made at first start"), "Its private key, PEM."),

  "resolve.depth": setting(integer(1, 50), "10", "Levels of an expansion: aliases and lists inside each other; beyond it 550 5.2.4."),
  "resolve.recipients": setting(integer(1, 100_000), "10000", "Final recipients one address may have; beyond it 550 5.2.4."),
  "resolve.message_recipients": setting(integer(100, 1_000_000), "100000", "Final recipients of a whole message; beyond it 452 4.5.3."),

  "queue.retry": setting(
    durations("1s", "7d"),
    "1m,5m,15m,30m,1h,2h,4h",
    "Waits between attempts, ± 20 %; the last one repeats. RFC 5321 §4.5.4.1: at least 30 minutes, a shorter start is usual.",
  ),
  "queue.lifetime": setting(
    duration("1s", "30d"),
    "4d",
    "Age at which a recipient fails and its DSN goes out. RFC 5321 §4.5.4.1: at least 4-5 days.",
  ),
  "queue.delay_warning": later(duration("1s", "30d"), "4h", "Age at which the sender hears that a recipient is delayed."),
  "queue.dsn_lifetime": setting(duration("1s", "30d"), "1d", "The lifetime of what we wrote ourselves."),
  "queue.lease": setting(
    duration("5s", "1h"),
    "120s",
    "How long a node's claim holds without a sign of life; then another node takes over.",
  ),
  "queue.in_memory": setting(
    size("0 B", "64 MiB"),
    "1 MiB",
    "Messages up to this size stay in memory until they are delivered; larger ones are written to the database while they come in, and read back.",
  ),
  "queue.memory": setting(
    size("1 MiB", "64 GiB"),
    "64 MiB",
    "All the content a worker keeps in memory; beyond it smaller messages are written ahead too.",
  ),
  "trace.retention": setting(duration("1d", "3650d"), "90d", "How long what happened to each recipient can be looked up."),

  "deliver.workers": setting(integer(1, 10_000), "100", "Deliveries in progress at once per worker process."),
  "deliver.share": setting(share(1, 100), "25%", "The part of `deliver.workers` one next hop may hold."),
  "deliver.first_concurrency": setting(integer(1, 1000), "5", "Connections to a next hop at first."),
  "deliver.concurrency": setting(
    integer(1, 1000),
    "20",
    "Connections to a next hop at most; it grows with success and shrinks with failure.",
  ),
  "deliver.recipients": setting(
    integer(1, 10_000),
    "100",
    "Recipients of one outgoing transaction. RFC 5321 §4.5.3.1.8: every server takes 100.",
  ),
  "deliver.mx_hosts": setting(integer(1, 100), "10", "Hosts of a domain that one attempt tries. RFC 5321 §5.1: at least two."),
  "deliver.connect_timeout": setting(duration("1s", "5m"), "30s", "To be connected with a host."),
  "deliver.greeting_timeout": setting(duration("1s", "10m"), "5m", "For its greeting. RFC 5321 §4.5.3.2.1: 5 minutes."),
  "deliver.command_timeout": setting(duration("1s", "10m"), "5m", "For each reply. RFC 5321 §4.5.3.2.2, §4.5.3.2.3: 5 minutes."),
  "deliver.attempt_timeout": setting(duration("1s", "1h"), "10m", "For one attempt in total."),
  "deliver.large_attempt_timeout": setting(duration("1s", "4h"), "20m", "The same for messages above `deliver.large`."),
  "deliver.large": setting(size("1 B", "1 GiB"), "10 MB", "What a large message is."),
  "deliver.reply_size": setting(size("512 B", "16 MiB"), "64 KiB", "Longest reply of a host; beyond it the attempt has failed for now."),
  "deliver.allowed_networks": setting(
    networks,
    "",
    "Networks that the hosts of MX records and targets may lie in although they are private, loopback or link-local. A configured route needs no entry here.",
  ),

  "deliver.capture": setting(
    path,
    unset("off"),
    "A folder: nothing leaves this machine; copies whose route is not a `maildir:` of its own go to a Maildir `domain/local-part` below it. The demo uses it.",
  ),

  "http.listen": setting(
    listen,
    "127.0.0.1:8025",
    "The panel, its API and health, for this machine alone: the world comes through a web server.",
  ),
  "http.public_url": setting(
    webUrl,
    unset("off: the panel works on this machine alone, and nobody leaves a list by a link"),
    "Where people reach this server from outside, as in `https://lists.campus.example`: a web server that hands everything on to `http.listen`, at least `/leave/` and `/forwarding/`. The panel takes changes from pages of this origin alone. Copies of lists whose members may leave then carry a link for it (RFC 8058), and mail about forwarding has links to confirm and to undo it.",
  ),
  "oidc.issuer": setting(
    issuer,
    unset("off: people sign in with a name and a password"),
    "The OpenID provider through which people sign in to the panel, as in `https://login.campus.example`. Register `http.public_url` and `/api/v1/session/oidc/callback` there as the redirect URI.",
  ),
  "oidc.client_id": setting(label, unset("none"), "Who we are to the provider."),
  "oidc.client_secret": setting(secret, unset("none: a public client"), "Our secret with the provider."),
  "oidc.name": setting(label, "campus account", "What the button on the sign-in page names, as in `Sign in with campus account`."),
  "oidc.address_claim": setting(
    label,
    "email",
    "The claim with a person's own address. It counts at our own domains alone, and only when the provider says `email_verified`. Who somebody is never depends on it.",
  ),
  "metrics.listen": setting(
    listen,
    "off",
    "/metrics, /livez and /readyz for the network. When off they are on `http.listen`, for loopback only.",
  ),
  "dns.servers": setting(dnsServers, "", "DNS servers to ask. Empty: the system's."),

  "ldap_cache.fresh": setting(duration("1s", "1h"), "60s", "How long an answer of an LDAP source counts without asking again."),
  "ldap_cache.stale": setting(
    duration("0s", "30d"),
    "24h",
    "How long the last good answer serves when a source fails; then the address is answered 451. That somebody is unknown is never answered while the source fails.",
  ),
  ldap: setting(ldapSources, "", "LDAP sources of people and groups, in the order in which they count: [ldap.md](ldap.md)."),
  "srs.secrets": later(
    secret,
    unset("generated into `data_dir`"),
    "Secrets of the addresses that leave campus for foreign senders, newest first.",
  ),
  "srs.domain": later(hostname, unset("the first domain"), "The domain of these addresses."),

  "log.format": setting(oneOf("auto", "postfix", "json"), "auto", "How log lines look. auto: postfix-style on a terminal, json otherwise."),
  "log.level": setting(oneOf("debug", "info", "warn", "error"), "info", "The least severe lines that are written."),
} satisfies Record<string, Setting<unknown>>;

export type SettingKey = keyof typeof settingsList;
