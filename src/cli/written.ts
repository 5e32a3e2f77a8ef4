/** Stored addresses as they can be typed back in: what the verbs print, as text and as JSON, comes through here. */
import type { EntryRow, EntryView } from "../actions/entries.ts";
import { textOfKey } from "../mail/mailbox.ts";

/** An entry as it is shown: ours need no quotes, but those of others may. */
export const writtenEntry = <T extends EntryView | EntryRow>(entry: T): T => ({
  ...entry,
  targets: entry.targets.map(textOfKey),
  owner: entry.owner === null ? null : textOfKey(entry.owner),
  senders: entry.senders.map(textOfKey),
  excluded: entry.excluded.map(textOfKey),
  moved_to: entry.moved_to === null ? null : textOfKey(entry.moved_to),
  target_dates:
    entry.target_dates === null
      ? null
      : Object.fromEntries(Object.entries(entry.target_dates).map(([target, dates]) => [textOfKey(target), dates])),
});

/** The same for what a change found and left. */
export function writtenChange<Changed extends { readonly before: EntryView | null; readonly after: EntryView | null }>(
  changed: Changed,
): Changed {
  const { before, after } = changed;
  return { ...changed, before: before && writtenEntry(before), after: after && writtenEntry(after) };
}
