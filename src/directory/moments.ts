/** A moment as the driver or JSON gives it. */
export type StoredMoment = Date | string | number | null;

/** Postgres' `infinity` never comes: null; `-infinity` always has. The driver gives them as numbers, JSON as words. */
export function momentOf(value: StoredMoment): Date | null {
  if (value === Number.POSITIVE_INFINITY || value === "infinity") return null;
  if (value === Number.NEGATIVE_INFINITY || value === "-infinity") return new Date(0);
  return value === null ? null : new Date(value);
}
