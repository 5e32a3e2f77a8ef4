/** Who is on a list: members, named senders and those it excludes. No screen sends a whole list back: they are added and removed. */
import type { Context } from "hono";
import { z } from "zod";
import { changeMembers, type MembersChange, membersOf } from "../../actions/list-members.ts";
import { recordLook } from "../../actions/looks.ts";
import { personOnLists } from "../../actions/person-on-lists.ts";
import type { Db } from "../../db/client.ts";
import { type AdminDeps, authorOf, carryOut, isDryRun, type PanelEnv, panel } from "../context.ts";
import { may } from "../guard.ts";
import { addressParam, addressText, cursorOf, DRY_RUN, dryRun, input, line, momentText, PAGE, placeOf } from "../input.ts";
import { listInSight } from "./lists.ts";
import { PASTED, pasteOf } from "./pasted.ts";

const role = z.enum(["member", "sender", "excluded"]).default("member");
const listing = z.strictObject({ q: line.default(""), role, ...PAGE });
const place = z.strictObject({ member: z.string().max(400) });
const one = z.strictObject({ address: addressText, member: addressText });
const oneAs = z.strictObject({ role, ...DRY_RUN });

const pasted = z.strictObject({ ...PASTED.shape, role, starts_at: momentText.optional(), expires_at: momentText.optional() });

export function listMemberRoutes({ db }: AdminDeps) {
  return panel
    .createApp()
    .get("/search-person", may("members.see"), input("query", z.strictObject({ person: z.string().trim().min(3).max(320) })), async (c) => {
      const { person } = c.req.valid("query");
      const found = await personOnLists(db, c.get("scope"), person);
      await recordLook(db, authorOf(c), "person.search", person.toLowerCase());
      return c.json(found, 200);
    })
    .get("/:address/members", may("members.see"), input("param", addressParam), input("query", listing), async (c) => {
      const { role, q, limit, cursor } = c.req.valid("query");
      const { address } = await listInSight(db, c.get("scope"), c.req.valid("param").address);
      const after = placeOf(cursor, place)?.member ?? null;
      const { rows, total } = await membersOf(db, address, { role, q: q.trim(), after, limit });
      await recordLook(db, authorOf(c), "members.read", address);
      const last = rows.length === limit ? rows.at(-1) : undefined;
      return c.json({ items: rows, next_cursor: last === undefined ? null : cursorOf({ member: last.member }), total }, 200);
    })
    .post(
      "/:address/members",
      may("lists.edit"),
      input("param", addressParam),
      input("query", dryRun),
      input("json", pasted),
      async (c) => {
        const { role, starts_at, expires_at, ...texts } = c.req.valid("json");
        const { add, remove, bad } = pasteOf(c, texts);
        const done = await changed(c, db, { add, remove, role, dates: { starts: starts_at, expires: expires_at } });
        return c.json({ ...done, bad }, 200);
      },
    )
    .put("/:address/members/:member", may("lists.edit"), input("param", one), input("query", oneAs), async (c) =>
      c.json(await changed(c, db, { add: [c.req.valid("param").member], remove: [], role: c.req.valid("query").role }), 200),
    )
    .delete("/:address/members/:member", may("lists.edit"), input("param", one), input("query", oneAs), async (c) =>
      c.json(await changed(c, db, { add: [], remove: [c.req.valid("param").member], role: c.req.valid("query").role }), 200),
    );
}

async function changed(c: Context<PanelEnv, string>, db: Db, change: MembersChange) {
  const address = c.req.param("address") ?? "";
  const { result, change_no } = await carryOut(c, db, (on, author) => changeMembers(on, author, c.get("scope"), address, change));
  return { ...result, change_no, dry_run: isDryRun(c) };
}
