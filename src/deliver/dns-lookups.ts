import { isIP } from "node:net";
import type { Edges } from "./edges.ts";

/**
 * What DNS says: `noDomain` is NXDOMAIN, `absent` a domain without such records. Of `unavailable`, `domainsFault` says that the
 * resolver answers others, so that the trouble is the domain's own and may expire its mail; else it is ours.
 */
export type DnsAnswer<T> =
  | { readonly kind: "found"; readonly value: readonly T[] }
  | { readonly kind: "noDomain" }
  | { readonly kind: "absent" }
  | { readonly kind: "unavailable"; readonly domainsFault: boolean };

export type Lookups = {
  /** Exchanges in lower case without a final dot; a null MX is "". */
  mx(domain: string): Promise<DnsAnswer<{ exchange: string; priority: number }>>;
  /** IPv4 first: a host without IPv6 would spend a failed connect on each attempt. An address is its own answer. */
  addresses(name: string): Promise<DnsAnswer<string>>;
};

/** A resolver that answered anything within this time is up. */
const ANSWERS_FOR_MS = 10 * 60_000;

export function createLookups({ resolver, elapsed }: Edges): Lookups {
  let answeredAt = Number.NEGATIVE_INFINITY;

  const ask = async <T>(question: () => Promise<T[]>): Promise<DnsAnswer<T>> => {
    try {
      const value = await question();
      answeredAt = elapsed();
      return value.length > 0 ? { kind: "found", value } : { kind: "absent" };
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      const answered = code === "ENOTFOUND" || code === "ENODATA" || code === "ESERVFAIL" || code === "EREFUSED";
      if (answered) answeredAt = elapsed();
      if (code === "ENOTFOUND") return { kind: "noDomain" };
      if (code === "ENODATA") return { kind: "absent" };
      return { kind: "unavailable", domainsFault: elapsed() - answeredAt < ANSWERS_FOR_MS };
    }
  };

  return {
    async mx(domain) {
      const answer = await ask(() => resolver.resolveMx(domain));
      if (answer.kind !== "found") return answer;
      return {
        kind: "found",
        value: answer.value.map(({ exchange, priority }) => ({ exchange: exchange.toLowerCase().replace(/\.$/, ""), priority })),
      };
    },
    async addresses(name) {
      if (isIP(name) !== 0) return { kind: "found", value: [name] };
      if (name.toLowerCase() === "localhost") return { kind: "found", value: ["127.0.0.1", "::1"] }; // RFC 6761 §6.3: never asked of DNS
      const [four, six] = await Promise.all([ask(() => resolver.resolve4(name)), ask(() => resolver.resolve6(name))]);
      const all = [four, six].flatMap((answer) => (answer.kind === "found" ? answer.value : []));
      if (all.length > 0) return { kind: "found", value: all };
      if (four.kind === "unavailable") return four;
      return six.kind === "unavailable" ? six : { kind: "absent" };
    },
  };
}
