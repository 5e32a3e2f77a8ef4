/** Log lines of commands: what a command does to mail must stand in the server's log, and only servers have one. */
import type { Fields, Log } from "../log/log.ts";
import type { Db, Queryable } from "./client.ts";
import type { Subscription } from "./listener.ts";

/** As Log.line takes it. */
export type LogLine = { readonly program: string; readonly text: string; readonly fields: Fields };

const CHANNEL = "log_lines";
/** Octets; Postgres refuses a payload of 8000. */
const LONGEST = 7900;

/** Tells the lines to all servers of this database, when the transaction commits. One that does not run hears nothing. */
export async function relayLines(tx: Queryable, lines: readonly LogLine[]): Promise<void> {
  if (lines.length === 0) return;
  await tx.query({ text: `select pg_notify('${CHANNEL}', line) from unnest($1::text[]) as line`, values: [lines.map(payloadOf)] });
}

function payloadOf(line: LogLine): string {
  const payload = JSON.stringify(line);
  return Buffer.byteLength(payload) <= LONGEST ? payload : payloadOf({ ...line, text: `${line.text.slice(0, line.text.length / 2)}...` });
}

/** A log whose complete lines go to the servers as well, each time `send` is called. */
export function relayingLog(db: Db, log: Log): { readonly log: Log; send(): Promise<void> } {
  let lines: LogLine[] = [];
  return {
    log: {
      ...log,
      line(program, text, fields) {
        lines.push({ program, text, fields });
        log.line(program, text, fields);
      },
    },
    async send() {
      const told = lines;
      lines = [];
      await relayLines(db, told);
    },
  };
}

/** Writes what commands tell. */
export const hearLines = (db: Db, log: Log): Promise<Subscription> =>
  db.listen(
    CHANNEL,
    (payload) => {
      const { program, text, fields } = JSON.parse(payload) as LogLine;
      log.line(program, text, fields);
    },
    () => {},
  );
