/** Our domains: what they are, who answers in them, what the world's DNS says of them, and what would end with one. */
import { z } from "zod";
import { checkDns } from "../../actions/dns/check.ts";
import { domainOverviews } from "../../actions/domain-overview.ts";
import { addDomain, type DomainReach, domainReach, removeDomain, reserveNames } from "../../actions/domains.ts";
import { Refusal } from "../../actions/refusal.ts";
import { RESERVED_NAMES } from "../../actions/reserved.ts";
import { roleCoverage } from "../../actions/roles.ts";
import { domainInScope, type Scope } from "../../actions/scope.ts";
import type { Db } from "../../db/client.ts";
import { parseDomain } from "../../mail/domain.ts";
import { type AdminDeps, carryOut, isDryRun, panel } from "../context.ts";
import { may } from "../guard.ts";
import { addressText, DRY_RUN, dryRun, input } from "../input.ts";
import { Problem } from "../problem.ts";

const name = z.string().min(1).max(255);
const param = z.strictObject({ domain: name });
const domain = z.strictObject({
  alias_of: name.nullable().optional(),
  catch_all: addressText.nullable().optional(),
  subaddressing: z.boolean().optional(),
});
const removal = z.strictObject({
  ...DRY_RUN,
  expected_entries: z
    .string()
    .regex(/^\d{1,9}$/)
    .transform(Number)
    .optional(),
});
const reserved = z.strictObject({ domain: name, local: z.string().min(1).max(64) });
const questions = z.strictObject({
  selectors: z
    .array(z.string().regex(/^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$/i))
    .max(10)
    .default([]),
});

export function domainRoutes({ db, directory, limits, postmaster, probes, ourselves }: AdminDeps) {
  return panel
    .createApp()
    .get("/", may("domains.see"), async (c) => {
      const items = await domainOverviews(db, c.get("scope"));
      return c.json({ items, total: items.length }, 200);
    })
    .get("/:domain", may("domains.see"), input("param", param), async (c) => {
      const view = await domainInSight(db, c.get("scope"), c.req.valid("param").domain);
      return c.json({ ...view, reserved_everywhere: [...RESERVED_NAMES].sort() }, 200);
    })
    .get("/:domain/roles", may("domains.see"), input("param", param), async (c) => {
      const { domain: at } = await domainInSight(db, c.get("scope"), c.req.valid("param").domain);
      return c.json({ items: await roleCoverage(directory, at, { limits, postmaster }) }, 200);
    })
    .get("/:domain/reach", may("domains.see"), input("param", param), async (c) => {
      const { domain: at } = await domainInSight(db, c.get("scope"), c.req.valid("param").domain);
      return c.json(await domainReach(db, at), 200);
    })
    .post("/:domain/check", may("domains.see"), input("param", param), input("json", questions), async (c) => {
      const { domain: at } = await domainInSight(db, c.get("scope"), c.req.valid("param").domain);
      const { selectors } = c.req.valid("json");
      const items = await checkDns(probes.dns, { domain: at, hostname: ourselves.hostname, selectors });
      return c.json({ domain: at, hostname: ourselves.hostname, checked_at: new Date().toISOString(), items }, 200);
    })
    .put("/:domain", may("domains.edit"), input("param", param), input("query", dryRun), input("json", domain), async (c) => {
      const at = nameInScope(c.get("scope"), c.req.valid("param").domain);
      const { alias_of, catch_all, subaddressing } = c.req.valid("json");
      const done = await carryOut(c, db, (on, author) =>
        addDomain(on, author, { domain: at, aliasOf: alias_of, catchAll: catch_all, subaddressing }),
      );
      const isNew = done.result.before === null && !isDryRun(c);
      return c.json({ ...done.result, change_no: done.change_no, dry_run: isDryRun(c) }, isNew ? 201 : 200);
    })
    .delete("/:domain", may("domains.edit"), input("param", param), input("query", removal), async (c) => {
      const at = nameInScope(c.get("scope"), c.req.valid("param").domain);
      const expected = c.req.valid("query").expected_entries;
      const { result, change_no } = await carryOut(c, db, async (on, author) => {
        mustBeExpected(await domainReach(on, at), expected);
        return removeDomain(on, author, at, expected !== undefined);
      });
      return c.json({ changed: true, reach: result, warnings: [] as string[], change_no, dry_run: isDryRun(c) }, 200);
    })
    .put("/:domain/reserved/:local", may("domains.edit"), input("param", reserved), input("query", dryRun), async (c) => {
      const { domain: text, local } = c.req.valid("param");
      const at = nameInScope(c.get("scope"), text);
      const { result, change_no } = await carryOut(c, db, (on, author) => reserveNames(on, author, at, [local], true));
      return c.json({ ...result, change_no, dry_run: isDryRun(c) }, 200);
    })
    .delete("/:domain/reserved/:local", may("domains.edit"), input("param", reserved), input("query", dryRun), async (c) => {
      const { domain: text, local } = c.req.valid("param");
      const at = nameInScope(c.get("scope"), text);
      const { result, change_no } = await carryOut(c, db, (on, author) => reserveNames(on, author, at, [local], false));
      return c.json({ ...result, change_no, dry_run: isDryRun(c) }, 200);
    });
}

const noDomain = (text: string): Refusal =>
  new Refusal("notFound", `there is no domain ${JSON.stringify(text.slice(0, 100))} that you may see`, "Look for it under Domains.");

/** A domain of ours in scope. */
async function domainInSight(db: Db, scope: Scope, text: string) {
  const [view] = await domainOverviews(db, scope, nameInScope(scope, text));
  if (view === undefined) throw noDomain(text);
  return view;
}

/** A domain's name in its one form. Outside the scope nothing exists, whatever is wrong with its name. */
function nameInScope(scope: Scope, text: string): string {
  const parsed = parseDomain(text);
  if (parsed.ok && domainInScope(scope, parsed.domain)) return parsed.domain;
  if (parsed.ok || !scope.everything) throw noDomain(text);
  throw new Problem("validation", `/domain: ${parsed.fault.detail}`, { hint: "Write it as in campus.example." });
}

/** Whoever takes away a domain that is in use has seen how much goes with it. */
function mustBeExpected({ domain: at, entries, alias_domains, ...reach }: DomainReach, expected: number | undefined): void {
  const isUsed = entries + alias_domains.length > 0;
  if (expected === undefined ? !isUsed : expected === entries) return;
  throw new Problem(
    "count-changed",
    `${at} has ${entries} addresses and ${alias_domains.length} alias domains, which would go or stand for themselves.`,
    {
      hint: "Look at what would end, and send the number of addresses as expected_entries.",
      members: { reach: { domain: at, entries, alias_domains, ...reach } },
    },
  );
}
