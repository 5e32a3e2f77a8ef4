/** The cells of one record of a CSV file, read. */
import type { Posting } from "../../directory/directory.ts";
import { readMoment } from "../../mail/moment.ts";
import { affiliationOf, quoted, startOf } from "../address.ts";
import { disabledOf } from "../disabled.ts";
import { POSTING } from "../posting.ts";
import { Refusal } from "../refusal.ts";
import { type AddressRules, importedAddress, importedMailbox, importedTargets, isMailbox, splitAddresses } from "./addresses.ts";
import { unquotedCell } from "./cell.ts";
import { type FileRecord, type ImportRow, type Meaning, type Problem, problem } from "./record.ts";

/** Our columns, each with the other names it goes by. */
const COLUMNS = {
  address: ["address", "alias", "email"],
  targets: ["targets", "target", "recipients", "members", "destinations", "to"],
  kind: ["kind", "type"],
  owner: ["owner"],
  expires: ["expires", "expires_at"],
  note: ["note", "description"],
  posting: ["posting", "post"],
  starts: ["starts", "starts_at"],
  affiliation: ["affiliation"],
  disabled: ["disabled"],
  moved_to: ["moved_to"],
  ownCopy: ["own_copy"],
  mayLeave: ["leave"],
  memberLimit: ["limit"],
  senders: ["senders"],
  excluded: ["excluded"],
} as const;
export type Column = keyof typeof COLUMNS;
/** The column that a name of a header stands for. */
export const columnOf: ReadonlyMap<string, Column> = new Map<string, Column>(
  Object.entries(COLUMNS).flatMap(([column, names]) => names.map((name) => [name, column as Column] as const)),
);

/** What one record asks for, or what is wrong with it. `indexOf`: where the file has each column. */
export function csvMeaning(record: FileRecord, indexOf: Partial<Record<Column, number>>, rules: AddressRules): Meaning {
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
  const life = lifeOf(cell, rules);
  if ("reason" in life) return life;
  return {
    ...life,
    kind: kind === "" ? undefined : (kind as "alias" | "list"),
    posting: posting === "" ? undefined : (posting as Posting),
    owner,
    expiresAt: expiresText === "" ? null : expiresAt,
    note,
    ...list,
  };
}

type LifeCells = Pick<ImportRow, "startsAt" | "affiliation" | "disabled" | "moved">;

function lifeOf(cell: (column: Column) => string | undefined, rules: AddressRules): LifeCells | Problem {
  const movedText = cell("moved_to");
  const delivers = movedText !== undefined && /^deliver:/i.test(movedText);
  const to = movedText ? importedMailbox(movedText.replace(/^deliver:\s*/i, ""), "moved_to", rules) : null;
  if (to !== null && !isMailbox(to)) return to;
  const disabledText = cell("disabled");
  try {
    const disabled = disabledText ? disabledOf(disabledText) : null;
    if (disabled !== null && to !== null) return { reason: "it is switched off and moved", fix: "fill disabled or moved_to, not both" };
    const starts = cell("starts");
    const affiliation = cell("affiliation");
    return {
      startsAt: starts ? startOf(starts) : starts === undefined ? undefined : null,
      affiliation: affiliation ? affiliationOf(affiliation) : affiliation === undefined ? undefined : null,
      disabled: disabledText === undefined ? undefined : disabled,
      moved: movedText === undefined ? undefined : to === null ? null : { to, delivers },
    };
  } catch (error) {
    if (error instanceof Refusal) return { reason: error.message, fix: error.hint ?? "mend the row" };
    throw error;
  }
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
