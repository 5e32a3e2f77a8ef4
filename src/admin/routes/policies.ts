/** Who may forward off campus, by affiliation. They hold for the whole campus, so who reaches all of it changes them. */
import { z } from "zod";
import { listPolicies, removePolicy, setPolicy } from "../../actions/policies.ts";
import type { Scope } from "../../actions/scope.ts";
import { type AdminDeps, carryOut, isDryRun, panel } from "../context.ts";
import { may } from "../guard.ts";
import { dryRun, input } from "../input.ts";
import { Problem } from "../problem.ts";

const param = z.strictObject({ affiliation: z.string().min(1).max(63) });
const policy = z.strictObject({ off_campus: z.boolean() });

export function policyRoutes({ db }: AdminDeps) {
  return panel
    .createApp()
    .get("/", may("domains.see"), async (c) => {
      const { everything } = c.get("scope");
      const items = (await listPolicies(db)).map((each) => ({ ...each, addresses: everything ? each.addresses : null }));
      return c.json({ items, total: items.length }, 200);
    })
    .put("/:affiliation", may("domains.edit"), input("param", param), input("query", dryRun), input("json", policy), async (c) => {
      mustReachAll(c.get("scope"));
      const { affiliation } = c.req.valid("param");
      const { result, change_no } = await carryOut(c, db, (on, author) =>
        setPolicy(on, author, affiliation, c.req.valid("json").off_campus),
      );
      return c.json({ ...result, change_no, dry_run: isDryRun(c) }, 200);
    })
    .delete("/:affiliation", may("domains.edit"), input("param", param), input("query", dryRun), async (c) => {
      mustReachAll(c.get("scope"));
      const { affiliation } = c.req.valid("param");
      const { result, change_no } = await carryOut(c, db, (on, author) => removePolicy(on, author, affiliation));
      return c.json({ changed: true, before: result, after: null, warnings: [] as string[], change_no, dry_run: isDryRun(c) }, 200);
    });
}

function mustReachAll({ everything }: Scope): void {
  if (!everything) throw new Problem("not-allowed", "A policy holds for the whole campus, and this token does not reach all of it.");
}
