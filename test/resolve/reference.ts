/** What addresses mean, told a second time: recursive, naive and slow, straight from the words of the design. Property tests compare. */
type RefDomain = { readonly aliasOf: string | null; readonly catchAll: string | null; readonly subaddressing: boolean };
export type RefEntry = {
  readonly list: boolean;
  readonly owner: string | null;
  readonly expired: boolean;
  readonly targets: readonly string[];
};
export type RefDirectory = { readonly domains: Readonly<Record<string, RefDomain>>; readonly entries: Readonly<Record<string, RefEntry>> };

const split = (address: string): [string, string] => {
  const at = address.lastIndexOf("@");
  return [address.slice(0, at), address.slice(at + 1)];
};

/** At our domains case is ignored. */
export const canonical = ({ domains }: RefDirectory, address: string): string =>
  split(address)[1] in domains ? address.toLowerCase() : address;

type Meaning =
  | { readonly kind: "final" | "unknown" | "expired" | "empty" }
  | { readonly kind: "leads"; readonly via: readonly string[]; readonly to: readonly string[] };

/** `via`: addresses passed inside the same step (without its tag, in the other domain). */
export function meaning(directory: RefDirectory, address: string, domainsPassed: readonly string[] = []): Meaning {
  const [localPart, name] = split(address);
  const domain = directory.domains[name];
  if (domain === undefined) return { kind: "final" };
  const of = (key: string, via: readonly string[]): Meaning | null => {
    const entry = directory.entries[key];
    if (entry === undefined) return null;
    if (entry.expired) return { kind: "expired" };
    return entry.targets.length === 0 ? { kind: "empty" } : { kind: "leads", via, to: entry.targets };
  };
  const exact = of(address, []);
  if (exact !== null) return exact;
  if (domain.subaddressing && localPart.indexOf("+") > 0) {
    const base = `${localPart.slice(0, localPart.indexOf("+"))}@${name}`;
    const answer = of(base, [base]);
    if (answer !== null) return answer;
  }
  for (const form of [/^(.+)-bounces$/, /^(.+)-owner$/, /^(.+)-request$/, /^owner-(.+)$/]) {
    const list = directory.entries[`${form.exec(localPart)?.[1] ?? ""}@${name}`];
    if (list?.list === true) return { kind: "leads", via: [], to: [list.owner ?? `postmaster@${name}`] };
  }
  if (domain.aliasOf !== null) {
    if ([...domainsPassed, name].includes(domain.aliasOf)) return { kind: "unknown" };
    const other = `${localPart}@${domain.aliasOf}`;
    const answer = meaning(directory, other, [...domainsPassed, name]);
    if (answer.kind === "final") return { kind: "leads", via: [], to: [other] };
    return answer.kind === "leads" ? { ...answer, via: [other, ...answer.via] } : answer;
  }
  return domain.catchAll === null ? { kind: "unknown" } : { kind: "leads", via: [], to: [domain.catchAll] };
}

type Reference = {
  readonly finals: ReadonlySet<string>;
  readonly kinds: ReadonlySet<string>; // of the dead ends reached
  readonly hasLoop: boolean;
  /** Every way that passes no address twice, as text; null: too many to list. */
  readonly ways: ReadonlyMap<string, readonly string[]> | null;
};

/** Everything an address leads to, by following each way to its end. */
export function follow(directory: RefDirectory, start: string, mostWays: number): Reference {
  const finals = new Set<string>();
  const kinds = new Set<string>();
  const ways = new Map<string, string[]>();
  let hasLoop = false;
  let count = 0;
  const visit = (address: string, path: readonly string[]): void => {
    if (count++ > mostWays) return;
    if (path.includes(address)) {
      hasLoop = true;
      return;
    }
    const now = [...path, address];
    const answer = meaning(directory, address);
    if (answer.kind === "final") {
      finals.add(address);
      ways.set(address, [...(ways.get(address) ?? []), now.join(" ")]);
    } else if (answer.kind !== "leads") {
      kinds.add(answer.kind);
    } else {
      if (answer.via.some((one) => now.includes(one))) {
        hasLoop = true;
        return;
      }
      for (const to of new Set(answer.to.map((one) => canonical(directory, one)))) visit(to, [...now, ...answer.via]);
    }
  };
  visit(canonical(directory, start), []);
  return { finals, kinds, hasLoop, ways: count > mostWays ? null : ways };
}
