/** The embedded server's three configuration files. They are written anew at each start: they are ours, not the operator's. */
import { totalmem } from "node:os";

/** Of the machine, or of the container's limit where there is one. */
const memoryHere = () => Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY);

/** On the command line, where neither a file nor ALTER SYSTEM can weaken them: a 250 means committed. */
export const DURABLE = ["fsync=on", "full_page_writes=on", "synchronous_commit=on"];

const MB = 1024 * 1024;

/** An eighth of the machine, 64 MB to 1 GB: the indexes and a queue's rows stay in memory, the rest is left to Node and the page cache. */
const sharedBuffers = (memory: number) => Math.round(Math.min(1024 * MB, Math.max(64 * MB, memory / 8)) / MB);

/** postgresql.conf, tuned for two cores that Postgres shares with us. */
export function serverSettings(runDirectory: string, memory = memoryHere()): string {
  const settings: [name: string, value: string, why: string][] = [
    ["listen_addresses", "", "socket only: no port, no password"],
    ["unix_socket_directories", runDirectory, ""],
    ["unix_socket_permissions", "0700", ""],
    ["max_connections", "100", "pools of the worker processes, the parent and command line verbs"],
    [
      "shared_buffers",
      `${sharedBuffers(memory)}MB`,
      "fresh content is delivered from Node's memory: indexes and waiting rows must fit here",
    ],
    ["effective_cache_size", `${Math.round(memory / 2 / MB)}MB`, ""],
    ["work_mem", "8MB", "the sorts of the panel and of claiming are small"],
    ["maintenance_work_mem", "64MB", ""],
    ["max_parallel_workers_per_gather", "0", "two cores, and mail needs both"],
    ["jit", "off", "compiling costs more than any of our statements"],
    ["random_page_cost", "1.1", "no spinning disks"],
    ["max_logical_replication_workers", "0", "nobody subscribes"],
    ["max_locks_per_transaction", "256", "a search over a year of daily partitions locks each table and index"],
    ["wal_buffers", "16MB", "a group commit carries megabytes of content"],
    ["max_wal_size", "4GB", "content is written twice; a checkpoint per gigabyte would write whole pages again after each"],
    ["wal_compression", "off", "the programs have pglz only, and whole pages are rare: 60 in 6,000 messages just after a checkpoint"],
    ["min_wal_size", "256MB", "segments are reused, which spares creating them"],
    ["checkpoint_timeout", "15min", ""],
    ["checkpoint_completion_target", "0.9", ""],
    ["autovacuum_naptime", "15s", "queue rows live for milliseconds; dead ones must go before the claim's index grows"],
    ["autovacuum_vacuum_cost_limit", "2000", "vacuum in step with the load"],
    ["client_connection_check_interval", "2s", "a statement of a process that was killed ends with it"],
    ["idle_in_transaction_session_timeout", "60s", "an open transaction holds back vacuum of the queue"],
    ["timezone", "UTC", ""],
    ["log_timezone", "UTC", ""],
    ["datestyle", "iso, mdy", ""],
    ["lc_messages", "C", ""],
    ["log_line_prefix", "%m [%p] %a ", ""],
    ["log_error_verbosity", "terse", "details name the values of a row: addresses"],
    ["log_min_error_statement", "panic", "statements of ours may carry addresses; the code at fault logs the error"],
    ["log_parameter_max_length", "0", "no addresses, no content"],
    ["log_min_duration_statement", "2s", ""],
    ["log_lock_waits", "on", ""],
    ["log_autovacuum_min_duration", "1min", ""],
  ];
  return `# Written by mailroom at each start.\n${settings.map(([name, value, why]) => `${name} = '${value.replaceAll("'", "''")}'${why && ` # ${why}`}\n`).join("")}`;
}

/** Peer authentication on the socket, through the map below; nothing else. */
export const HOST_RULES = "local all all peer map=mailroom\n";

/** Who may be role mailroom: the account that runs Node, and root. Postgres' own account as well: it owns the files anyway. */
export const identMap = (accounts: readonly string[]): string =>
  [...new Set(["root", ...accounts])].map((name) => `mailroom "${name.replaceAll('"', '""')}" mailroom\n`).join("");
