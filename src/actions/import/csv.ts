/** CSV with a header: our own columns, or those of addy.io. */
import { Readable } from "node:stream";
import { type CsvError, parse } from "csv-parse";
import type { Posting } from "../../directory/directory.ts";
import { counted } from "../../mail/counted.ts";
import { readMoment } from "../../mail/moment.ts";
import { quoted } from "../address.ts";
import { POSTING } from "../posting.ts";
import { Refusal } from "../refusal.ts";
import { type AddressRules, importedAddress, importedMailbox, importedTargets, isMailbox, splitAddresses } from "./addresses.ts";
import { unquotedCell } from "./cell.ts";
import { type FileRecord, type Format, type ImportRow, type Meaning, type Problem, problem } from "./record.ts";
import type { Source } from "./source.ts";

/** Our columns, each with the other names it goes by. */
const COLUMNS = {
  address: ["address", "alias", "email"],
  targets: ["targets", "target", "recipients", "members", "destinations", "to"],
  kind: ["kind", "type"],
  owner: ["owner"],
  expires: ["expires", "expires_at"],
  note: ["note", "description"],
  posting: ["posting", "post"],
  ownCopy: ["own_copy"],
  mayLeave: ["leave"],
  memberLimit: ["limit"],
  senders: ["senders"],
  excluded: ["excluded"],
} as const;
type Column = keyof typeof COLUMNS;
const columnOf: ReadonlyMap<string, Column> = new Map<string, Column>(
  Object.entries(COLUMNS).flatMap(([column, names]) => names.map((name) => [name, column as Column] as const)),
);

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
    "Its first line must name the columns: address,targets and, if you like, kind,owner,expires,note,posting",
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

function csvMeaning(record: FileRecord, indexOf: Partial<Record<Column, number>>, rules: AddressRules): Meaning {
  const cell = (column: Column): string | undefined =>
    indexOf[column] === undefined ? undefined : unquotedCell(record.cells[indexOf[column]] ?? "").trim();
  const typed = cell("address") ?? "";
  if (record.fault) return problem(record.fault.reason, record.fault.fix);
  const address = importedAddress(typed, rules);
  if (!isMailbox(address)) return problem(address.reason, address.fix, typed);
  const targets = importedTargets(splitAddresses(cell("targets") ?? ""), rules, cell("targets") ?? "");
  if ("reason" in targets) return problem(targets.reason, targets.fix, address.key);
  const properties = propertiesOf(cell, rules);
  if ("reason" in properties) return problem(properties.reason, properties.fix, address.key);
  if (targets.length === 0 && properties.kind !== "list")
    return problem("no targets", "name at least one, or take the row out", address.key);
  return { kind: "row", row: { address, targets, ...properties } };
}

type Properties = Omit<ImportRow, "address" | "targets">;

/** The cells beside address and targets. An empty cell takes the property away; a column that is not there leaves it as it is. */
function propertiesOf(cell: (column: Column) => string | undefined, rules: AddressRules): Properties | Problem {
  const kind = (cell("kind") ?? "").toLowerCase();
  if (!["", "alias", "list"].includes(kind)) return { reason: `kind ${quoted(kind)} is unknown`, fix: "write alias or list" };
  const posting = (cell("posting") ?? "").toLowerCase();
  if (posting !== "" && !POSTING.includes(posting as Posting))
    return { reason: `posting ${quoted(posting)} is unknown`, fix: `write one of ${POSTING.join(", ")}` };
  if (posting !== "" && kind === "alias") return { reason: "posting is for lists only", fix: "write kind list, or leave posting empty" };
  const list = listPropertiesOf(cell, kind, rules);
  if ("reason" in list) return list;
  const ownerText = cell("owner");
  const owner = ownerText ? importedMailbox(ownerText, "owner", rules) : ownerText === undefined ? undefined : null;
  if (owner && !isMailbox(owner)) return owner;
  const expiresText = cell("expires");
  const expiresAt = expiresText ? readMoment(expiresText) : undefined;
  if (expiresText && !expiresAt)
    return { reason: `expires ${quoted(expiresText)} is no date`, fix: "write it as 2027-06-30 or 2027-06-30T18:00Z" };
  const note = noteOf(cell("note"));
  if (typeof note === "object" && note !== null) return note;
  return {
    kind: kind === "" ? undefined : (kind as "alias" | "list"),
    posting: posting === "" ? undefined : (posting as Posting),
    owner,
    expiresAt: expiresText === "" ? null : expiresAt,
    note,
    ...list,
  };
}

type ListCells = Pick<ImportRow, "ownCopy" | "mayLeave" | "memberLimit" | "senders" | "excluded">;

/** The cells that only lists have. */
function listPropertiesOf(cell: (column: Column) => string | undefined, kind: string, rules: AddressRules): ListCells | Problem {
  const columns = ["ownCopy", "mayLeave", "memberLimit", "senders", "excluded"] as const;
  const filled = columns.find((column) => (cell(column) ?? "") !== "");
  if (kind === "alias" && filled !== undefined)
    return { reason: `${COLUMNS[filled][0]} is for lists only`, fix: "write kind list, or leave it empty" };
  const [ownCopy, mayLeave] = [yesOrNo(cell("ownCopy")), yesOrNo(cell("mayLeave"))];
  if (ownCopy === null || mayLeave === null)
    return { reason: "own_copy and leave are yes or no", fix: "write yes or no, or leave it empty" };
  const limit = cell("memberLimit");
  if (limit && !(/^[1-9]\d{0,5}$/.test(limit) && Number(limit) <= 100_000))
    return { reason: `limit ${quoted(limit)} is no number from 1 to 100000`, fix: "write such a number, or leave it empty" };
  const senders = mailboxesOf(cell("senders"), rules);
  if (senders && "reason" in senders) return senders;
  const excluded = mailboxesOf(cell("excluded"), rules);
  if (excluded && "reason" in excluded) return excluded;
  return { ownCopy, mayLeave, memberLimit: limit === undefined ? undefined : limit === "" ? null : Number(limit), senders, excluded };
}

/** Null: neither. Nothing said leaves it as it is. */
const yesOrNo = (text: string | undefined): boolean | null | undefined => {
  const word = (text ?? "").toLowerCase();
  return word === "" ? undefined : word === "yes" ? true : word === "no" ? false : null;
};

const mailboxesOf = (text: string | undefined, rules: AddressRules) =>
  text === undefined ? undefined : importedTargets(splitAddresses(text), rules, text);

/** Line ends of a spreadsheet's cell become blanks; other control characters are a problem. */
function noteOf(text: string | undefined): string | null | undefined | Problem {
  if (text === undefined || text === "") return text === undefined ? undefined : null;
  const note = text.replace(/[\s\u0085\u2028\u2029]+/g, " ");
  if (/\p{Cc}/u.test(note)) return { reason: "the note holds control characters", fix: "write it as plain text" };
  return note.length > 1000 ? { reason: `the note has ${note.length} characters`, fix: "shorten it to 1000" } : note;
}
