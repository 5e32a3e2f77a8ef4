/** Lists: found, made, changed and deleted. Who is on them is list-members.ts, what waits for their owners held.ts. */
import type { Context } from "hono";
import { z } from "zod";
import { deleteEntry } from "../../actions/aliases.ts";
import type { Changed } from "../../actions/change.ts";
import type { EntryView } from "../../actions/entries.ts";
import { createList } from "../../actions/lists.ts";
import { listSources, listsPage } from "../../actions/lists-page.ts";
import { deleteChecked, patchEntry } from "../../actions/patch-entry.ts";
import { POSTING } from "../../actions/posting.ts";
import { domainInScope, notThere, type Scope } from "../../actions/scope.ts";
import type { Db } from "../../db/client.ts";
import { waitingCounts } from "../../queue/held-posts.ts";
import { type AdminDeps, type CarriedOut, carryOut, isDryRun, mayTo, type PanelEnv, panel } from "../context.ts";
import { may } from "../guard.ts";
import { addressParam, cursorOf, dryRun, input, line, PAGE, placeOf } from "../input.ts";
import { Problem } from "../problem.ts";
import { etagOf, expectedVersion } from "../versions.ts";
import { entryInSight } from "./addresses.ts";
import { LIFE, mustBeNew, mustLieIn, PROPERTIES } from "./aliases.ts";

const listing = z.strictObject({
  q: line.default(""),
  posting: z.enum(POSTING).optional(),
  domain: z.string().max(255).optional(),
  ...PAGE,
});
const place = z.strictObject({ address: z.string().max(400) });

const { affiliation: _, ...COMMON } = PROPERTIES;
const OF_LISTS = {
  ...COMMON,
  posting: z.enum(POSTING).optional(),
  own_copy: z.boolean().optional(),
  may_leave: z.boolean().optional(),
  member_limit: z.number().int().min(1).max(100_000).nullable().optional(),
};
const list = z.strictObject({ ...OF_LISTS, allow: z.strictObject({ reserved: z.boolean(), reuse: z.boolean() }).optional() });
const patch = z.strictObject({ ...OF_LISTS, ...LIFE });

export function listRoutes({ db }: AdminDeps) {
  return panel
    .createApp()
    .get("/", may("addresses.see"), input("query", listing), async (c) => {
      const { q, posting, domain, limit, cursor } = c.req.valid("query");
      const after = placeOf(cursor, place)?.address ?? null;
      const asked = { q: q.trim(), posting: posting ?? null, domain: domain?.toLowerCase() ?? null, after, limit };
      const { rows, total } = await listsPage(db, c.get("scope"), asked);
      const waiting = await waitingCounts(
        db,
        rows.map(({ address }) => address),
      );
      const last = rows.length === limit ? rows.at(-1) : undefined;
      const items = rows.map((row) => ({ ...row, held_count: waiting.get(row.address) ?? 0 }));
      return c.json({ items, next_cursor: last === undefined ? null : cursorOf({ address: last.address }), total }, 200);
    })
    .get("/:address", may("addresses.see"), input("param", addressParam), async (c) => {
      const entry = await listInSight(db, c.get("scope"), c.req.valid("param").address);
      const [sources, waiting] = await Promise.all([listSources(db, entry.address), waitingCounts(db, [entry.address])]);
      const allowed = {
        edit: mayTo(c, "lists.edit", entry),
        limit: mayTo(c, "lists.edit", { address: entry.address, owner: null }),
        see_members: mayTo(c, "members.see", entry),
        see_held: mayTo(c, "held.see", entry),
      };
      const shown = { ...withoutPeople(entry), ...sources, held_count: waiting.get(entry.address) ?? 0, may: allowed };
      return c.json(shown, 200, { etag: etagOf(entry.version) });
    })
    .put("/:address", may("lists.create"), input("param", addressParam), input("query", dryRun), input("json", list), async (c) => {
      const { address } = c.req.valid("param");
      const { starts_at, expires_at, own_copy, may_leave, member_limit, ...body } = c.req.valid("json");
      mustLieIn(c.get("scope"), address);
      const done = await carryOut(c, db, async (on, author) => {
        await mustBeNew(on, address);
        return createList(on, author, {
          address,
          ...body,
          starts: starts_at,
          expires: expires_at,
          ownCopy: own_copy,
          mayLeave: may_leave,
          memberLimit: member_limit,
        });
      });
      return writtenList(c, done, 201);
    })
    .patch("/:address", may("lists.edit"), input("param", addressParam), input("query", dryRun), input("json", patch), async (c) => {
      const expected = { kind: "list" as const, version: expectedVersion(c) };
      const { address } = c.req.valid("param");
      const body = c.req.valid("json");
      if (body.member_limit !== undefined) await mustSetLimit(db, c.get("scope"), address);
      return writtenList(c, await carryOut(c, db, (on, author) => patchEntry(on, author, c.get("scope"), address, expected, body)));
    })
    .delete("/:address", may("lists.edit"), input("param", addressParam), input("query", dryRun), async (c) => {
      const expected = { kind: "list" as const, version: expectedVersion(c) };
      const { address } = c.req.valid("param");
      const done = await carryOut(c, db, (on, author) =>
        deleteChecked(on, c.get("scope"), address, expected, (within) => deleteEntry(within, author, "list", address)),
      );
      return writtenList(c, done);
    });
}

const domainOf = (address: string): string => address.slice(address.lastIndexOf("@") + 1).toLowerCase();

/** The limit protects the server, so a list's owner does not raise it. */
async function mustSetLimit(db: Db, scope: Scope, address: string): Promise<void> {
  await listInSight(db, scope, address);
  if (domainInScope(scope, domainOf(address))) return;
  throw new Problem("not-allowed", "How many members a list may have is set by the admins of its domain.", { hint: "Ask one of them." });
}

/** A list in scope. */
export async function listInSight(db: Db, scope: Scope, address: string) {
  const entry = await entryInSight(db, scope, address);
  if (entry.kind !== "list") throw notThere(entry.address, "list");
  return entry;
}

/** Who is on a list is asked for page by page: it may be 100,000. */
function withoutPeople<Entry extends EntryView>(entry: Entry) {
  const { targets: _targets, target_dates: _dates, senders: _senders, excluded: _excluded, ...rest } = entry;
  return rest;
}

function writtenList(c: Context<PanelEnv>, { result, change_no }: CarriedOut<Changed<EntryView>>, status: 200 | 201 = 200) {
  const { before, after } = result;
  const headers: Record<string, string> = after === null ? {} : { etag: etagOf(after.version) };
  const shown = { ...result, before: before && withoutPeople(before), after: after && withoutPeople(after) };
  return c.json({ ...shown, change_no, dry_run: isDryRun(c) }, isDryRun(c) ? 200 : status, headers);
}
