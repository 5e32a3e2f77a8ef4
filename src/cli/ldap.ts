import { Command } from "commander";
import { filterOfKey } from "../directory/filter-address.ts";
import type { Check, LdapSource } from "../directory/ldap/open-source.ts";
import type { SourceEntry } from "../directory/people/source.ts";
import type { Compared, Frozen } from "../directory/people/state.ts";
import { twinsText } from "../directory/people/twins.ts";
import { counted } from "../mail/counted.ts";
import type { CliContext } from "./context.ts";
import { EXIT, Exit, UsageError } from "./exit-codes.ts";
import { typedMailbox } from "./typed.ts";
import { authorOf, examples, printChange, WHY } from "./verb.ts";

const EXIT_STATUS = `
Exit status: 0 all is well, 1 something is frozen or wrong, 69 a source does not answer.`;

/** `mailroom ldap …`: what the LDAP sources answer, and what the directory guard holds back. */
export function ldapCommand(ctx: CliContext): Command {
  const ldap = new Command("ldap").description("what the LDAP sources say of people and groups");
  ldap
    .command("test [source]")
    .description("ask each source: does it answer, how fast, whom does it know, what is frozen")
    .addHelpText("after", EXIT_STATUS + examples("mailroom ldap test", "mailroom ldap test campus --json"))
    .action((source?: string) => test(ctx, source));
  ldap
    .command("show <address>")
    .description("what each source says of an address now, and what it last said")
    .addHelpText("after", examples("mailroom ldap show cs-all@cs.campus.example"))
    .action((address: string) => show(ctx, address));
  ldap
    .command("sync [source]")
    .description("compare a source as a whole with what is known of it; done every 15 minutes by itself")
    .option("--dry-run", "only say what would change")
    .addHelpText("after", examples("mailroom ldap sync --dry-run"))
    .action((source: string | undefined, options: { dryRun?: boolean }) => syncSources(ctx, source, options.dryRun === true));
  ldap
    .command("accept <source> [group]")
    .description("let what the guard has frozen come true: of one group, or of the whole source")
    .option(...WHY)
    .addHelpText("after", examples("mailroom ldap accept campus cs-all@cs.campus.example --why TICKET-7", "mailroom ldap accept campus"))
    .action((source: string, group: string | undefined, options: { why?: string }) => acceptNow(ctx, source, group, options));
  return ldap;
}

/** The sources, or the one that is named. */
async function chosen(ctx: CliContext, name: string | undefined): Promise<readonly LdapSource[]> {
  const { sources } = await ctx.ldap();
  if (sources.length === 0) throw new UsageError("no LDAP source is set up: name one under ldap: in the settings, as docs/ldap.md shows");
  const named = name === undefined ? sources : sources.filter((source) => source.name === name);
  if (named.length === 0) throw new UsageError(`there is no source ${name}; there is ${sources.map((source) => source.name).join(", ")}`);
  return named;
}

async function test(ctx: CliContext, name: string | undefined): Promise<void> {
  const { sourceState } = await import("../directory/people/state.ts");
  let status: number = EXIT.done;
  for (const source of await chosen(ctx, name)) {
    const { frozen, compared } = await sourceState(await ctx.db(), source.name);
    const checked = await source.check().catch((error: unknown) => (error instanceof Error ? error : new Error(String(error))));
    const fault = checked instanceof Error ? checked.message : null;
    const check = checked instanceof Error ? null : checked;
    const problems = check === null ? [] : [...(await unrouted(ctx, check)), ...check.problems];
    const found = check && { milliseconds: check.milliseconds, people: check.people, groups: check.groups, problems };
    if (ctx.json) await ctx.out.json({ source: source.name, fault, ...found, frozen, compared });
    else await ctx.out.text(checkText(source.name, fault, found, frozen, compared));
    if (fault !== null) status = EXIT.unreachable;
    else if (status === EXIT.done && (frozen.length > 0 || problems.length > 0)) status = EXIT.failed;
  }
  if (status !== EXIT.done) throw new Exit(status);
}

/** People whose mailbox is their address, where no route says what keeps it. */
async function unrouted(ctx: CliContext, { own }: Check): Promise<string[]> {
  const domains = await (await ctx.ldap()).directory.domains();
  if (domains.kind !== "found") return [];
  return [...own]
    .filter(([domain]) => domains.value.get(domain)?.isRouted !== true)
    .map(
      ([domain, count]) =>
        `at ${domain} the mailbox of ${counted(count, "person", "people")} is the address itself, and no route says what keeps it: their mail waits (451). mailroom route set ${domain} lmtp://HOST:24, or people.mailbox`,
    );
}

/** Problems that are shown as text; --json has all. */
const SHOWN = 20;

function checkText(
  name: string,
  fault: string | null,
  check: Omit<Check, "own"> | null,
  frozen: readonly Frozen[],
  compared: Compared | null,
): string {
  const problems = check?.problems ?? [];
  return [
    check === null
      ? `${name}: DOES NOT ANSWER: ${fault}`
      : `${name}: answers in ${check.milliseconds.toFixed(1)} ms; ${check.people} addresses of people, ${check.groups} of groups`,
    compared === null
      ? "  never compared as a whole: after a restart during an outage nobody would be known"
      : `  last compared ${compared.at.toISOString()}: ${compared.fault ?? `${compared.entries} addresses`}`,
    ...frozen.map(
      ({ address, since, lost, known, sample }) =>
        `  FROZEN since ${since.toISOString()}: ${address === "*" ? "the whole source" : address} would lose ${lost} of ${known}: ${sample.join(", ")}\n` +
        `    if that is right: mailroom ldap accept ${name}${address === "*" ? "" : filterOfKey(address) === null ? ` ${address}` : ` '${address}'`}`,
    ),
    ...problems.slice(0, SHOWN).map((problem) => `  ${problem}`),
    ...(problems.length > SHOWN ? [`  and ${problems.length - SHOWN} more; --json shows all`] : []),
  ].join("\n");
}

async function show(ctx: CliContext, text: string): Promise<void> {
  const [{ atOurs }, { readLastGood }] = await Promise.all([import("../mail/mailbox.ts"), import("../directory/people/last-good.ts")]);
  const address = atOurs(typedMailbox(text));
  const db = await ctx.db();
  let isKnown = false;
  for (const source of await chosen(ctx, undefined)) {
    const live = await source.lookup([address]);
    const now = live.kind === "found" ? (live.value.entries.get(address.key) ?? null) : null;
    const twins = live.kind === "found" ? (live.value.twins.get(address.key) ?? []) : [];
    const before = (await readLastGood(db, source.name, [address.key])).entries.get(address.key) ?? null;
    const fault = live.kind === "unavailable" ? live.cause.message : null;
    isKnown ||= now !== null || before !== null || twins.length > 0;
    if (ctx.json)
      await ctx.out.json({
        source: source.name,
        fault,
        now: now && plain(now),
        twins,
        last_good: before && { ...plain(before.entry), answered_at: before.answeredAt },
      });
    else {
      await ctx.out.text(`${source.name} now: ${fault === null ? nowText(address.key, now, twins) : `DOES NOT ANSWER: ${fault}`}`);
      await ctx.out.text(
        `${source.name} ${before === null ? "never said anything else" : `at ${before.answeredAt.toISOString()}: ${entryText(before.entry)}`}`,
      );
    }
  }
  if (!isKnown) throw new Exit(EXIT.failed);
}

const nowText = (address: string, now: SourceEntry | null, twins: readonly string[]): string =>
  twins.length > 0 ? twinsText(address, twins) : now === null ? "does not know it" : entryText(now);

const plain = ({ kind, dn, targets, badTargets, affiliation }: SourceEntry) => ({
  kind,
  dn,
  targets: targets.map(({ key }) => key),
  bad_targets: badTargets,
  affiliation,
});

function entryText({ kind, dn, targets, badTargets, affiliation }: SourceEntry): string {
  const named = targets.slice(0, SHOWN).map(({ key }) => key);
  const more = targets.length > SHOWN ? ` and ${targets.length - SHOWN} more` : "";
  const bad =
    badTargets.length === 0
      ? ""
      : `; left out: ${badTargets
          .slice(0, SHOWN)
          .map((one) => JSON.stringify(one))
          .join(", ")}`;
  return `${kind} ${dn}${affiliation === null ? "" : ` (${affiliation})`} → ${named.join(", ") || "nobody"}${more}${bad}`;
}

async function syncSources(ctx: CliContext, name: string | undefined, isDryRun: boolean): Promise<void> {
  const { compare, sync } = await import("../directory/people/sync.ts");
  const db = await ctx.db();
  let isFrozen = false;
  let isAway = false;
  for (const source of await chosen(ctx, name)) {
    const done = await (isDryRun ? compare(db, source) : sync(db, source, ctx.log, 0)).catch((error: unknown) => {
      ctx.out.note(`${source.name} cannot be compared, and nothing was changed: ${error instanceof Error ? error.message : String(error)}`);
      return error instanceof Error ? error : new Error(String(error));
    });
    if (done instanceof Error) {
      isAway = true;
      continue;
    }
    if (done === null) {
      ctx.out.note(`${source.name}: a node is comparing it just now`);
      continue;
    }
    const { listed, twins, added, lost, loss } = done;
    const shared = [...twins].map(([address, dns]) => ({ address, dns }));
    isFrozen ||= loss !== null;
    if (ctx.json) await ctx.out.json({ source: source.name, entries: listed.length, added, lost, twins: shared, frozen: loss !== null });
    else {
      await ctx.out.text(`${source.name}: ${listed.length} addresses, ${added.length} new, ${lost.length} gone`);
      if (lost.length > 0) await ctx.out.text(`  gone: ${lost.slice(0, SHOWN).join(", ")}${lost.length > SHOWN ? " …" : ""}`);
      for (const { address, dns } of shared.slice(0, SHOWN)) await ctx.out.text(`  ${twinsText(address, dns)}`);
      if (shared.length > SHOWN) await ctx.out.text(`  and ${shared.length - SHOWN} more; --json shows all`);
      if (loss !== null)
        await ctx.out.text(`  too many to be true: what was known stands. If it is right: mailroom ldap accept ${source.name}`);
    }
  }
  if (isAway) throw new Exit(EXIT.unreachable);
  if (isFrozen) throw new Exit(EXIT.failed);
}

async function acceptNow(ctx: CliContext, name: string, group: string | undefined, options: { why?: string }): Promise<void> {
  const { acceptGroup, acceptSource } = await import("../actions/ldap.ts");
  const [source] = await chosen(ctx, name);
  if (source === undefined) return;
  const author = authorOf(ctx, options);
  if (group === undefined) {
    const { listed, added, lost } = await acceptSource(await ctx.db(), author, source);
    const changed = { changed: true, source: name, entries: listed.length, added: added.length, lost: lost.length };
    await printChange(ctx, changed, `${name}: ${listed.length} addresses, ${added.length} new, ${lost.length} forgotten`);
  } else {
    const { address, targets } = await acceptGroup(await ctx.db(), author, source, filterOfKey(group) ?? typedMailbox(group));
    await printChange(
      ctx,
      { changed: true, source: name, group: address.key, members: targets.length },
      `${address.key}: ${targets.length} members`,
    );
  }
}
