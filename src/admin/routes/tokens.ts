/** Tokens of programs: their owner's, or all for those who see everything. */
import { z } from "zod";
import { createToken, listTokens, revokeToken } from "../../actions/access/tokens.ts";
import { Refusal } from "../../actions/refusal.ts";
import { type Principal, TOKEN_SCOPES, tokenScopesOf } from "../access/policy.ts";
import { type AdminDeps, carryOut, isDryRun, panel, principalOf } from "../context.ts";
import { may, noTokens } from "../guard.ts";
import { dryRun, input, momentText } from "../input.ts";
import { Problem } from "../problem.ts";

const token = z.strictObject({
  name: z.string().min(1).max(100),
  scopes: z.array(z.enum(TOKEN_SCOPES)).min(1).max(50),
  domain: z.string().min(1).max(255).nullable().optional(),
  networks: z.array(z.string().min(2).max(60)).max(50).optional(),
  ends_at: momentText,
});
const id = z.strictObject({ id: z.coerce.number().int().min(1).max(2_147_483_647) });

export function tokenRoutes({ db }: AdminDeps) {
  return panel
    .createApp()
    .get("/", may("tokens.see"), async (c) => {
      const principal = principalOf(c);
      const items = await listTokens(db, c.get("scope").everything ? null : principal.id);
      return c.json({ items, total: items.length, scopes: tokenScopesOf(principal, null) }, 200);
    })
    .post("/", may("tokens.edit"), noTokens, input("query", dryRun), input("json", token), async (c) => {
      c.set("holdsSecret", true);
      const { ends_at, ...asked } = c.req.valid("json");
      const owner = principalOf(c);
      mustBeTheirs(owner, asked.scopes, asked.domain ?? null);
      const done = await carryOut(c, db, (on, author) => createToken(on, author, { ...asked, owner: owner.id, ends: ends_at }));
      const { token: made, ...result } = done.result;
      // What a rehearsal made is gone: nobody shall keep it for a token.
      return c.json(
        { ...result, change_no: done.change_no, dry_run: isDryRun(c), token: isDryRun(c) ? null : made },
        isDryRun(c) ? 200 : 201,
      );
    })
    .delete("/:id", may("tokens.edit"), input("param", id), input("query", dryRun), async (c) => {
      const owner = c.get("scope").everything ? null : principalOf(c).id;
      const done = await carryOut(c, db, (on, author) => revokeToken(on, author, c.req.valid("param").id, owner));
      return c.json({ ...done.result, change_no: done.change_no, dry_run: isDryRun(c) }, 200);
    });
}

/** A token that could do nothing, or less than it says, would be believed in. Whose domains others are is no business of theirs. */
function mustBeTheirs(owner: Principal, scopes: readonly string[], domain: string | null): void {
  const anywhere = tokenScopesOf(owner, null);
  const beyond = scopes.filter((scope) => !anywhere.includes(scope));
  if (beyond.length > 0)
    throw new Problem("not-allowed", `You may not do this yourself: ${beyond.join(", ")}.`, {
      hint: "A token never may more than its owner.",
      errors: beyond.map((scope) => ({ pointer: `/scopes/${scopes.indexOf(scope)}`, code: "beyond-owner", detail: scope })),
    });
  const there = domain === null ? anywhere : tokenScopesOf(owner, domain.toLowerCase());
  if (scopes.some((scope) => !there.includes(scope)))
    throw new Refusal("notFound", `there is no domain ${domain ?? ""} in which you may do all of this`, "Choose one of yours.");
}
