/** CSV with a header: our own columns, or those of addy.io. */
import { Readable } from "node:stream";
import { type CsvError, parse } from "csv-parse";
import { counted } from "../../mail/counted.ts";
import { quoted } from "../address.ts";
import { Refusal } from "../refusal.ts";
import type { AddressRules } from "./addresses.ts";
import { type Column, columnOf, csvMeaning } from "./csv-row.ts";
import type { FileRecord, Format, Problem } from "./record.ts";
import type { Source } from "./source.ts";

const DELIMITERS = { comma: ",", semicolon: ";", tab: "\t", bar: "|" } as const;

/** A record longer than this (octets) is a quote that was never closed: 100,000 members of 100 octets would still fit. */
const LONGEST_RECORD = 16 * 1024 * 1024;

/** Reads the header and knows how to read the rest. Refuses a file without the columns address and targets. */
export async function csvFormat(source: Source, rules: AddressRules, delimiterName?: string): Promise<Format> {
  const delimiter = delimiterOf(source, delimiterName);
  const first = await csvRecords(source, delimiter, { to: 1 }).next();
  const header = first.done ? [] : first.value.cells.map((cell) => cell.trim());
  const columns = header.map((name) => columnOf.get(name.toLowerCase()));
  const indexOf = Object.fromEntries(
    columns.flatMap((column, i) => (column && columns.indexOf(column) === i ? [[column, i]] : [])),
  ) as Partial<Record<Column, number>>;
  refuseHeader(source.path, header, indexOf);
  const unknown = header.filter((_, i) => columns[i] === undefined);
  const name = Object.entries(DELIMITERS).find(([, sign]) => sign === delimiter)?.[0] ?? delimiter;
  return {
    header,
    remarks: [
      `${source.path}: ${source.encoding}, columns separated by ${name}`,
      ...(unknown.length > 0 ? [`columns not read: ${unknown.map(quoted).join(", ")}`] : []),
    ],
    records: (read) => rowsAfterHeader(csvRecords(source, delimiter, { read }), header.length),
    meaning: (record) => Promise.resolve(csvMeaning(record, indexOf, rules)),
  };
}

/** The sign that splits the first line into the most columns we know. */
function delimiterOf(source: Source, name?: string): string {
  if (name !== undefined) return DELIMITERS[name as keyof typeof DELIMITERS] ?? name;
  const line = /^[^\r\n]*/.exec(source.beginning)?.[0] ?? "";
  const known = (sign: string) => line.split(sign).filter((cell) => columnOf.has(cell.replaceAll('"', "").trim().toLowerCase())).length;
  return Object.values(DELIMITERS).reduce((best, sign) => (known(sign) > known(best) ? sign : best));
}

function refuseHeader(path: string, header: readonly string[], indexOf: Partial<Record<Column, number>>): void {
  const missing = (["address", "targets"] as const).filter((column) => indexOf[column] === undefined);
  if (missing.length === 0) return;
  const found = header.length === 0 ? "the file is empty" : `its first line is ${header.slice(0, 8).map(quoted).join(", ")}`;
  throw new Refusal(
    "badData",
    `${path} has no column ${missing.join(" and no column ")}: ${found}`,
    "Its first line must name the columns: address,targets and, if you like, kind,owner,expires,note,posting,starts,affiliation,disabled,moved_to",
  );
}

async function* rowsAfterHeader(records: AsyncIterable<FileRecord>, width: number): AsyncGenerator<FileRecord> {
  let isHeader = true;
  for await (const record of records) {
    if (isHeader) isHeader = false;
    else if (record.fault) yield record;
    else if (record.cells.every((cell) => cell.trim() === "")) continue;
    else if (record.cells.slice(width).some((cell) => cell !== "")) yield { ...record, fault: tooWide(record.cells.length, width) };
    else yield record;
  }
}

const tooWide = (has: number, width: number): Problem => ({
  reason: `${counted(has, "cell")} where the header has ${width}`,
  fix: "put a cell that holds the separator in quotes; separate targets by blanks",
});

type Reading = { readonly to?: number; readonly read?: ((octets: number) => void) | undefined };
type Parsed = { readonly record: string[]; readonly info: { readonly lines: number } };

/**
 * Records with the line they begin on. A quote inside a cell that does not begin with one is a letter (`relax_quotes`): where it
 * matters the address function finds it. Only a record that never ends cannot be read; then the file is not read further.
 */
async function* csvRecords(source: Source, delimiter: string, { to, read }: Reading): AsyncGenerator<FileRecord> {
  let endless: CsvError | undefined;
  const parser = parse({
    delimiter,
    record_delimiter: "\n",
    info: true,
    relax_column_count: true,
    relax_quotes: true,
    max_record_size: LONGEST_RECORD,
    skip_records_with_error: true, // thrown, it would take the records before it along
    on_skip: (error) => {
      endless ??= error;
    },
    ...(to === undefined ? {} : { to }),
  });
  const input = Readable.from(withPlainLineEnds(source.text(read)));
  input.on("error", (error) => parser.destroy(error));
  input.pipe(parser);
  let lastLine = 0;
  try {
    for await (const { record, info } of parser as AsyncIterable<Parsed>) {
      yield { line: lastLine + 1, cells: record };
      lastLine = info.lines;
    }
    if (endless) yield { line: lastLine + 1, cells: [], fault: endlessFault(endless) };
  } finally {
    input.destroy();
  }
}

const endlessFault = ({ code }: CsvError): Problem =>
  code === "CSV_QUOTE_NOT_CLOSED"
    ? { reason: "a quote is opened here and never closed", fix: 'close it with "; a quote inside a quoted cell is written ""' }
    : {
        reason: `the record is longer than ${LONGEST_RECORD / 1024 / 1024} MiB`,
        fix: "look for a quote that is never closed, or split the list",
      };

/** Line ends of Windows and of old Macs made plain, so that lines are counted as editors count them, in quotes too. */
async function* withPlainLineEnds(pieces: AsyncIterable<string>): AsyncGenerator<string> {
  let held = ""; // a CR whose LF may be in the next piece
  for await (const piece of pieces) {
    const text = held + piece;
    held = text.endsWith("\r") ? "\r" : "";
    const whole = held === "" ? text : text.slice(0, -1);
    yield whole.includes("\r") ? whole.replace(/\r\n?/g, "\n") : whole;
  }
  if (held !== "") yield "\n";
}
