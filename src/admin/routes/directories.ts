/** The LDAP sources: whether they answer, whom they know, what the guard holds back, and what one address is to them. */
import { z } from "zod";
import { acceptGroup, acceptSource } from "../../actions/ldap.ts";
import { domainInScope, type Scope } from "../../actions/scope.ts";
import { filterOfKey } from "../../directory/filter-address.ts";
import type { LdapSource } from "../../directory/ldap/open-source.ts";
import { readLastGood, WHOLE_SOURCE } from "../../directory/people/last-good.ts";
import type { SourceEntry } from "../../directory/people/source.ts";
import { knownOf, sourceState } from "../../directory/people/state.ts";
import { compare } from "../../directory/people/sync.ts";
import { atOurs, type Mailbox, parseMailbox } from "../../mail/mailbox.ts";
import { type AdminDeps, carryOut, isDryRun, panel } from "../context.ts";
import { may } from "../guard.ts";
import { addressText, dryRun, input } from "../input.ts";
import { Problem } from "../problem.ts";

const param = z.strictObject({ id: z.string().min(1).max(100) });
const trial = z.strictObject({ address: addressText });
/** `address`: of a frozen group; without it the source as a whole. `expected_lost`: how many would go, as the person has seen it. */
const acceptance = z.strictObject({ address: z.string().max(1400).optional(), expected_lost: z.number().int().min(0) });

/** How long a page waits for a source before it calls it away. Milliseconds. */
const PATIENCE = 3000;
/** Of long lists that are shown. */
const SHOWN = 100;

export function directoryRoutes({ db, sources, sleep }: AdminDeps) {
  return panel
    .createApp()
    .get("/", may("directory.see"), async (c) => {
      const scope = c.get("scope");
      const items = await Promise.all(sources.map((source) => overview(source, scope)));
      return c.json({ items, total: items.length }, 200);
    })
    .post("/:id/try", may("directory.see"), input("param", param), input("json", trial), async (c) => {
      const source = sourceOf(sources, c.req.valid("param").id);
      const address = addressOf(c.req.valid("json").address);
      if (!domainInScope(c.get("scope"), address.domain)) throw new Problem("not-found", `There is no ${address.key} that you may see.`);
      try {
        const [looks, said] = [await source.look(address), await source.lookup([address])];
        if (said.kind !== "found") throw said.kind === "unavailable" ? said.cause : new Error("no answer");
        const now = said.value.entries.get(address.key) ?? null;
        const known = (await readLastGood(db, source.name, [address.key])).entries.get(address.key) ?? null;
        return c.json(
          {
            source: source.name,
            address: address.key,
            looks,
            means: now === null ? null : plain(now),
            twins: said.value.twins.get(address.key) ?? [],
            last_good: known === null ? null : { ...plain(known.entry), answered_at: known.answeredAt.toISOString() },
          },
          200,
        );
      } catch (error) {
        throw away(source.name, error);
      }
    })
    .post("/:id/check", may("directory.edit"), input("param", param), async (c) => {
      const source = sourceOf(sources, c.req.valid("param").id);
      try {
        const { milliseconds, people, groups, problems } = await source.check();
        return c.json(
          {
            source: source.name,
            latency_ms: milliseconds,
            people,
            groups,
            problems: problems.slice(0, SHOWN),
            problem_count: problems.length,
          },
          200,
        );
      } catch (error) {
        throw away(source.name, error);
      }
    })
    .post("/:id/accept", may("directory.edit"), input("param", param), input("query", dryRun), input("json", acceptance), async (c) => {
      if (!c.get("scope").everything)
        throw new Problem("not-allowed", "A source holds for the whole campus, and this token does not reach all of it.");
      const source = sourceOf(sources, c.req.valid("param").id);
      const { address, expected_lost } = c.req.valid("json");
      const group = address === undefined || address === WHOLE_SOURCE ? null : (filterOfKey(address) ?? addressOf(address));
      const { result, change_no } = await carryOut(c, db, async (on, author) => {
        const { lost, names } = group === null ? await lossOfWhole(on, source) : await lossOfOne(on, source, group);
        if (lost !== expected_lost && !isDryRun(c))
          throw new Problem("count-changed", `${lost} would be lost now, not ${expected_lost}.`, { hint: "Look again, then accept." });
        if (group === null) await acceptSource(on, author, source);
        else await acceptGroup(on, author, source, group);
        return { lost, names };
      });
      return c.json({ changed: true, ...result, warnings: [] as string[], change_no, dry_run: isDryRun(c) }, 200);
    });

  async function overview(source: LdapSource, scope: Scope) {
    const begun = performance.now();
    const [fault, known, { frozen, compared }] = await Promise.all([
      Promise.race([source.ping().then(() => null, faultOf), sleep(PATIENCE).then(() => `no answer within ${PATIENCE / 1000} s`)]).then(
        (said) => ({
          said,
          took_ms: performance.now() - begun,
        }),
      ),
      knownOf(db, source.name),
      sourceState(db, source.name),
    ]);
    return {
      id: source.name,
      ...source.about,
      fault: fault.said,
      latency_ms: fault.said === null ? fault.took_ms : null,
      people: known.people,
      groups: known.groups,
      oldest_answer: known.oldest?.toISOString() ?? null,
      newest_answer: known.newest?.toISOString() ?? null,
      compared: compared === null ? null : { at: compared.at.toISOString(), entries: compared.entries, fault: compared.fault },
      frozen: frozen
        .filter(({ address }) => scope.everything || scope.domains.some((domain) => address.endsWith(`@${domain}`)))
        .map(({ address, since, lost, known: of, sample }) => ({
          address,
          is_whole: address === WHOLE_SOURCE,
          since: since.toISOString(),
          lost,
          known: of,
          sample: scope.everything ? sample : [],
        })),
    };
  }
}

const faultOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const away = (name: string, error: unknown): Problem =>
  error instanceof Problem
    ? error
    : new Problem("directory-unavailable", `${name} does not answer: ${faultOf(error)}`, {
        hint: "Mail goes on by its last good answers; whom nobody knows waits (451) and is not refused.",
        headers: { "retry-after": "5" },
      });

function sourceOf(sources: readonly LdapSource[], id: string): LdapSource {
  const source = sources.find(({ name }) => name === id);
  if (source === undefined) throw new Problem("not-found", "There is no such directory.", { hint: "Look for it under Directory." });
  return source;
}

function addressOf(text: string): Mailbox {
  const parsed = parseMailbox(text.trim(), { smtputf8: true });
  if (parsed.ok) return atOurs(parsed.mailbox);
  throw new Problem("validation", `/address: ${parsed.fault.detail}`, { hint: "Write it as name@domain." });
}

const plain = ({ kind, dn, targets, badTargets, affiliation }: SourceEntry) => ({
  kind,
  dn,
  targets: targets.slice(0, SHOWN).map(({ key }) => key),
  target_count: targets.length,
  bad_targets: badTargets.slice(0, SHOWN),
  affiliation,
});

type Loss = { readonly lost: number; readonly names: readonly string[] };
type On = Parameters<typeof compare>[0];

async function lossOfWhole(on: On, source: LdapSource): Promise<Loss> {
  const { lost } = await compare(on, source).catch((error: unknown) => {
    throw away(source.name, error);
  });
  return { lost: lost.length, names: lost.slice(0, SHOWN) };
}

async function lossOfOne(on: On, source: LdapSource, group: Mailbox): Promise<Loss> {
  const live = await source.lookup([group]);
  if (live.kind !== "found") throw away(source.name, live.kind === "unavailable" ? live.cause : "no answer");
  const still = new Set(live.value.entries.get(group.key)?.targets.map(({ key }) => key));
  const known = (await readLastGood(on, source.name, [group.key])).entries.get(group.key)?.entry.targets ?? [];
  const lost = known.map(({ key }) => key).filter((key) => !still.has(key));
  return { lost: lost.length, names: lost.slice(0, SHOWN) };
}
