/** Addresses that somebody pasted, to be added and removed. */
import type { Context } from "hono";
import { z } from "zod";
import { sortedOut } from "../../actions/list-members.ts";
import { isDryRun } from "../context.ts";
import { Problem } from "../problem.ts";

/** Of one paste; more is an import. */
const AT_ONCE = 5000;
const texts = z.array(z.string().max(1000)).max(AT_ONCE).default([]);

export const PASTED = z.strictObject({ add: texts, remove: texts });

type Sorted = {
  readonly add: readonly string[];
  readonly remove: readonly string[];
  /** What is no address, and why; only when the change is rehearsed. */
  readonly bad: readonly { readonly text: string; readonly detail: string }[];
};

/** Those that are addresses. All of a paste or nothing: unless it is rehearsed, one that is none refuses the rest, named with its place. */
export function pasteOf(c: Context, { add, remove }: z.output<typeof PASTED>): Sorted {
  if (add.length + remove.length === 0)
    throw new Problem("validation", "Name somebody to add or to remove.", {
      errors: [{ pointer: "/add", code: "too_small", detail: "empty" }],
    });
  const sides = { add: sortedOut(add), remove: sortedOut(remove) };
  const faults = Object.entries(sides).flatMap(([side, { bad }]) => bad.map((one) => ({ ...one, side })));
  if (faults.length > 0 && !isDryRun(c))
    throw new Problem("address-invalid", `${faults.length} of these are no addresses. Nothing was changed.`, {
      errors: faults.slice(0, 20).map(({ side, at, detail }) => ({ pointer: `/${side}/${at}`, code: "address-invalid", detail })),
      hint: "Ask with dry_run=true to see all of them, and leave them out.",
    });
  return { add: sides.add.good, remove: sides.remove.good, bad: faults.map(({ text, detail }) => ({ text, detail })) };
}
