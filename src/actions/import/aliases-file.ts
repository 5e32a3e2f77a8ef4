/** The aliases file of sendmail and Postfix, aliases(5): `name: value, value`. */
import { dirname, resolve } from "node:path";
import { quoted } from "../address.ts";
import { Refusal } from "../refusal.ts";
import { type AddressRules, importedAddress, importedTargets, isMailbox, MOST_TARGETS } from "./addresses.ts";
import { logicalLines } from "./logical-lines.ts";
import { type FileRecord, type Format, type Meaning, type Problem, problem } from "./record.ts";
import { openSource, type Source } from "./source.ts";

/** Names in the file have no domain, so it must be given. */
export function aliasesFormat(source: Source, rules: AddressRules): Format {
  if (rules.domain === null)
    throw new Refusal("badData", "names in an aliases file have no domain", "Say which one they are in: --domain campus.example");
  return {
    header: ["entry"],
    remarks: [`${source.path}: ${source.encoding}, aliases(5), names without a domain are in ${rules.domain}`],
    records: (read) => logicalLines(source.text(read)),
    meaning: (record) => aliasMeaning(record, source.path, rules),
  };
}

async function aliasMeaning(record: FileRecord, path: string, rules: AddressRules): Promise<Meaning> {
  if (record.fault) return problem(record.fault.reason, record.fault.fix);
  const text = record.cells[0] ?? "";
  const parts = /^("(?:[^"\\]|\\.)*"|[^:"\s]+)\s*:\s*(.*)$/s.exec(text);
  if (!parts) return problem(`${quoted(text)} has not the form name: targets`, "write it as in help: ann, raj@campus.example");
  const name = withoutQuotes(parts[1] ?? "");
  const address = importedAddress(name.includes("@") || !parts[1]?.startsWith('"') ? name : `"${name}"@${rules.domain}`, rules);
  if (!isMailbox(address)) return problem(address.reason, address.fix, name);
  const values = await valuesOf(parts[2] ?? "", { path, depth: 0, seen: new Set(), mayRead: rules.isUpload !== true });
  if ("reason" in values) return problem(values.reason, values.fix, address.key);
  if (values.length === 0) return problem("no targets", "name at least one, or take the line out", address.key);
  const targets = importedTargets(values, rules, parts[2] ?? "");
  if ("reason" in targets) return problem(targets.reason, targets.fix, address.key);
  return { kind: "row", row: { address, targets } };
}

/** Where a value stands: the file, how many :include: led there, and which. `mayRead`: who gave us the file may read others of this machine. */
type Place = { readonly path: string; readonly depth: number; readonly seen: Set<string>; readonly mayRead: boolean };

const DEEPEST_INCLUDE = 10;

/** The addresses of a right-hand side, included files read in; or the problem with what is no address. */
async function valuesOf(text: string, place: Place): Promise<string[] | Problem> {
  const values: string[] = [];
  for (const value of splitValues(text)) {
    const bare = withoutQuotes(value);
    const special = specialValue(bare);
    if (special) return special;
    if (!/^:include:/i.test(bare)) {
      values.push(value);
      continue;
    }
    if (!place.mayRead)
      return {
        reason: `${quoted(bare)} names a file of the server`,
        fix: "write its members here, or use mailroom import aliases on the server",
      };
    const included = await includedValues(bare.slice(":include:".length).trim(), place);
    if ("reason" in included) return included;
    values.push(...included);
    if (values.length > MOST_TARGETS) return { reason: `more than ${MOST_TARGETS} targets`, fix: "split it into several lists" };
  }
  return values;
}

/** Values that are no addresses: Mailroom runs no commands and writes no files for an alias. */
function specialValue(bare: string): Problem | null {
  if (bare.startsWith("|"))
    return {
      reason: `${quoted(bare)} is a command`,
      fix: "let that program read a mailbox of its own and write its address, or take the line out",
    };
  if (bare === "/dev/null")
    return {
      reason: "/dev/null throws mail away",
      fix: "give a domain the route discard: and write an address in it, or take the line out",
    };
  if (bare.startsWith("/"))
    return {
      reason: `${quoted(bare)} is a file`,
      fix: "give a domain the route maildir:PATH and write an address in it, or take the line out",
    };
  if (bare.startsWith("\\"))
    return {
      reason: `${quoted(bare)} means the local mailbox itself`,
      fix: `write the final mailbox, as in ${bare.slice(1) || "ann"}@mbx.campus.example`,
    };
  if (bare.startsWith(":error") || bare.startsWith("error:"))
    return { reason: `${quoted(bare)} refuses mail`, fix: "take the line out: unknown addresses are refused" };
  return null;
}

async function includedValues(name: string, place: Place): Promise<string[] | Problem> {
  const path = resolve(dirname(place.path), withoutQuotes(name));
  if (place.depth >= DEEPEST_INCLUDE || place.seen.has(path))
    return { reason: `:include:${name} comes back to itself or goes too deep`, fix: "take one of the :include: out" };
  try {
    const source = await openSource(path);
    try {
      const values: string[] = [];
      for await (const record of logicalLines(source.text())) {
        const found =
          record.fault ??
          (await valuesOf(record.cells[0] ?? "", { ...place, path, depth: place.depth + 1, seen: new Set([...place.seen, path]) }));
        if ("reason" in found) return { reason: `${path}:${record.line}: ${found.reason}`, fix: found.fix };
        values.push(...found);
        if (values.length > MOST_TARGETS)
          return { reason: `${path}: more than ${MOST_TARGETS} targets`, fix: "split it into several lists" };
      }
      return values;
    } finally {
      await source.close();
    }
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException;
    return {
      reason: `cannot read ${path}: ${error instanceof Refusal ? message : code}`,
      fix: "mend the path or its rights, or write the members here",
    };
  }
}

/** Splits at commas outside of quotes. */
const splitValues = (text: string): string[] =>
  (text.match(/(?:"[^"\\]*(?:\\.[^"\\]*)*"|[^",]+|")+/g) ?? []).map((value) => value.trim()).filter((value) => value !== "");

const withoutQuotes = (text: string): string => (/^".*"$/s.test(text) ? text.slice(1, -1).replace(/\\(.)/g, "$1") : text);
