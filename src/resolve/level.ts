/** What is asked for one level of a walk: Postgres first, and LDAP for what that leaves open. */
import type { Directory, Entry, People } from "../directory/directory.ts";
import { filterOf, noSource } from "../directory/filter-address.ts";
import type { Mailbox } from "../mail/mailbox.ts";
import type { Candidate, Meanings } from "./meanings.ts";

export type Answers = { readonly entries: ReadonlyMap<string, Entry>; readonly people: People };

/** Nobody was asked about. */
export const NO_PEOPLE: People = { byKey: new Map(), unavailable: new Map(), freshUntil: Number.POSITIVE_INFINITY };

/** Whether an entry stands for the candidate that was asked for. */
export const answers = (entry: Entry | undefined, ofList: Candidate["ofList"]): entry is Entry =>
  entry !== undefined && (ofList === null || entry.kind === "list");

/** What LDAP says of the addresses whose meaning it may decide. None: it is not asked. */
export async function peopleAmong(
  { people }: Pick<Directory, "people">,
  asked: readonly Meanings[],
  entries: ReadonlyMap<string, Entry>,
): Promise<People> {
  const open = asked.flatMap(({ candidates }) => leftOpen(candidates, entries));
  if (people === undefined) return { ...NO_PEOPLE, unavailable: withoutSources(open) };
  return open.length === 0 ? NO_PEOPLE : people(open);
}

/** Filters of lists are asked of nobody when there are no sources, and nobody says that they have no members. */
function withoutSources(open: readonly Mailbox[]): Map<string, Error> {
  const unavailable = new Map<string, Error>();
  for (const address of open) {
    const filter = filterOf(address);
    if (filter !== null) unavailable.set(address.key, noSource(filter.source));
  }
  return unavailable;
}

/** The candidates before the first that Postgres knows. What a list has by itself is of lists, and lists are in Postgres. */
function leftOpen(candidates: readonly Candidate[], entries: ReadonlyMap<string, Entry>): Mailbox[] {
  const decided = candidates.findIndex(({ entry, ofList }) => answers(entries.get(entry.key), ofList));
  const before = decided < 0 ? candidates : candidates.slice(0, decided);
  return before.filter(({ ofList }) => ofList === null).map(({ entry }) => entry);
}
