/** When an address begins and ends, as people write it: a day means its beginning where it begins, its end where it ends, in UTC. */

const DAY = /^\d{4}-\d{2}-\d{2}$/;
const MOMENT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})$/;
const DAY_MS = 86_400_000;

/** `2027-06-30` is the end of that day in UTC, `2027-06-30T18:00Z` that moment. Null: no date of this form. */
export function readMoment(text: string): Date | null {
  if (!DAY.test(text) && !MOMENT.test(text)) return null;
  const day = new Date(`${text.slice(0, 10)}T00:00:00Z`);
  if (Number.isNaN(day.getTime()) || day.toISOString().slice(0, 10) !== text.slice(0, 10)) return null; // 30 February would become 2 March
  const moment = DAY.test(text) ? new Date(day.getTime() + DAY_MS) : new Date(text);
  return Number.isNaN(moment.getTime()) ? null : moment;
}

/** The shortest text that readMoment reads as this moment again: the day that ends then, else the moment itself. */
export function momentText(moment: Date): string {
  if (moment.getTime() % DAY_MS === 0) return new Date(moment.getTime() - DAY_MS).toISOString().slice(0, 10);
  return moment.toISOString().replace(/(?::00)?\.000Z$/, "Z");
}

/** The same for a beginning: the day that begins then, else the moment itself. */
export const startText = (moment: Date): string =>
  moment.getTime() % DAY_MS === 0 ? moment.toISOString().slice(0, 10) : momentText(moment);
