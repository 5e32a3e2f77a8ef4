/** Finds the circles that a change would make, before anybody's mail goes round in them. */
import type { Queryable } from "../db/client.ts";

/** What an address at one of our domains may mean besides its own entry. */
export type DomainMeaning = { readonly aliasOf: string | null; readonly catchAll: string | null; readonly subaddressing: boolean };

/** The directory as it will be after the change. `targets` answers for those of the addresses that are entries. */
export type After = {
  readonly domains: ReadonlyMap<string, DomainMeaning>;
  readonly targets: (addresses: readonly string[]) => Promise<ReadonlyMap<string, readonly string[]>>;
};

/** The directory as this transaction sees it. */
export async function asStored(tx: Queryable): Promise<After> {
  const { rows } = await tx.query<{ domain: string } & DomainMeaning>({
    text: `select domain, alias_of as "aliasOf", catch_all as "catchAll", subaddressing from domains`,
  });
  return { domains: new Map(rows.map((row) => [row.domain, row])), targets: (addresses) => storedTargets(tx, addresses) };
}

/** Targets of those of the addresses that are entries, in one question. */
export async function storedTargets(tx: Queryable, addresses: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>> {
  const { rows } = await tx.query<{ address: string; targets: string[] }>({
    text: `select e.address, array(select target from targets t where t.address = e.address) as targets
             from entries e where e.address = any($1)`,
    values: [addresses],
  });
  return new Map(rows.map((row) => [row.address, row.targets]));
}

/**
 * The entries an address may mean, in the order in which the resolver asks for them; last, where a catch-all leads away from us.
 * Empty: the address's domain is not ours.
 */
export function meanings(address: string, domains: After["domains"]): readonly string[] {
  const candidates: string[] = [];
  let at = address.lastIndexOf("@");
  let localPart = address.slice(0, at);
  let domainName = address.slice(at + 1);
  for (let turns = 0; turns < 10; turns++) {
    const domain = domains.get(domainName);
    if (!domain && turns === 0) break;
    candidates.push(`${localPart}@${domainName}`);
    if (!domain) break;
    const plus = localPart.indexOf("+");
    if (domain.subaddressing && plus > 0) candidates.push(`${localPart.slice(0, plus)}@${domainName}`);
    if (domain.aliasOf !== null) {
      domainName = domain.aliasOf;
    } else if (domain.catchAll !== null && domain.catchAll !== `${localPart}@${domainName}`) {
      at = domain.catchAll.lastIndexOf("@");
      localPart = domain.catchAll.slice(0, at);
      domainName = domain.catchAll.slice(at + 1);
    } else break;
  }
  return candidates;
}

/** A step of a circle: the target as it is written, and the entry it means. */
type Step = { readonly written: string; readonly entry: string };

/** How many addresses one question may name. */
const LEVEL = 5_000;

/**
 * The circles that can be reached from `roots` (addresses of entries), each as the addresses it passes, first = last.
 * Level by level, as mail is expanded, with one question per 5,000 addresses; of several circles through one entry one is found.
 */
export async function findLoops(after: After, roots: readonly string[]): Promise<readonly (readonly string[])[]> {
  const graph = new Map<string, readonly Step[]>();
  for (let level = [...new Set(roots)]; level.length > 0; ) {
    const next = new Set<string>();
    for (let from = 0; from < level.length; from += LEVEL) {
      const steps = await stepsFrom(after, level.slice(from, from + LEVEL));
      for (const [address, leads] of steps) graph.set(address, leads);
      for (const leads of steps.values()) for (const step of leads) next.add(step.entry);
    }
    level = [...next].filter((address) => !graph.has(address));
  }
  return circlesIn(graph);
}

/** Where the entries of one level lead, as far as that is to other entries. */
async function stepsFrom(after: After, level: readonly string[]): Promise<ReadonlyMap<string, readonly Step[]>> {
  const written = await after.targets(level);
  const wanted = new Map<string, readonly string[]>();
  for (const targets of written.values())
    for (const target of targets) if (!wanted.has(target)) wanted.set(target, meanings(target, after.domains));
  const candidates = [...new Set([...wanted.values()].flat())];
  const known = new Set<string>();
  for (let from = 0; from < candidates.length; from += LEVEL) {
    for (const address of (await after.targets(candidates.slice(from, from + LEVEL))).keys()) known.add(address);
  }
  const steps = new Map<string, readonly Step[]>();
  for (const [address, targets] of written) {
    const leads = targets.flatMap((target) => {
      const entry = wanted.get(target)?.find((candidate) => known.has(candidate));
      return entry === undefined ? [] : [{ written: target, entry }];
    });
    steps.set(address, leads);
  }
  return steps;
}

/** Depth first without recursion (a chain may be as long as the directory): an edge back to an address still open closes a circle. */
function circlesIn(graph: ReadonlyMap<string, readonly Step[]>): readonly (readonly string[])[] {
  const circles: string[][] = [];
  const done = new Set<string>();
  for (const root of graph.keys()) {
    if (done.has(root)) continue;
    const open: { entry: string; arrivedAs: string; next: number }[] = [{ entry: root, arrivedAs: root, next: 0 }];
    const depthOf = new Map([[root, 0]]);
    for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
      const step = graph.get(top.entry)?.[top.next++];
      if (step === undefined) {
        open.pop();
        depthOf.delete(top.entry);
        done.add(top.entry);
        continue;
      }
      const start = depthOf.get(step.entry);
      if (start !== undefined) circles.push(circleText(open.slice(start), step));
      else if (!done.has(step.entry)) {
        depthOf.set(step.entry, open.length);
        open.push({ entry: step.entry, arrivedAs: step.written, next: 0 });
      }
    }
  }
  return circles;
}

/** The addresses on a circle in the order mail would take; where a target is written differently from the entry it means, both. */
function circleText(members: readonly { entry: string; arrivedAs: string }[], closing: Step): string[] {
  const [first, ...rest] = members;
  const path = first ? [first.entry] : [];
  for (const step of [...rest.map((m) => ({ written: m.arrivedAs, entry: m.entry })), closing]) {
    if (step.written !== step.entry) path.push(step.written);
    path.push(step.entry);
  }
  return path;
}
