/** What a database must be like to be trusted with mail: the rules, without the asking. */

export type GateReport = {
  /** Each with a way out. Any: do not start, exit code 78. */
  readonly refusals: readonly string[];
  /** For the log; the server is used all the same. */
  readonly warnings: readonly string[];
};

/** SQL must run on Postgres 15; older ones lack what our statements and partitions need. */
const OLDEST = 150_000;

/** Server parameters that are looked at, as one of our sessions gets them. */
export const SETTINGS = [
  "fsync",
  "full_page_writes",
  "synchronous_commit",
  "synchronous_standby_names",
  "server_encoding",
  "data_checksums",
  "server_version_num",
  "server_version",
] as const;
type Settings = Readonly<Record<(typeof SETTINGS)[number], string>>;

/** What the rules need to know, as it is for one of our sessions. */
export type Facts = {
  readonly settings: Settings;
  /** The URL names several hosts: one may take over from another. */
  readonly hasFailover: boolean;
  /** In clear text to another machine. */
  readonly isExposed: boolean;
  readonly isStandby: boolean;
};

type Rule = readonly [applies: (facts: Facts) => boolean, says: (settings: Settings) => string];

const LOST = "acknowledged mail could be lost";

const REFUSALS: readonly Rule[] = [
  [({ settings }) => Number(settings.server_version_num) < OLDEST, (s) => `Postgres ${s.server_version} is too old: 15 or newer is needed`],
  [({ settings }) => settings.fsync !== "on", (s) => `fsync is ${s.fsync}: at a power cut ${LOST}; set fsync = on`],
  [
    ({ settings }) => settings.full_page_writes !== "on",
    (s) => `full_page_writes is ${s.full_page_writes}: at a power cut ${LOST}; set full_page_writes = on`,
  ],
  [
    // local and remote_write answer before a standby has it on disk, off before this server has.
    ({ settings }) => !["on", "remote_apply"].includes(settings.synchronous_commit),
    (s) => `synchronous_commit is ${s.synchronous_commit} for our sessions: ${LOST}; set it to on, for the database and the role too`,
  ],
  [
    ({ settings, hasFailover }) => hasFailover && settings.synchronous_standby_names.trim() === "",
    () =>
      `the database URL names several hosts but synchronous_standby_names is empty: at a failover ${LOST}; name the standbys, or one host only`,
  ],
  [
    ({ settings }) => settings.server_encoding !== "UTF8",
    (s) => `the database's encoding is ${s.server_encoding}: addresses and headers need UTF8; create it with encoding 'UTF8'`,
  ],
  [({ isStandby }) => isStandby, () => "the database is a standby and takes no writes; give the primary's host"],
];

const WARNINGS: readonly Rule[] = [
  [
    ({ settings }) => settings.data_checksums !== "on",
    () => "data checksums are off: damage on the database's disk goes unnoticed (pg_checksums --enable turns them on)",
  ],
  [({ isExposed }) => isExposed, () => "the connection to the database is in clear text; add sslmode=verify-full to its URL"],
];

/** All that is wrong, at once. */
export function judge(facts: Facts): GateReport {
  const broken = (rules: readonly Rule[]) => rules.filter(([applies]) => applies(facts)).map(([, says]) => says(facts.settings));
  return { refusals: broken(REFUSALS), warnings: broken(WARNINGS) };
}
