/** What was changed, by whom and why; and taking it back. */
import { z } from "zod";
import { changeSet, changeSetsPage, exportChanges, setInSight } from "../../actions/changes.ts";
import { refuseBeyondScope, refuseForeignUndo, type Viewer } from "../../actions/changes-scope.ts";
import { undoChange } from "../../actions/undo.ts";
import type { Db } from "../../db/client.ts";
import { type AdminDeps, carryOut, type PanelEnv, panel, previewed, principalOf } from "../context.ts";
import { may } from "../guard.ts";
import { addressText, cursorOf, dryRun, input, line, PAGE, placeOf } from "../input.ts";
import { Problem } from "../problem.ts";
import { streamed } from "../streamed.ts";

const since = z.iso.datetime({ offset: true }).or(z.iso.date());
const listing = z.strictObject({ object: line.optional(), actor: line.optional(), since: since.optional(), ...PAGE });
const records = z.strictObject(PAGE);
const numbered = z.strictObject({ id: z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER) });
const place = z.strictObject({ after: z.number().int().min(1) });
const revert = z.strictObject({ overwrite: z.enum(["none", "all"]).or(z.array(addressText).max(1000)).default("none") });

export function changeRoutes({ db, directory, ourselves }: AdminDeps) {
  return panel
    .createApp()
    .get("/", may("changes.see"), input("query", listing), async (c) => {
      const { object, actor, since: from, limit, cursor } = c.req.valid("query");
      const asked = {
        after: placeOf(cursor, place)?.after,
        limit,
        object: object === "" ? undefined : object?.toLowerCase(),
        actor: actor === "" ? undefined : actor,
        since: from === undefined ? undefined : new Date(from),
      };
      const items = await changeSetsPage(db, asked, viewerOf(c));
      const last = items.length === limit ? items.at(-1) : undefined;
      return c.json({ items, next_cursor: last === undefined ? null : cursorOf({ after: last.change_no }) }, 200);
    })
    .get("/export", may("changes.see"), input("query", z.strictObject({ since: since.optional() })), (c) => {
      const { since: from } = c.req.valid("query");
      return streamed(c, exportChanges(db, viewerOf(c), from === undefined ? null : new Date(from)), "changes.jsonl");
    })
    .get("/:id", may("changes.see"), input("param", numbered), input("query", records), async (c) => {
      const { limit, cursor } = c.req.valid("query");
      const { id } = c.req.valid("param");
      const set = await changeSet(db, id, { after: placeOf(cursor, place)?.after ?? 0, limit }, viewerOf(c));
      const last = set.records.length === limit ? set.records.at(-1) : undefined;
      return c.json({ ...set, next_cursor: last === undefined ? null : cursorOf({ after: last.change_no }) }, 200);
    })
    .post("/:id/revert", may("changes.undo"), input("param", numbered), input("query", dryRun), input("json", revert), async (c) => {
      const viewer = viewerOf(c);
      const { overwrite } = c.req.valid("json");
      const { change_no: changeNo } = await setInSight(db, c.req.valid("param").id, viewer);
      await refuseForeignUndo(db, viewer, changeNo);
      const done = await carryOut(
        c,
        db,
        async (on: Db, author) => {
          const undone = await undoChange(on, author, changeNo, { overwrite, ...(ourselves !== null && { ourselves }) });
          if (undone.changeNo !== null) await refuseBeyondScope(on, viewer, undone.changeNo);
          // With everything so already there is nothing to write; with conflicts somebody must say what becomes of them.
          if (!undone.changed && undone.conflictCount > 0 && overwrite === "none") throw laterEdits(changeNo, undone);
          return undone;
        },
        previewed(directory),
      );
      const { result } = done;
      const answer = {
        changed: result?.changed ?? false,
        change_no: done.change_no,
        undone: changeNo,
        kept: result?.kept ?? [],
        addresses: result?.addresses ?? 0,
        warnings: result?.warnings ?? [],
        dry_run: done.preview !== null,
        preview: done.preview,
      };
      return c.json(answer, 200);
    });
}

const viewerOf = (c: Parameters<typeof principalOf>[0] & { get(name: "scope"): PanelEnv["Variables"]["scope"] }): Viewer => ({
  scope: c.get("scope"),
  principal: principalOf(c).id,
});

type Undone = Awaited<ReturnType<typeof undoChange>>;

function laterEdits(changeNo: number, { conflicts, conflictCount }: Undone): Problem {
  return new Problem("later-edits", `What change #${changeNo} did was edited since. Nothing was changed.`, {
    hint: "Say for each address whether its later edit is overwritten.",
    members: {
      conflicts: conflicts.map(({ relation, key, member, by, at, action, changeNo: by_change }) => ({
        relation,
        key,
        member,
        by,
        at,
        action,
        change_no: by_change,
      })),
      conflict_count: conflictCount,
    },
  });
}
