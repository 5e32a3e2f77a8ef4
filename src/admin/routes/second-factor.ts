/** The second factor of whoever is signed in with a local account. */
import type { Context } from "hono";
import { getCookie } from "hono/cookie";
import { z } from "zod";
import { secretHash } from "../../actions/access/secret-hash.ts";
import { beginTotp, confirmTotp, removeTotp } from "../../actions/access/totp.ts";
import { listUsers } from "../../actions/access/users.ts";
import type { Db } from "../../db/client.ts";
import { confirmLocally } from "../access/sign-in.ts";
import { type AdminDeps, carryOut, isDryRun, type PanelEnv, panel, principalOf } from "../context.ts";
import { cookieName, may, noTokens } from "../guard.ts";
import { dryRun, input } from "../input.ts";
import { Problem } from "../problem.ts";

const password = z.string().min(1).max(1000);
const code = z.string().max(20);

export function secondFactorRoutes(deps: AdminDeps) {
  const { db } = deps;
  return panel
    .createApp()
    .get("/", may("me.see"), async (c) => {
      const login = localLoginOf(c);
      return c.json(login === null ? { local: false, set: false } : await factorOf(db, login), 200);
    })
    .post("/", may("me.edit"), noTokens, input("json", z.strictObject({ password })), async (c) => {
      c.set("holdsSecret", true);
      const login = mustBeLocal(c);
      const typed = { login, password: c.req.valid("json").password, code: undefined, clientAddress: c.get("clientAddress") };
      if (!(await factorOf(db, login)).set) await confirmLocally(deps, typed); // where there is one, beginTotp says so
      return c.json(await beginTotp(db, login, issuerOf(deps)), 200);
    })
    .post("/confirm", may("me.edit"), noTokens, input("query", dryRun), input("json", z.strictObject({ code })), async (c) => {
      const session = secretHash(getCookie(c, cookieName(deps)) ?? "");
      const login = mustBeLocal(c);
      const done = await carryOut(c, db, (on, author) => confirmTotp(on, author, login, plain(c.req.valid("json").code), session));
      return c.json({ ...done.result, change_no: done.change_no, dry_run: isDryRun(c) }, 200);
    })
    .delete("/", may("me.edit"), noTokens, input("query", dryRun), input("json", z.strictObject({ password, code })), async (c) => {
      const login = mustBeLocal(c);
      const typed = c.req.valid("json");
      await confirmLocally(deps, { login, password: typed.password, code: plain(typed.code), clientAddress: c.get("clientAddress") });
      const done = await carryOut(c, db, (on, author) => removeTotp(on, author, login));
      return c.json({ ...done.result, change_no: done.change_no, dry_run: isDryRun(c) }, 200);
    });
}

/** Whether an account is there, and has a second factor. */
async function factorOf(db: Db, login: string): Promise<{ readonly local: boolean; readonly set: boolean }> {
  const user = (await listUsers(db)).find((each) => each.login === login);
  return { local: user !== undefined, set: user?.has_totp === true };
}

/** Apps show codes in two groups. */
const plain = (typed: string): string => typed.replace(/\s/g, "");

const localLoginOf = (c: Context<PanelEnv>): string | null => /^local:(.*)$/.exec(principalOf(c).id)?.[1] ?? null;

function mustBeLocal(c: Context<PanelEnv>): string {
  const login = localLoginOf(c);
  if (login === null)
    throw new Problem("rule-broken", "You do not sign in with a local account.", {
      hint: "Your campus account may have a second factor of its own.",
    });
  return login;
}

/** What apps write beside the codes. */
const issuerOf = ({ publicUrl }: AdminDeps): string => (publicUrl === null ? "Mailroom" : `Mailroom ${new URL(publicUrl).hostname}`);
