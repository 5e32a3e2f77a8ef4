import { basename, extname } from "node:path";
import { Argument, Command, Option } from "commander";
import type { Apply, ImportInput, ImportResult } from "../actions/import/import.ts";
import { confirmed } from "./confirm.ts";
import type { CliContext } from "./context.ts";
import { EXIT, Exit } from "./exit-codes.ts";
import { progressView } from "./progress.ts";
import { authorOf, examples, WHY } from "./verb.ts";

type Options = {
  domain?: string;
  replace?: boolean;
  dryRun?: boolean;
  yes?: boolean;
  delimiter?: string;
  reservedOk?: boolean;
  encoding?: NonNullable<ImportInput["encoding"]>;
  why?: string;
};

const FORMATS = ["csv", "aliases", "postfix-virtual"] as const satisfies readonly ImportInput["format"][];
const ENCODINGS = ["utf-8", "utf-16le", "utf-16be", "windows-1252"] as const satisfies readonly NonNullable<ImportInput["encoding"]>[];

const MORE = `
The file's addresses must be in domains of ours. An address that exists is made as the file says; what the file does not name stays,
unless --replace is given. Nothing is changed unless all rows are good: with bad ones NAME.problems.csv is written to the current
folder, with a column that says what is wrong, and the command ends with 65.
CSV columns: address,targets and, if you like, kind,owner,expires,note,posting,starts,affiliation,disabled,moved_to. disabled: hard, soft,
quiet or "text: words"; moved_to: an address, behind "deliver:" if mail goes there. Targets are separated by blanks, ; or ,`;

/** `mailroom import …`: many addresses at once, previewed, whole or not at all. */
export function importCommand(ctx: CliContext): Command {
  return new Command("import")
    .description("import aliases and lists from a file")
    .addArgument(new Argument("<format>", "what the file is").choices(FORMATS))
    .argument("<file>", "the file")
    .option("--domain <domain>", "the domain of names that are written without one")
    .option("--replace", "remove what these domains have and the file does not")
    .option("--reserved-ok", "new addresses may have reserved names (postmaster, abuse, admin, …)")
    .option("--dry-run", "only show what would be changed")
    .option("--yes", "do not ask, import if there are no problems")
    .addOption(new Option("--delimiter <name>", "what separates the columns (guessed)").choices(["comma", "semicolon", "tab", "bar"]))
    .addOption(new Option("--encoding <name>", "how letters are stored (guessed)").choices(ENCODINGS))
    .option(...WHY)
    .addHelpText(
      "after",
      MORE +
        examples(
          "mailroom import csv people.csv --dry-run",
          "mailroom import aliases /etc/aliases --domain campus.example --yes --why MOVE-3",
        ),
    )
    .action((format: ImportInput["format"], file: string, options: Options) => run(ctx, format, file, options));
}

/** Problems shown on the screen; --json gives all that fit in memory. */
const SHOWN = 20;
const SHOWN_AS_JSON = 100_000;

async function run(ctx: CliContext, format: ImportInput["format"], path: string, options: Options): Promise<void> {
  const { runImport } = await import("../actions/import/import.ts");
  const db = await ctx.db();
  const input: ImportInput = {
    format,
    path,
    domain: options.domain,
    replaces: options.replace === true,
    problemsPath: `${basename(path, extname(path))}.problems.csv`,
    problemsShown: ctx.json ? SHOWN_AS_JSON : SHOWN,
    delimiter: options.delimiter,
    encoding: options.encoding,
    reservedOk: options.reservedOk,
  };
  const attempt = async (apply: Apply): Promise<ImportResult> => {
    const view = progressView(ctx.out.progressOnTerminal, (text) => void process.stderr.write(text));
    try {
      return await runImport(db, authorOf(ctx, options), input, apply, view.at);
    } finally {
      view.end();
    }
  };
  let result = await attempt(options.yes && !options.dryRun ? { ifVersion: null } : false);
  await print(ctx, result);
  if (result.counts.problems > 0) {
    ctx.out.note("Nothing was changed: mend the rows with problems, or take them out, and import again.");
    throw new Exit(EXIT.badData);
  }
  const changes = result.counts.new + result.counts.changed + result.counts.removed;
  if (!result.applied && !options.dryRun && changes > 0) {
    await confirmed(ctx, `Import ${path}?`, false);
    result = await attempt({ ifVersion: result.directoryVersion });
    if (ctx.json) await ctx.out.json({ applied: result.applied, ...result.counts });
  }
  ctx.out.note(result.applied && changes > 0 ? "Imported." : changes === 0 ? "There was nothing to change." : "Nothing was changed.");
}

/** The preview: problems first, then the numbers. How the file was read stands beside it. */
async function print(ctx: CliContext, { counts, problems, problemsWritten, remarks, warnings, applied }: ImportResult): Promise<void> {
  for (const remark of remarks) ctx.out.note(remark);
  for (const problem of problems) {
    if (ctx.json) await ctx.out.json(problem);
    else await ctx.out.text(`line ${problem.line}: ${problem.problem}; ${problem.fix}`);
  }
  const path = problemsWritten && "path" in problemsWritten ? problemsWritten.path : null;
  if (!ctx.json && counts.problems > problems.length)
    await ctx.out.text(`… and ${number(counts.problems - problems.length)} more problems`);
  if (ctx.json) await ctx.out.json({ applied, ...counts, problems_file: path, warnings });
  else await ctx.out.text(previewLine(counts, path));
  if (problemsWritten && "failure" in problemsWritten)
    ctx.out.note(`warning: the problem rows could not be written: ${problemsWritten.failure}`);
  for (const warning of warnings) ctx.out.note(`warning: ${warning}`);
}

const number = (n: number): string => n.toLocaleString("en-US");

/** `+1,204 new  ~88 changed  −3 removed  97,696 same  9 problems (people.problems.csv)` */
const previewLine = (c: ImportResult["counts"], problemsPath: string | null): string =>
  `+${number(c.new)} new  ~${number(c.changed)} changed  −${number(c.removed)} removed  ${number(c.same)} same  ` +
  `${number(c.problems)} ${c.problems === 1 ? "problem" : "problems"}${problemsPath === null ? "" : ` (${problemsPath})`}`;
