/** Delays as counts by bucket: figures of many hours can be put together, and a percentile still be read from them. */

/** Where each bucket ends, in seconds; one more is for all that took longer. */
export const DELAY_BOUNDS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300, 900, 3600, 14_400, 86_400] as const;

/** The four parts of `delays=`, in its order. */
export const DELAY_PARTS = ["before", "queued", "connecting", "sending"] as const;
export type DelayPart = (typeof DELAY_PARTS)[number];

/** The bucket of a delay, as an SQL expression: 0 for the shortest. */
export const bucketSql = (value: string): string =>
  `width_bucket(${value}::double precision, array[${DELAY_BOUNDS.join(", ")}]::double precision[])`;

/** The delay that a share of all stays under, in seconds, on a straight line through its bucket; null: there is none to tell. */
export function percentileOf(counts: readonly number[], share: number): number | null {
  const total = counts.reduce((sum, n) => sum + n, 0);
  if (total === 0) return null;
  let left = share * total;
  for (const [bucket, n] of counts.entries()) {
    if (left > n) {
      left -= n;
      continue;
    }
    const from = DELAY_BOUNDS[bucket - 1] ?? 0;
    return from + ((DELAY_BOUNDS[bucket] ?? from) - from) * (n === 0 ? 0 : left / n);
  }
  return DELAY_BOUNDS.at(-1) ?? null;
}
