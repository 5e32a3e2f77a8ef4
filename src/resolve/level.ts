/** What is asked for one level of a walk: Postgres first, and LDAP for what that leaves open. */
import type { Directory, Entry, People } from "../directory/directory.ts";
import type { Mailbox } from "../mail/mailbox.ts";
import type { Candidate, Meanings } from "./meanings.ts";

export type Answers = { readonly entries: ReadonlyMap<string, Entry>; readonly people: People };

const NO_PEOPLE: People = { byKey: new Map(), unavailable: new Map(), freshUntil: Number.POSITIVE_INFINITY };

/** Whether an entry stands for the candidate that was asked for. */
export const answers = (entry: Entry | undefined, ofList: Candidate["ofList"]): entry is Entry =>
  entry !== undefined && (ofList === null || entry.kind === "list");

/** What LDAP says of the addresses whose meaning it may decide. None: it is not asked. */
export async function peopleAmong(
  { people }: Pick<Directory, "people">,
  asked: readonly Meanings[],
  entries: ReadonlyMap<string, Entry>,
): Promise<People> {
  if (people === undefined) return NO_PEOPLE;
  const open = asked.flatMap(({ candidates }) => leftOpen(candidates, entries));
  return open.length === 0 ? NO_PEOPLE : people(open);
}

/** The candidates before the first that Postgres knows. The addresses that lists have by themselves are of lists in Postgres. */
function leftOpen(candidates: readonly Candidate[], entries: ReadonlyMap<string, Entry>): Mailbox[] {
  const decided = candidates.findIndex(({ entry, ofList }) => answers(entries.get(entry.key), ofList));
  const before = decided < 0 ? candidates : candidates.slice(0, decided);
  return before.filter(({ ofList }) => ofList === null).map(({ entry }) => entry);
}
