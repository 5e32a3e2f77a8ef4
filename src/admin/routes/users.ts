/** People of the panel: who has which role, and the local accounts. */
import { z } from "zod";
import { grantWithin, mayGive, revokeWithin } from "../../actions/access/grant-within.ts";
import { listPeople } from "../../actions/access/people.ts";
import { type GivenRole, ROLES } from "../../actions/access/roles.ts";
import { createUser, removeUser, setUser } from "../../actions/access/users.ts";
import type { Scope } from "../../actions/scope.ts";
import { type AdminDeps, carryOut, isDryRun, panel, principalOf } from "../context.ts";
import { may, noTokens } from "../guard.ts";
import { cursorOf, DRY_RUN, dryRun, input, line, momentText, PAGE, placeOf } from "../input.ts";
import { Problem } from "../problem.ts";

const principalText = z.string().min(1).max(600);
const login = z.string().min(1).max(63);
const password = z.string().min(1).max(1000);
const domain = z.string().min(1).max(255);
const listing = z.strictObject({ q: line.default(""), ...PAGE });
const place = z.strictObject({ principal: principalText });
const roleOf = z.strictObject({ principal: principalText, role: z.enum(ROLES) });
const grant = z.strictObject({ domain: domain.nullable().optional(), ends: momentText.nullable().optional() });

export function userRoutes({ db }: AdminDeps) {
  return panel
    .createApp()
    .get("/", may("access.see"), input("query", listing), async (c) => {
      const { q, limit, cursor } = c.req.valid("query");
      const after = placeOf(cursor, place)?.principal ?? null;
      const { rows, total } = await listPeople(db, c.get("scope"), { q, after, limit });
      const last = rows.length === limit ? rows.at(-1) : undefined;
      return c.json({ items: rows, next_cursor: last === undefined ? null : cursorOf({ principal: last.principal }), total }, 200);
    })
    .post("/", may("accounts.edit"), noTokens, input("query", dryRun), input("json", z.strictObject({ login, password })), async (c) => {
      const asked = c.req.valid("json");
      const done = await carryOut(c, db, (on, author) => createUser(on, author, asked.login, asked.password));
      return c.json({ ...done.result, change_no: done.change_no, dry_run: isDryRun(c) }, isDryRun(c) ? 200 : 201);
    })
    .delete("/:login", may("accounts.edit"), input("param", z.strictObject({ login })), input("query", dryRun), async (c) => {
      const done = await carryOut(c, db, (on, author) => removeUser(on, author, c.req.valid("param").login));
      return c.json(
        { changed: true, before: done.result, after: null, warnings: [], change_no: done.change_no, dry_run: isDryRun(c) },
        200,
      );
    })
    .post(
      "/:login/password",
      may("accounts.edit"),
      noTokens,
      input("param", z.strictObject({ login })),
      input("query", dryRun),
      input("json", z.strictObject({ password })),
      async (c) => {
        const done = await carryOut(c, db, (on, author) =>
          setUser(on, author, c.req.valid("param").login, c.req.valid("json").password, "only who is there"),
        );
        return c.json({ ...done.result, change_no: done.change_no, dry_run: isDryRun(c) }, 200);
      },
    )
    .put("/:principal/roles/:role", may("access.edit"), input("param", roleOf), input("query", dryRun), input("json", grant), async (c) => {
      const { principal, role } = c.req.valid("param");
      const granter = granterOf(principalOf(c).id, c.get("scope"), role);
      const done = await carryOut(c, db, (on, author) => grantWithin(on, author, granter, principal, { role, ...c.req.valid("json") }));
      return c.json({ ...done.result, change_no: done.change_no, dry_run: isDryRun(c) }, 200);
    })
    .delete(
      "/:principal/roles/:role",
      may("access.edit"),
      input("param", roleOf),
      input("query", z.strictObject({ domain: domain.optional(), ...DRY_RUN })),
      async (c) => {
        const { principal, role } = c.req.valid("param");
        const granter = granterOf(principalOf(c).id, c.get("scope"), role);
        const from = c.req.valid("query").domain ?? null;
        const done = await carryOut(c, db, (on, author) => revokeWithin(on, author, granter, principal, role, from));
        return c.json(
          { changed: true, before: done.result, after: null, warnings: [], change_no: done.change_no, dry_run: isDryRun(c) },
          200,
        );
      },
    );
}

/** That some roles are not theirs to give is no secret: the matrix says so. */
function granterOf(id: string, scope: Scope, role: GivenRole) {
  if (!mayGive(scope, role))
    throw new Problem("not-allowed", `Only a superadmin gives or takes the role ${role}.`, {
      hint: "You may give department-admin and helpdesk in your domains.",
    });
  return { id, scope };
}
