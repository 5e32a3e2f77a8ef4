/** `--dry-run` of verbs that write: what the change would do to mail. */
import { Option } from "commander";
import type { Named, Preview } from "../actions/preview.ts";
import type { Db } from "../db/client.ts";
import { counted } from "../mail/counted.ts";
import { textOfKey } from "../mail/mailbox.ts";
import type { CliContext } from "./context.ts";
import { EXIT, Exit } from "./exit-codes.ts";
import { typedMailbox } from "./typed.ts";

export const dryRun = (): Option =>
  new Option("--dry-run", "change nothing; say who would gain and lose mail, what leaves campus, what breaks");

/**
 * Rehearses the change and prints what it would do. A change that a rule forbids is shown with the reason, and the command fails (1). Gives what the change gave.
 * `address`: the one it is about; undefined: those it makes records of.
 */
export async function printPreview<T extends object>(ctx: CliContext, work: (db: Db) => Promise<T>, address?: string): Promise<T> {
  const { previewChange } = await import("../actions/preview.ts");
  const { directory } = await ctx.ldap();
  const { preview, outcome } = await previewChange(await ctx.db(), work, {
    people: directory.people,
    addresses: address === undefined ? undefined : [typedMailbox(address)],
  });
  if (ctx.json) await ctx.out.json({ dry_run: true, outcome, preview });
  else await ctx.out.text([...previewLines(preview), "Nothing was changed."].join("\n"));
  for (const warning of preview.warnings) ctx.out.note(`warning: ${warning}`);
  if (outcome === null) throw new Exit(EXIT.failed);
  return outcome;
}

/** Why a way ends, in words. */
const WHY: Readonly<Record<Preview["breaks"][number]["why"], string>> = {
  unknown: "no such address",
  expired: "expired",
  loop: "leads back to itself",
  badTarget: "is no address",
  empty: "leads to nobody",
  notYet: "has not begun yet",
  disabled: "switched off",
  disabledSoft: "switched off for a while",
  disabledText: "switched off, with a text",
  moved: "retired",
  notAllowed: "may not forward off campus",
  lookupFailed: "nobody can tell now: the directory does not answer",
};

function previewLines(preview: Preview): string[] {
  const { gain, lose, outside, reach, refusal, sampled } = preview;
  const ends = (ends: Preview["breaks"], word: string) =>
    ends.map(({ address, from, why }) => `${word}: ${textOfKey(address)}${from === null ? "" : `, from ${textOfKey(from)}`}: ${WHY[why]}`);
  if (refusal !== null) return [`It would be refused: ${refusal.message}`, ...(refusal.hint === null ? [] : [refusal.hint])];
  return [
    `+${gain.count} −${lose.count} mailboxes; ${counted(reach, "mailbox receives", "mailboxes receive")} through it then`,
    ...names("+", gain),
    ...names("−", lose),
    ...(outside.count > 0 ? [`outside campus: ${outside.count} new`, ...names("  ", outside)] : []),
    ...ends(preview.breaks, "dead end"),
    ...ends(preview.mended, "no dead end any more"),
    ...(sampled === null ? [] : [`Only ${counted(sampled.looked, "address", "addresses")} of ${sampled.of} were looked at.`]),
  ];
}

const names = (sign: string, { count, first }: Named): string[] => [
  ...first.map((name) => `  ${sign} ${name}`),
  ...(count > first.length ? [`  ${sign} … and ${count - first.length} more`] : []),
];
