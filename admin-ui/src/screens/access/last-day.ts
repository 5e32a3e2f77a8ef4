/** The last day of what ends at a moment. Ends are midnights in UTC: the moment itself is already the day after. */
export const lastDay = (ends: string, language: string): string =>
  new Intl.DateTimeFormat(language, { dateStyle: "medium", timeZone: "UTC" }).format(new Date(new Date(ends).getTime() - 1));
