/** What /readyz says of the LDAP sources. A source that is away is no reason to take no mail: last good answers serve, and the rest waits. */
import type { FrozenCount } from "./directory/people/state.ts";

type Value = { readonly value: number; readonly labels: Readonly<Record<string, string | number>> };

/** `workers`: the metrics of each, as prom-client's JSON; a source that none of them has asked yet is well. Null: it is well. */
export function ldapReadiness(
  sources: readonly string[],
  workers: readonly (readonly object[])[],
  frozen: readonly FrozenCount[],
): Record<string, string | null> {
  const up = workers.flatMap((metrics) => valuesOf(metrics, "mailroom_ldap_up"));
  const successes = workers.flatMap((metrics) => valuesOf(metrics, "mailroom_ldap_last_success_timestamp_seconds"));
  return Object.fromEntries(
    sources.map((source) => {
      const isAway = up.some(({ labels, value }) => labels["source"] === source && value === 0);
      const last = Math.max(0, ...successes.filter(({ labels }) => labels["source"] === source).map(({ value }) => value));
      const isFrozen = frozen.some((one) => one.source === source && one.isWhole);
      return [`ldap ${source}`, isAway ? awayText(last) : isFrozen ? "frozen: it lost too much; last good answers serve" : null];
    }),
  );
}

/** `last`: seconds since 1970; 0: it never answered these workers. */
const awayText = (last: number): string =>
  `does not answer${last === 0 ? "" : ` since ${new Date(last * 1000).toISOString()}`}; last good answers serve, other mail waits`;

function valuesOf(metrics: readonly object[], name: string): readonly Value[] {
  const found = metrics.find((metric) => "name" in metric && metric.name === name);
  return found !== undefined && "values" in found ? (found.values as readonly Value[]) : [];
}
