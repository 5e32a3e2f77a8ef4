/** Making, changing and deleting aliases. Every write can be rehearsed with `?dry_run=true`. */
import type { Context } from "hono";
import { z } from "zod";
import { deleteEntry, setAlias } from "../../actions/aliases.ts";
import type { Author, Changed } from "../../actions/change.ts";
import type { EntryView } from "../../actions/entries.ts";
import { targetsChanged } from "../../actions/list-members.ts";
import { changeTargets, deleteChecked, patchEntry } from "../../actions/patch-entry.ts";
import type { Preview } from "../../actions/preview.ts";
import { Refusal } from "../../actions/refusal.ts";
import { domainInScope, notThere, type Scope } from "../../actions/scope.ts";
import type { Db } from "../../db/client.ts";
import { type AdminDeps, type CarriedOut, carryOut, changeEntry, isDryRun, type PanelEnv, panel } from "../context.ts";
import { may } from "../guard.ts";
import { addressParam, addressText, dryRun, input, line, momentText } from "../input.ts";
import { etagOf, expectedVersion } from "../versions.ts";
import { entryInSight } from "./addresses.ts";
import { PASTED, pasteOf } from "./pasted.ts";

/** What aliases and lists have in common. */
export const PROPERTIES = {
  owner: addressText.nullable().optional(),
  note: line.nullable().optional(),
  starts_at: momentText.nullable().optional(),
  expires_at: momentText.nullable().optional(),
  affiliation: z.string().max(63).nullable().optional(),
};
export const LIFE = {
  disabled: z
    .strictObject({ answer: z.enum(["quiet", "soft", "hard", "text"]), text: line.optional() })
    .nullable()
    .optional(),
  moved: z.strictObject({ to: addressText, delivers: z.boolean() }).nullable().optional(),
};
const targets = z.array(addressText).min(1).max(1000);
const alias = z.strictObject({ targets, ...PROPERTIES, allow: z.strictObject({ reserved: z.boolean(), reuse: z.boolean() }).optional() });
const patch = z.strictObject({ targets: targets.optional(), ...PROPERTIES, ...LIFE });
const target = z.strictObject({ address: addressText, target: addressText });

export function aliasRoutes(deps: AdminDeps) {
  const { db } = deps;
  return panel
    .createApp()
    .get("/:address", may("addresses.see"), input("param", addressParam), async (c) => {
      const entry = await entryInSight(db, c.get("scope"), c.req.valid("param").address);
      if (entry.kind !== "alias") throw notThere(entry.address, "alias");
      return c.json(entry, 200, { etag: etagOf(entry.version) });
    })
    .put("/:address", may("aliases.create"), input("param", addressParam), input("query", dryRun), input("json", alias), async (c) => {
      const { address } = c.req.valid("param");
      const { starts_at, expires_at, ...body } = c.req.valid("json");
      mustLieIn(c.get("scope"), address);
      const work = async (on: Db, author: Author) => {
        await mustBeNew(on, address);
        return setAlias(on, author, { address, ...body, starts: starts_at, expires: expires_at });
      };
      const done = await changeEntry(c, deps, work, body.targets);
      return written(c, done, 201);
    })
    .patch("/:address", may("aliases.edit"), input("param", addressParam), input("query", dryRun), input("json", patch), async (c) => {
      const expected = { kind: "alias" as const, version: expectedVersion(c) };
      const { address } = c.req.valid("param");
      const changes = c.req.valid("json");
      const work = (on: Db, author: Author) => patchEntry(on, author, c.get("scope"), address, expected, changes);
      return written(c, await changeEntry(c, deps, work, changes.targets));
    })
    .delete("/:address", may("aliases.delete"), input("param", addressParam), input("query", dryRun), async (c) => {
      const expected = { kind: "alias" as const, version: expectedVersion(c) };
      const { address } = c.req.valid("param");
      const done = await changeEntry(c, deps, (on, author) =>
        deleteChecked(on, c.get("scope"), address, expected, (within) => deleteEntry(within, author, "alias", address)),
      );
      return written(c, done);
    })
    .post(
      "/:address/targets",
      may("aliases.edit"),
      input("param", addressParam),
      input("query", dryRun),
      input("json", PASTED),
      async (c) => {
        const { address } = c.req.valid("param");
        const { add, remove, bad } = pasteOf(c, c.req.valid("json"));
        const done = await carryOut(c, db, async (on, author) => {
          const changed = await changeTargets(on, author, c.get("scope"), address, { add, remove });
          return targetsChanged(on, changed, add, remove);
        });
        return c.json({ ...done.result, change_no: done.change_no, dry_run: isDryRun(c), bad }, 200);
      },
    )
    .put("/:address/targets/:target", may("aliases.edit"), input("param", target), input("query", dryRun), async (c) => {
      const { address, target } = c.req.valid("param");
      const work = (on: Db, author: Author) => changeTargets(on, author, c.get("scope"), address, { add: [target], remove: [] });
      return written(c, await changeEntry(c, deps, work, [target]));
    })
    .delete("/:address/targets/:target", may("aliases.edit"), input("param", target), input("query", dryRun), async (c) => {
      const { address, target } = c.req.valid("param");
      const work = (on: Db, author: Author) => changeTargets(on, author, c.get("scope"), address, { add: [], remove: [target] });
      return written(c, await changeEntry(c, deps, work, [target]));
    });
}

/** What a write answers: what was, what is, and what is allowed but probably not meant; rehearsed, with what it would do to mail (changeEntry). */
export function written(
  c: Context<PanelEnv>,
  { result, change_no, preview = null }: CarriedOut<Changed<EntryView>> & { readonly preview?: Preview | null },
  status: 200 | 201 = 200,
) {
  const headers: Record<string, string> = result.after === null ? {} : { etag: etagOf(result.after.version) };
  return c.json({ ...result, change_no, dry_run: isDryRun(c), preview }, isDryRun(c) ? 200 : status, headers);
}

/** A new address belongs to its domain; whether that is ours only those learn who may see it. */
export function mustLieIn(scope: Scope, address: string): void {
  const domain = address.slice(address.lastIndexOf("@") + 1).toLowerCase();
  if (!domainInScope(scope, domain))
    throw new Refusal("notFound", `there is no domain ${domain} in which you may make addresses`, "Choose one of yours.");
}

/** PUT makes; what is there already is changed with PATCH, by its version. */
export async function mustBeNew(on: Parameters<typeof entryInSight>[0], address: string): Promise<void> {
  const { rows } = await on.query<{ kind: string }>({
    text: "select kind from entries where address = $1",
    values: [address.toLowerCase()],
  });
  if (rows[0] === undefined) return;
  throw new Refusal(
    "refused",
    `${address} exists: it is ${rows[0].kind === "list" ? "a list" : "an alias"}`,
    "Open it to change it.",
    "address-taken",
  );
}
