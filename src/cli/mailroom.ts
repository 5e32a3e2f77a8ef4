#!/usr/bin/env node
/**
 * cli: the process entry. Parses arguments, calls one function, prints. Trusts nothing typed. Reads the settings, opens the
 * database, starts main.ts; holds no rule of mail or of the directory.
 */
import type { CommanderError } from "commander";
import { openContext } from "./context.ts";
import { EXIT, Exit, failureOf, OutputGone } from "./exit-codes.ts";
import { processOutput } from "./output.ts";
import { buildProgram } from "./program.ts";

/** Runs one command line and gives its exit code; everything it opened is closed before. */
async function run(argv: readonly string[]): Promise<number> {
  const out = processOutput(process.stdout, process.stderr);
  const ctx = openContext(out);
  try {
    await buildProgram(ctx).parseAsync(argv);
    return EXIT.done;
  } catch (error) {
    return report(error, ctx.debugging(), (sentence) => out.note(sentence));
  } finally {
    await ctx.close();
  }
}

/** Says what went wrong, once, and what to do next. */
function report(error: unknown, debugging: boolean, note: (sentence: string) => void): number {
  if (error instanceof Exit) return error.code;
  if (error instanceof OutputGone) return EXIT.done;
  if (isCommander(error)) return error.exitCode === 0 ? EXIT.done : EXIT.usage; // commander has printed help or the mistake itself
  const failure = failureOf(error);
  note(`mailroom: ${failure.message}`);
  if (failure.hint !== null) note(failure.hint);
  if (debugging && error instanceof Error) note(error.stack ?? String(error));
  return failure.code;
}

const isCommander = (error: unknown): error is CommanderError =>
  error instanceof Error && "exitCode" in error && String((error as { code?: unknown }).code).startsWith("commander.");

process.exitCode = await run(process.argv);
