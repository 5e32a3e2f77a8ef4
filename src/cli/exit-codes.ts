/** How a command ends: one place that turns what was thrown into an exit code and into words with a next step. */

/**
 * The contract; the numbers above 63 are those of sysexits.h. `usage`: words of the command line are missing, unknown or not of the
 * form the help gives (a count, a duration, one of several words). `badData`: the command is well said, but an address, domain, date, URL, id
 * or text in it, or a row of a file, is none.
 */
export const EXIT = { done: 0, failed: 1, usage: 64, badData: 65, unreachable: 69, notAllowed: 77, badConfiguration: 78 } as const;

/** The same in `mailroom --help`. */
export const EXIT_CODES = `
Exit codes:
  0 done   1 failed or not found   64 wrong usage   65 bad data (an address, a date, a row that is none)
  69 database unreachable   77 not allowed   78 bad configuration
  explain: 0 all deliver   1 something is unavailable now   2 something fails`;

/** What the user sees of a failure. `hint` is the next step. */
export type Failure = { readonly code: number; readonly message: string; readonly hint: string | null };

/** The command was called wrongly. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** A value of the command line is not what it stands for. */
export class BadValue extends Error {
  override readonly name = "BadValue";
  readonly hint: string | null;
  constructor(message: string, hint: string | null = null) {
    super(message);
    this.hint = hint;
  }
}

/** The command has said on its own what it had to say and only its exit code is left. */
export class Exit extends Error {
  override readonly name = "Exit";
  readonly code: number;
  constructor(code: number) {
    super(`exit ${code}`);
    this.code = code;
  }
}

/** Nobody reads our output any more (`mailroom … | head`): not a failure. */
export class OutputGone extends Error {
  override readonly name = "OutputGone";
}

type Named = Error & Readonly<Partial<Record<"code" | "kind" | "hint" | "path" | "syscall" | "address" | "port", unknown>>>;

/** Refusals that are not simply "failed or not found". */
const REFUSED: Readonly<Record<string, number>> = { badData: EXIT.badData, unreachable: EXIT.unreachable };

/**
 * Sorts whatever was thrown. Errors of other folders are known by their names, so that a command that needs none of them does
 * not load them (the driver alone takes longer than `--help` may).
 */
export function failureOf(error: unknown): Failure {
  if (!(error instanceof Error)) return failed(String(error));
  const { kind, hint } = error as Named;
  const next = typeof hint === "string" ? hint : null;
  switch (error.name) {
    case "UsageError":
      return { code: EXIT.usage, message: error.message, hint: next };
    case "BadValue":
      return { code: EXIT.badData, message: error.message, hint: next };
    case "Refusal":
      return { code: REFUSED[String(kind)] ?? EXIT.failed, message: error.message, hint: next };
    case "SettingsError":
      return { code: EXIT.badConfiguration, message: `the settings are not good:\n${error.message}`, hint: null };
    case "EmbeddedFault":
    case "SchemaFault":
    case "UnsafeDatabase":
      return { code: EXIT.badConfiguration, message: error.message, hint: next };
    case "BadDatabaseUrl":
      return {
        code: EXIT.badConfiguration,
        message: `database.url: ${error.message}`,
        hint: "Mend database.url, or MAILROOM_DATABASE_URL.",
      };
    case "DatabaseUnavailable":
      return { code: EXIT.unreachable, message: error.message, hint: "Is the database running, and do database.url and its password fit?" };
    case "CommitUnknown":
      return {
        code: EXIT.unreachable,
        message: "the connection broke while the change was being committed",
        hint: "Look whether it is there before you repeat it.",
      };
    default:
      return databaseFailure(error) ?? listenFailure(error) ?? fileFailure(error as Named) ?? failed(error.message);
  }
}

const failed = (message: string): Failure => ({
  code: EXIT.failed,
  message: `unexpected: ${message}`,
  hint: "Run it again with MAILROOM_LOG_LEVEL=debug to see where, and report it.",
});

/** SQLSTATEs that a person can do something about, by their beginning. */
const SQLSTATES: readonly (readonly [start: string, code: number, message: string, hint: string])[] = [
  ["42P01", EXIT.badConfiguration, "the database has no tables of this version", "Bring it up to date: mailroom migrate"],
  ["42703", EXIT.badConfiguration, "the database has no tables of this version", "Bring it up to date: mailroom migrate"],
  [
    "42501",
    EXIT.notAllowed,
    "the database does not let this account do that",
    "Use the account that owns the tables, or grant it the rights.",
  ],
  ["55P03", EXIT.failed, "another change is being made (an import?)", "Try again when it is done."],
  ["25006", EXIT.unreachable, "the database only reads at present (a standby?)", "Name the primary in database.url."],
  ["28", EXIT.unreachable, "the database does not accept our login", "Mend user and password in database.url, or MAILROOM_DATABASE_URL."],
  ["3D", EXIT.unreachable, "the database named in database.url does not exist", "Create it, or mend the name."],
  ["08", EXIT.unreachable, "the connection to the database broke", "Nothing was changed. Try again."],
  ["53", EXIT.unreachable, "the database is out of connections, memory or disk", "Nothing was changed. See its log."],
  ["57014", EXIT.unreachable, "the database took too long and was stopped", "Nothing was changed. Try again when it has less to do."],
  ["57", EXIT.unreachable, "the database is starting or stopping", "Nothing was changed. Try again."],
];

/** The database server's own errors carry a SQLSTATE, perhaps under a wrapper. */
function databaseFailure(error: Error): Failure | null {
  for (let e: unknown = error; e instanceof Error; e = e.cause) {
    const { code } = e as Named;
    if (typeof code !== "string" || !/^[0-9A-Z]{5}$/.test(code) || !("severity" in e)) continue;
    const known = SQLSTATES.find(([start]) => code.startsWith(start));
    return known ? { code: known[1], message: known[2], hint: known[3] } : failed(`${e.message} (SQLSTATE ${code})`);
  }
  return null;
}

/** A listener that could not be opened: smtp.listen, http.listen, metrics.listen. */
function listenFailure({ code, syscall, address, port }: Named): Failure | null {
  if (syscall !== "listen" && syscall !== "bind") return null;
  const at = `${String(address).includes(":") ? `[${String(address)}]` : String(address)}:${String(port)}`;
  switch (code) {
    case "EADDRINUSE":
      return {
        code: EXIT.badConfiguration,
        message: `${at} is taken by another program`,
        hint: "Stop that one, or listen elsewhere (smtp.listen, http.listen, metrics.listen).",
      };
    case "EADDRNOTAVAIL":
    case "EAFNOSUPPORT":
      return {
        code: EXIT.badConfiguration,
        message: `${at} is no address of this machine`,
        hint: "Mend smtp.listen, http.listen or metrics.listen.",
      };
    case "EACCES":
    case "EPERM":
      return {
        code: EXIT.notAllowed,
        message: `this account may not listen on ${at}`,
        hint: "Ports below 1024 need the capability CAP_NET_BIND_SERVICE, or another port.",
      };
    default:
      return null;
  }
}

/** Node's errors about files. */
function fileFailure(error: Named): Failure | null {
  const path = typeof error.path === "string" ? error.path : "the file";
  switch (error.code) {
    case "ENOENT":
      return { code: EXIT.failed, message: `there is no ${path}`, hint: null };
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return {
        code: EXIT.notAllowed,
        message: `${path}: not allowed (${error.code})`,
        hint: "Look at its owner and mode, and whom you run this as.",
      };
    case "EISDIR":
      return { code: EXIT.badData, message: `${path} is a directory`, hint: "Name a file." };
    case "ENOSPC":
    case "EDQUOT":
      return { code: EXIT.failed, message: `no space left to write ${path}`, hint: "Make room and try again." };
    default:
      return null;
  }
}
