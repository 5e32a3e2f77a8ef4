/** What the verbs of all families share. */
import { InvalidArgumentError } from "commander";
import type { Author } from "../actions/change.ts";
import { plainLine } from "../actions/plain-line.ts";
import type { CliContext } from "./context.ts";

/** `--why` of every verb that writes. */
export const WHY = ["--why <ticket>", "reason or ticket, kept in the change record"] as const;

/** How the change record names who ran the command. */
export const authorOf = (ctx: CliContext, options: { readonly why?: string }): Author => ({
  actor: ctx.actor,
  why: plainLine(options.why ?? null, "the reason of --why"),
});

/** For options that may be given several times. */
export const collect = (value: string, earlier: readonly string[] | undefined): readonly string[] => [...(earlier ?? []), value];

/** A whole number of at least 1. */
export function count(value: string): number {
  const n = /^\d{1,9}$/.test(value) ? Number(value) : 0;
  if (n < 1) throw new InvalidArgumentError("It must be a whole number of at least 1.");
  return n;
}

/** Examples below a verb's options. */
export const examples = (...lines: readonly string[]): string =>
  `\nExample${lines.length > 1 ? "s" : ""}:\n${lines.map((line) => `  ${line}`).join("\n")}`;

/** Prints the outcome of one change: a JSON object, or a sentence; warnings always as sentences beside it. */
export async function printChange<Outcome extends { readonly changed: boolean; readonly warnings?: readonly string[] }>(
  ctx: CliContext,
  outcome: Outcome,
  sentence: string,
): Promise<void> {
  if (ctx.json) await ctx.out.json(outcome);
  else await ctx.out.text(outcome.changed ? sentence : `${sentence}: nothing to change`);
  for (const warning of outcome.warnings ?? []) ctx.out.note(`warning: ${warning}`);
}
