/** What came out against what went in: acknowledged ⊆ delivered, octet for octet; every duplicate belongs to a kill. */
import type { Sent } from "./generator.ts";
import type { Copy } from "./sink.ts";

export type Kill = {
  readonly what: string;
  readonly at: number /** Copies accepted or being accepted and not yet taken by the sink, and those it took in the last second. */;
  readonly inFlight: number;
};

export type Report = {
  readonly intended: number;
  readonly acknowledged: number;
  readonly unknown: number;
  readonly refused: number;
  readonly copies: number;
  readonly lost: readonly string[];
  readonly damaged: readonly string[];
  readonly duplicates: number;
  /** Duplicates beyond what was in flight at all kills together. */
  readonly unexplained: number;
};

export function check(sent: readonly Sent[], copies: readonly Copy[], recipients: readonly string[], kills: readonly Kill[]): Report {
  const known = new Map(sent.map((one) => [one.id, one]));
  const seen = new Map<string, number>();
  const damaged: string[] = [];
  for (const copy of copies) {
    const key = `${copy.id} ${copy.recipient}`;
    seen.set(key, (seen.get(key) ?? 0) + 1);
    if (known.get(copy.id)?.sha256 !== copy.sha256) damaged.push(key);
  }
  const lost = sent
    .filter((one) => one.outcome === "acknowledged")
    .flatMap((one) => recipients.map((to) => `${one.id} ${to}`))
    .filter((key) => !seen.has(key));
  const duplicates = [...seen.values()].reduce((sum, times) => sum + times - 1, 0);
  const inFlight = kills.reduce((sum, kill) => sum + kill.inFlight, 0);
  const count = (outcome: Sent["outcome"]): number => sent.filter((one) => one.outcome === outcome).length;
  return {
    intended: sent.length,
    acknowledged: count("acknowledged"),
    unknown: count("unknown"),
    refused: count("refused") + count("intended"),
    copies: copies.length,
    lost,
    damaged,
    duplicates,
    unexplained: Math.max(0, duplicates - inFlight),
  };
}

/** Copies that may be sent twice if the server dies now. */
export function inFlightNow(sent: readonly Sent[], copies: readonly Copy[], recipients: number, now: number): number {
  const taken = new Map<string, number>();
  for (const copy of copies) taken.set(copy.id, (taken.get(copy.id) ?? 0) + 1);
  const open = sent
    .filter((one) => one.outcome === "acknowledged" || one.outcome === "intended")
    .reduce((sum, one) => sum + Math.max(0, recipients - (taken.get(one.id) ?? 0)), 0);
  return open + copies.filter((copy) => copy.at > now - 1000).length;
}
