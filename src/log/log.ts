/**
 * log: writes lines and counts; decides nothing. Lines go to one stream, in Postfix's shape for people and old tools, or as
 * JSON. Values never hold passwords or content.
 */
import { hostname } from "node:os";
import { pino } from "pino";

/** What a line says besides its event. */
export type Fields = Readonly<Record<string, string | number | boolean | null | undefined>>;

export type Level = "debug" | "info" | "warn" | "error";

/** One line about anything but a recipient's outcome (log/maillog.ts has those). */
export type Log = Readonly<Record<Level, (event: string, fields?: Fields) => void>> & {
  /** A line that is already complete, as Postfix's programs write them: `program` is smtp, smtpd, qmgr, … */
  line(program: string, text: string, fields: Fields): void;
};

export type LogOptions = {
  readonly format: "postfix" | "json";
  readonly level: Level;
  /** Where lines go; each call gets whole lines. */
  readonly write: (lines: string) => void;
};

const LEVELS: Readonly<Record<Level, number>> = { debug: 20, info: 30, warn: 40, error: 50 };

export function createLog(options: LogOptions): Log {
  const lowest = LEVELS[options.level];
  const at =
    (level: Level) =>
    (event: string, fields: Fields = {}) => {
      if (LEVELS[level] < lowest) return;
      if (json) json[level](fields, event);
      else options.write(postfixLine("mailroom", `${level === "info" ? "" : `${level}: `}${event}${fieldsText(fields)}`));
    };
  const json = options.format === "json" ? pino({ level: options.level, base: { pid: process.pid } }, { write: options.write }) : null;
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    line(program, text, fields) {
      if (LEVELS.info < lowest) return;
      if (json) json.info({ program, ...fields }, text);
      else options.write(postfixLine(`mailroom/${program}`, text));
    },
  };
}

/** Lines are collected for this long before they are written: thousands a second cost one system call. */
const FLUSH_MS = 50;
const FLUSH_CHARACTERS = 64 * 1024;

/** A writer to a file descriptor that collects lines; `flush` before the process ends. */
export function bufferedWriter(writeSync: (text: string) => void): { write(lines: string): void; flush(): void } {
  let waiting = "";
  let timer: NodeJS.Timeout | null = null;
  const flush = (): void => {
    if (timer) clearTimeout(timer);
    timer = null;
    const text = waiting;
    waiting = "";
    if (text !== "") writeSync(text);
  };
  return {
    write(lines) {
      waiting += lines;
      if (waiting.length > FLUSH_CHARACTERS) flush();
      else timer ??= setTimeout(flush, FLUSH_MS).unref();
    },
    flush,
  };
}

const HOST = hostname().split(".")[0] ?? "localhost";
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
let stamp = { second: -1, text: "" };

/** `Nov 25 03:36:15 mx mailroom/smtp[812]: …`, so that pflogsumm and its kind read it (RFC 3164 §4.1.2). */
function postfixLine(program: string, text: string): string {
  const now = Date.now();
  const second = Math.trunc(now / 1000);
  if (second !== stamp.second) {
    const d = new Date(now);
    const two = (n: number): string => String(n).padStart(2, "0");
    const clock = `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;
    stamp = { second, text: `${MONTHS[d.getMonth()]} ${String(d.getDate()).padStart(2, " ")} ${clock} ${HOST}` };
  }
  return `${stamp.text} ${program}[${process.pid}]: ${printable(text)}\n`;
}

const fieldsText = (fields: Fields): string =>
  Object.entries(fields)
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([name, value]) => ` ${name}=${String(value)}`)
    .join("");

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/** Nobody forges a line: what would end one or move the cursor is written as an escape. */
function printable(text: string): string {
  return text.replace(UNPRINTABLE, (c) => `\\u${(c.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`);
}
