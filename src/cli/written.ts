/** Stored addresses as they can be typed back in: what the verbs print, as text and as JSON, comes through here. */
import { textOfKey } from "../mail/mailbox.ts";

/** An entry as it is shown: ours need no quotes, but those of others may. */
export const writtenEntry = <T extends { readonly targets: readonly string[]; readonly owner: string | null }>(entry: T): T => ({
  ...entry,
  targets: entry.targets.map(textOfKey),
  owner: entry.owner === null ? null : textOfKey(entry.owner),
});

/** The same for what a change found and left. */
export function writtenChange<
  Entry extends { readonly targets: readonly string[]; readonly owner: string | null },
  Changed extends { readonly before: Entry | null; readonly after: Entry | null },
>(changed: Changed): Changed {
  const { before, after } = changed;
  return { ...changed, before: before && writtenEntry(before), after: after && writtenEntry(after) };
}
