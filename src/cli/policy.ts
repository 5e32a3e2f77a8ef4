import { Command, Option } from "commander";
import type { PolicyView } from "../actions/policies.ts";
import type { CliContext } from "./context.ts";
import { authorOf, examples, printChange, WHY } from "./verb.ts";

type Why = { readonly why?: string };

/** `mailroom policy …`: who may forward off campus. */
export function policyCommand(ctx: CliContext): Command {
  const policy = new Command("policy").description("who may forward off campus, by the affiliation of an address");
  policy
    .command("set <affiliation>")
    .description("say whether such addresses may forward off campus; who has no policy may")
    .addOption(
      new Option("--off-campus <answer>", "off campus: neither a domain of ours nor one with a route")
        .choices(["yes", "no"])
        .makeOptionMandatory(),
    )
    .option(...WHY)
    .addHelpText("after", examples("mailroom policy set staff --off-campus no --why BOARD-2026-4"))
    .action(async (affiliation: string, options: Why & { readonly offCampus: string }) => {
      const { setPolicy } = await import("../actions/policies.ts");
      const changed = await setPolicy(await ctx.db(), authorOf(ctx, options), affiliation, options.offCampus === "yes");
      await printChange(ctx, changed, policyLine(changed.after));
    });
  policy
    .command("list")
    .description("list the policies, and how many addresses each concerns")
    .addHelpText("after", examples("mailroom policy list --json"))
    .action(async () => {
      const { listPolicies } = await import("../actions/policies.ts");
      for (const view of await listPolicies(await ctx.db())) await (ctx.json ? ctx.out.json(view) : ctx.out.text(policyLine(view)));
    });
  policy
    .command("remove <affiliation>")
    .description("take the policy away: such addresses may forward off campus")
    .option(...WHY)
    .addHelpText("after", examples("mailroom policy remove staff"))
    .action(async (affiliation: string, options: Why) => {
      const { removePolicy } = await import("../actions/policies.ts");
      const before = await removePolicy(await ctx.db(), authorOf(ctx, options), affiliation);
      await printChange(ctx, { changed: true, before, after: null }, `policy for ${before.affiliation} removed`);
    });
  policy
    .command("except <address>")
    .description("let mail of one address leave campus until a date")
    .option("--until <date>", "last day (2027-06-30, UTC) or moment (2027-06-30T18:00Z)")
    .option("--no-until", "end the exception")
    .option(...WHY)
    .addHelpText("after", examples("mailroom policy except ann.lee@campus.example --until 2027-06-30 --why SABBATICAL"))
    .action(async (address: string, options: Why & { readonly until?: string | false }) => {
      const [{ exceptFromPolicy }, { UsageError }] = await Promise.all([import("../actions/policies.ts"), import("./exit-codes.ts")]);
      if (options.until === undefined) throw new UsageError("say until when: --until DATE, or --no-until");
      const until = options.until === false ? null : options.until;
      const changed = await exceptFromPolicy(await ctx.db(), authorOf(ctx, options), address, until);
      const ends = changed.after?.off_campus_until;
      await printChange(
        ctx,
        changed,
        `${changed.after?.address ?? address} ${ends ? `may forward off campus until ${ends}` : "has no exception"}`,
      );
    });
  return policy;
}

const policyLine = (view: PolicyView | null): string =>
  view === null ? "" : `${view.affiliation}  ${view.off_campus ? "may" : "may not"} forward off campus  (${view.addresses} addresses)`;
