/** What a command prints. Data goes to stdout, all else to stderr, so that `mailroom … | wc -l` counts data only. */
import { once } from "node:events";
import { OutputGone } from "./exit-codes.ts";

export type Output = {
  /** True when stderr is a terminal: progress may be drawn there. */
  readonly progressOnTerminal: boolean;
  /** Lines of data for people; waits when the reader is slow. Throws OutputGone when it has left. */
  text(lines: string): Promise<void>;
  /** One JSON value on one line. */
  json(value: unknown): Promise<void>;
  /** A piece of a file, as it is. */
  raw(piece: string): Promise<void>;
  /** A sentence beside the data: a warning, what was done. */
  note(sentence: string): void;
};

/** Control characters (a note somebody imported may hold an escape sequence) and direction overrides, for terminals. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const UNPRINTABLE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
const escaped = (text: string): string => text.replace(UNPRINTABLE, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);

/** The process's own stdout and stderr. */
export function processOutput(stdout: NodeJS.WriteStream, stderr: NodeJS.WriteStream): Output {
  let gone = false;
  stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    gone = true;
  });
  stderr.on("error", () => {}); // nobody is left to tell
  const write = async (text: string): Promise<void> => {
    if (gone) throw new OutputGone();
    if (!stdout.write(text)) await Promise.race([once(stdout, "drain"), once(stdout, "close")]).catch(() => {});
    if (gone) throw new OutputGone();
  };
  return {
    progressOnTerminal: stderr.isTTY === true,
    text: (lines) => write(`${escaped(lines)}\n`),
    json: (value) => write(`${escaped(JSON.stringify(value))}\n`),
    raw: write,
    note: (sentence) => void stderr.write(`${escaped(sentence)}\n`),
  };
}
