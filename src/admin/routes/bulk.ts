/** One change for many addresses, and all of them as a file. */
import { z } from "zod";
import { type BulkAction, bulkChange } from "../../actions/bulk.ts";
import { MOST_ENTRIES, type Selection } from "../../actions/bulk-selection.ts";
import { exportCsv, exportJsonLines } from "../../actions/export.ts";
import { countEntriesFound } from "../../actions/search/find.ts";
import { type AdminDeps, carryOut, panel, previewed } from "../context.ts";
import { may } from "../guard.ts";
import { addressText, dryRun, input, line, momentText } from "../input.ts";
import { Problem } from "../problem.ts";
import { streamed } from "../streamed.ts";
import { askedFor, SEARCH } from "./addresses.ts";

const action = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("disable"), answer: z.enum(["quiet", "soft", "hard", "text"]), text: line.optional() }),
  z.strictObject({ kind: z.literal("enable") }),
  z.strictObject({ kind: z.literal("owner"), owner: addressText.nullable() }),
  z.strictObject({ kind: z.literal("expiry"), expires: momentText.nullable() }),
  z.strictObject({ kind: z.literal("replace"), from: addressText, to: addressText }),
  z.strictObject({ kind: z.literal("delete") }),
]);
const bulk = z.strictObject({
  addresses: z.array(addressText).min(1).max(MOST_ENTRIES).optional(),
  /** All that a search finds; then `expected` says how many somebody has seen. */
  filter: z.strictObject(SEARCH).optional(),
  expected: z.number().int().min(0).optional(),
  action,
});
const format = z.strictObject({ format: z.enum(["csv", "jsonl"]).default("csv") });

export function bulkRoutes({ db, directory }: AdminDeps) {
  return panel
    .createApp()
    .get("/export", may("addresses.see"), input("query", format), (c) => {
      const scope = c.get("scope");
      return c.req.valid("query").format === "csv"
        ? streamed(c, exportCsv(db, scope), "addresses.csv")
        : streamed(c, exportJsonLines(db, scope), "addresses.jsonl");
    })
    .get("/count", may("aliases.bulk"), input("query", z.strictObject(SEARCH)), async (c) => {
      const count = await countEntriesFound(db, c.get("scope"), askedFor(c.req.valid("query")), MOST_ENTRIES);
      return c.json({ count, most: MOST_ENTRIES }, 200);
    })
    .post("/bulk", may("aliases.bulk"), input("query", dryRun), input("json", bulk), async (c) => {
      const { action: what, ...selection } = c.req.valid("json");
      const scope = c.get("scope");
      const done = await carryOut(
        c,
        db,
        (on, author) => bulkChange(on, author, selectionOf(selection), what as BulkAction, scope),
        previewed(directory, what.kind === "replace" ? [what.from, what.to] : []),
      );
      const { changed = false, matched = 0, done: count = 0, warnings = [] } = done.result ?? {};
      return c.json(
        { changed, matched, done: count, warnings, change_no: done.change_no, dry_run: done.preview !== null, preview: done.preview },
        200,
      );
    });
}

function selectionOf({ addresses, filter, expected }: Omit<z.output<typeof bulk>, "action">): Selection {
  if (addresses !== undefined && filter === undefined) return { addresses };
  if (addresses === undefined && filter !== undefined && expected !== undefined) return { query: askedFor(filter), expected };
  throw new Problem("validation", "/: name addresses, or a filter with the number expected", {
    errors: [{ pointer: "/", code: "invalid", detail: "Either `addresses`, or `filter` and `expected`." }],
  });
}
