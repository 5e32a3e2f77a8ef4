/** Importing a file: read all of it, compare it with the directory, show what would happen, and do that whole or not at all. */
import type { Db, Queryable } from "../../db/client.ts";
import { counted } from "../../mail/counted.ts";
import { domainOf } from "../address.ts";
import { type Author, holdDirectory } from "../change.ts";
import { Refusal } from "../refusal.ts";
import { type AddressRules, isOurs, notOurs } from "./addresses.ts";
import { aliasesFormat } from "./aliases-file.ts";
import { applyImport } from "./apply.ts";
import { csvFormat } from "./csv.ts";
import { checkSteps } from "./loops.ts";
import { type Counts, checkNames, compare, countStates, markRemoved } from "./plan.ts";
import { virtualFormat } from "./postfix-virtual.ts";
import { type ProblemRow, readProblems, writeProblems } from "./problems.ts";
import type { Format } from "./record.ts";
import { type Encoding, openSource, type Source, uploadSource } from "./source.ts";
import { createStaging, Stager } from "./staging.ts";

export const FORMATS = ["csv", "aliases", "postfix-virtual"] as const;

export type ImportInput = {
  readonly format: (typeof FORMATS)[number];
  readonly path: string;
  /** The domain of names written without one; with `replaces` also one whose entries may go. */
  readonly domain?: string | undefined;
  /** The file is the whole truth about its domains: what it does not name is removed. */
  readonly replaces: boolean;
  /** The file itself, where it was uploaded; then `path` is its name alone, and it may name no other file. */
  readonly octets?: Buffer | undefined;
  /** Where problem rows are written, if there are any; null: nowhere. */
  readonly problemsPath: string | null;
  /** How many problems are given back besides; all are in the file. */
  readonly problemsShown: number;
  readonly delimiter?: string | undefined;
  readonly encoding?: Encoding | undefined;
  /** New addresses may have reserved names. */
  readonly reservedOk?: boolean | undefined;
  /** Domains whose entries it may speak of; undefined: all of ours. */
  readonly within?: readonly string[] | undefined;
  /** Rows at most. */
  readonly most?: number | undefined;
  /** Rows with problems are left out, and keep nothing else from being applied. */
  readonly skipProblems?: boolean | undefined;
  /** Called at the end of its transaction, whose staging tables still stand. */
  readonly finish?: ((tx: Queryable, result: ImportResult, format: Format) => Promise<void>) | undefined;
};

/** How far an import is: octets read of the file, then steps in the database. Between 0 and 1. */
export type Progress = (share: number, doing: string) => void;

export type ImportResult = {
  readonly counts: Counts;
  readonly problems: readonly ProblemRow[];
  /** The file with the problem rows; or why it could not be written. Null: there are none. */
  readonly problemsWritten: { readonly path: string } | { readonly failure: string } | null;
  /** How the file was read; what is allowed but probably not meant. */
  readonly remarks: readonly string[];
  readonly warnings: readonly string[];
  readonly applied: boolean;
  /** Changes when anybody changes the directory by these actions: what was previewed is what will be applied. */
  readonly directoryVersion: number;
};

/** Whether to apply: never, or if the directory is still as it was when the preview was made (null: in any case). */
export type Apply = false | { readonly ifVersion: number | null };

/**
 * Reads, compares and, if asked and if there is no problem at all, applies. Everything happens in one transaction, so a failure
 * anywhere leaves the directory as it was. Refuses a file it cannot read as this format.
 */
export async function runImport(db: Db, author: Author, input: ImportInput, apply: Apply, progress: Progress): Promise<ImportResult> {
  const { octets, path, encoding } = input;
  const source = await (octets === undefined ? openSource(path, encoding) : uploadSource(octets, path, encoding));
  try {
    return await db.transaction(async (tx) => {
      await tx.query({ text: "select set_config('temp_buffers', '32MB', true), set_config('work_mem', '64MB', true)" });
      const rules = await readRules(tx, input);
      const format = await openFormat(source, rules, input);
      await createStaging(tx);
      await stage(tx, format, source, progress, input.most ?? Number.POSITIVE_INFINITY);
      if (apply) await holdDirectory(tx);
      const directoryVersion = await readVersion(tx);
      if (apply && apply.ifVersion !== null && apply.ifVersion !== directoryVersion) throw moved();
      const warnings = await check(tx, input, rules, progress);
      const counts = await countStates(tx, input.replaces);
      if (counts.problems > 0 && input.skipProblems === true && input.replaces) throw mustNotSkip();
      const problemsWritten = counts.problems > 0 && input.problemsPath !== null ? await tryToWrite(tx, format, input.problemsPath) : null;
      const applied = apply !== false && (counts.problems === 0 || input.skipProblems === true);
      if (applied) await applyAll(tx, author, input, counts, progress);
      else progress(1, "compared; nothing is written");
      const problems = await readProblems(tx, input.problemsShown);
      const result = { counts, problems, problemsWritten, remarks: format.remarks, warnings, applied, directoryVersion };
      await input.finish?.(tx, result, format);
      return result;
    });
  } finally {
    await source.close();
  }
}

/** A folder one may not write to must not hide what is wrong with the rows. */
async function tryToWrite(tx: Queryable, format: Format, path: string): Promise<{ path: string } | { failure: string }> {
  try {
    await writeProblems(tx, format, path);
    return { path };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (typeof code !== "string" || !/^E[A-Z]+$/.test(code)) throw error; // not the file's fault
    return { failure: `${path}: ${message}` };
  }
}

/** That somebody changed the directory after the preview that is to be applied. */
const moved = (): Refusal =>
  new Refusal("busy", "the directory was changed since the preview", "Nothing was imported. Run it again and look at the new preview.");

/** What a row with a problem is about cannot always be read: its entry would be taken for one that the file does not name. */
const mustNotSkip = () =>
  new Refusal(
    "refused",
    "rows cannot be left out of a file that replaces what is there: what they mean would be removed",
    "Mend the rows, or import without replacing.",
  );

async function readRules(tx: Queryable, { domain, within, octets }: ImportInput): Promise<AddressRules> {
  const { rows } = await tx.query<{ domain: string }>({ text: "select domain from domains" });
  const ours = new Set(rows.map((row) => row.domain));
  const named = domain === undefined ? null : domainOf(domain);
  const rules = { ours, domain: named, within: within && new Set(within), isUpload: octets !== undefined };
  if (named !== null && within !== undefined && !isOurs(rules, named))
    throw new Refusal("refused", notOurs(rules, named).reason, "Name one of yours.");
  if (named !== null && !ours.has(named))
    throw new Refusal("refused", `${named} is not one of our domains`, `Make it ours first: mailroom domain add ${named}`);
  return rules;
}

function openFormat(source: Source, rules: AddressRules, input: ImportInput): Promise<Format> | Format {
  switch (input.format) {
    case "csv":
      return csvFormat(source, rules, input.delimiter);
    case "aliases":
      return aliasesFormat(source, rules);
    case "postfix-virtual":
      return virtualFormat(source, rules);
  }
}

/** Reading is most of the work; the rest of the progress bar is for the database. */
const READING = 0.7;

/** Reads the whole file into the temporary tables. */
async function stage(tx: Queryable, format: Format, source: Source, progress: Progress, most: number): Promise<void> {
  const stager = new Stager(tx);
  let rows = 0;
  let before = 0;
  // A piece that was just read is not understood yet: the rows counted are those of the pieces before it.
  const onRead = (octets: number): void => {
    if (before > 0) progress((before / source.size) * READING, `${counted(rows, "row")} read`);
    before = octets;
  };
  for await (const record of format.records(onRead)) {
    const meaning = await format.meaning(record);
    if (++rows > most)
      throw new Refusal(
        "refused",
        `the file has more than ${most.toLocaleString("en-US")} rows`,
        "Import it in parts, or ask somebody who runs this server.",
      );
    if (meaning.kind === "row") await stager.row(record.line, meaning.row);
    else if (meaning.kind === "problem") await stager.problem(record.line, meaning.address, meaning.problem);
    else if (meaning.kind === "domainAlias") await stager.domainAlias(record.line, meaning.domain, meaning.aliasOf);
  }
  await stager.flush();
  progress(READING, `${counted(rows, "row")} read`);
}

/** Changes so far. The number only grows; an edit by hand in SQL leaves no record and is not seen. */
export async function readVersion(tx: Queryable): Promise<number> {
  const { rows } = await tx.query<{ version: number }>({
    text: "select coalesce(max(change_no), 0)::float8 as version from change_records",
  });
  return rows[0]?.version ?? 0;
}

/** All that needs the whole file: duplicates, differences, removals, loops. Gives warnings. */
async function check(tx: Queryable, input: ImportInput, rules: AddressRules, progress: Progress): Promise<readonly string[]> {
  progress(READING, "comparing with the directory");
  await compare(tx);
  const warnings: string[] = [];
  if (input.replaces) warnings.push(...(await markRemoved(tx, rules.domain)));
  warnings.push(...(await checkNames(tx, input.reservedOk === true)));
  progress(0.8, "looking for loops");
  const steps = await checkSteps(tx, rules.ours, input.replaces);
  if (input.skipProblems === true) await settleSteps(tx, rules, input.replaces);
  return [...warnings, ...steps];
}

/** Where a row on a loop is left out the entry that stands there counts again, and may close another loop with what remains. */
async function settleSteps(tx: Queryable, rules: AddressRules, replaces: boolean): Promise<void> {
  for (let before = -1, now = await problemCount(tx); now > before; now = await problemCount(tx)) {
    before = now;
    await checkSteps(tx, rules.ours, replaces);
  }
}

async function problemCount(tx: Queryable): Promise<number> {
  const { problems } = await countStates(tx, false);
  return problems;
}

async function applyAll(tx: Queryable, author: Author, input: ImportInput, counts: Counts, progress: Progress): Promise<void> {
  progress(0.85, "writing");
  await applyImport(tx, author, { format: input.format, file: input.path, counts, replaces: input.replaces });
  progress(1, "written");
}
