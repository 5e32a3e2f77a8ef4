/** One line of the log about anything but a recipient's outcome (log/maillog.ts has those). Values never hold passwords or content. */
export type Fields = Readonly<Record<string, string | number | boolean | null | undefined>>;

export type Log = {
  debug(event: string, fields?: Fields): void;
  info(event: string, fields?: Fields): void;
  warn(event: string, fields?: Fields): void;
  error(event: string, fields?: Fields): void;
};
