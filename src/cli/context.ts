/** What a verb gets: its options, the output, and the database when it asks for one. Everything is opened late and closed once. */
import { existsSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import { join } from "node:path";
import type { LoadedSettings } from "../config/load-settings.ts";
import type { Db } from "../db/client.ts";
import type { Connection } from "../db/connection.ts";
import type { Ldap } from "../ldap.ts";
import type { Log } from "../log/log.ts";
import { counted } from "../mail/counted.ts";
import type { Output } from "./output.ts";

/** Options every verb takes, before or after its name. */
export type GlobalOptions = { readonly config?: string; readonly json?: boolean };

export type CliContext = {
  readonly out: Output;
  /** `--json` */
  readonly json: boolean;
  /** Who runs this, for change records: "ann@mx1 via cli". */
  readonly actor: string;
  setOptions(options: GlobalOptions): void;
  /** Read once. Throws SettingsError, which ends the command with 78. */
  settings(): Promise<LoadedSettings>;
  /** Warnings and errors as sentences on stderr; everything with log.level debug. */
  readonly log: Log;
  /** Where the database is: by URL, or the embedded server, attached to or started for as long as this command runs. */
  connection(): Promise<Connection>;
  /** A pool for this command's own statements, which may take long. */
  db(): Promise<Db>;
  /** The directory as it is now, with the LDAP sources behind it. */
  ldap(): Promise<Ldap>;
  debugging(): boolean;
  close(): Promise<void>;
};

/** An import of a million rows may take minutes; a lock that is not free in 15 s belongs to another import. */
const STATEMENT_MS = 30 * 60_000;
const LOCK_MS = 15_000;

export function openContext(out: Output): CliContext {
  let options: GlobalOptions = {};
  let loaded: LoadedSettings | undefined;
  const opened: (() => Promise<void>)[] = []; // closed from the last to the first
  const log = sentences(out, () => loaded?.settings.log.level === "debug");

  const settings = async (): Promise<LoadedSettings> => {
    if (loaded) return loaded;
    const { settingsOfProcess } = await import("../config/settings-of-process.ts");
    loaded = settingsOfProcess(options.config);
    return loaded;
  };
  const close = async (): Promise<void> => {
    for (let end = opened.pop(); end; end = opened.pop()) await end();
  };
  const connection = once(async () => {
    const { database, dataDir } = (await settings()).settings;
    const { parseDatabaseUrl } = await import("../db/connection.ts");
    if (database.url) return parseDatabaseUrl(database.url.reveal());
    const { startEmbedded } = await import("../db/embedded/embedded.ts");
    closeOnSignals(close);
    const isNew = !existsSync(join(dataDir, "postgres", "cluster", "PG_VERSION"));
    const embedded = await startEmbedded({ dataDir, log });
    opened.push(() => embedded.stop());
    if (isNew) {
      out.note(`There was no database in ${dataDir}: a new, empty one was made.`);
      out.note("If you meant another one, name its folder in MAILROOM_DATA_DIR, or the settings with --config.");
    }
    if (!embedded.attached) await migrated(embedded.connection, dataDir, isNew);
    return embedded.connection;
  });
  /** A server we start ourselves may be new or of an older version; one that runs already was brought up to date by who started it. */
  const migrated = async (to: Connection, dataDir: string, isNew: boolean): Promise<void> => {
    const { migrate } = await import("../db/migrate.ts");
    const applied = await migrate(to, log);
    if (applied.length > 0 && !isNew)
      out.note(`The database in ${dataDir} is now at this version (${counted(applied.length, "migration")}).`);
  };
  const db = once(async () => {
    const to = await connection();
    const { openDatabase } = await import("../db/client.ts");
    const pool = openDatabase(to, { applicationName: "mailroom cli", max: 2, log, statementMs: STATEMENT_MS, lockMs: LOCK_MS });
    opened.push(() => pool.close());
    return pool;
  });
  const ldap = once(async () => {
    const [{ readDirectory }, { openLdap }] = await Promise.all([import("../directory/open-directory.ts"), import("../ldap.ts")]);
    const pool = await db();
    const sources = await openLdap(pool, readDirectory(pool), (await settings()).settings, log, null);
    opened.push(() => sources.close());
    return sources;
  });
  return {
    out,
    log,
    get json() {
      return options.json === true;
    },
    actor: actorName(),
    setOptions: (given) => {
      options = given;
    },
    settings,
    connection,
    db,
    ldap,
    debugging: () => loaded?.settings.log.level === "debug",
    close,
  };
}

/** The same promise for every caller. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

/** Ctrl-C: an open transaction is rolled back by the server, and a server started for this command is stopped before we go. */
function closeOnSignals(close: () => Promise<void>): void {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      void close().finally(() => process.kill(process.pid, signal)); // `once`: the second one ends us as if we had not listened
    });
  }
}

/** The system's user and machine; a user without a name (a container) by number. */
function actorName(): string {
  let user: string;
  try {
    user = userInfo().username;
  } catch {
    user = `uid ${process.getuid?.() ?? "?"}`;
  }
  return `${user}@${hostname()} via cli`;
}

/** A Log whose lines are sentences for the person at the terminal. */
function sentences(out: Output, everything: () => boolean): Log {
  const say =
    (label: string, always: boolean) =>
    (event: string, fields: object = {}) => {
      const known = Object.entries(fields).filter(([, value]) => value !== undefined && value !== null);
      if (always || everything()) out.note(`${label}: ${event}${known.map(([name, value]) => ` ${name}=${String(value)}`).join("")}`);
    };
  return {
    debug: say("debug", false),
    info: say("info", false),
    warn: say("warning", true),
    error: say("error", true),
    line: (_program, text) => (everything() ? out.note(text) : undefined),
  };
}
