import type { Db } from "../../db/client.ts";
import type { Mailbox } from "../../mail/mailbox.ts";
import { deleteEntry } from "../aliases.ts";
import { type Author, type Changed, holdDirectory } from "../change.ts";
import { type EntryView, readEntry } from "../entries.ts";
import { Refusal } from "../refusal.ts";
import { together } from "../rehearse.ts";
import { saveEntry } from "../save-entry.ts";
import type { OwnAddress } from "./own-address.ts";

/**
 * Mail for somebody's own address goes to these targets and nowhere else. Without any, the entry goes and the directory says again where mail
 * goes. The person's affiliation is written into an entry that has none: the policy of the directory's people holds for what they make.
 */
export const leadTo = (db: Db, author: Author, own: OwnAddress, targets: readonly Mailbox[]): Promise<Changed<EntryView>> =>
  together(db, async (on) => {
    await holdDirectory(on);
    const { mailbox, affiliation } = own;
    const before = await readEntry(on, mailbox.key, true);
    if ((before?.version ?? null) !== (own.entry?.version ?? null))
      throw new Refusal("busy", `${mailbox.key} was changed just now`, "Look again, then try again.");
    if (targets.length > 0) {
      const saved = await saveEntry(on, byThePerson(author), {
        address: mailbox,
        kind: "alias",
        targets,
        affiliation,
        ...(before === null && { owner: mailbox }),
        allow: { reserved: true, reuse: true }, // it is theirs already: the directory says so
      });
      return { ...saved, warnings: [] }; // of names that look alike and the like: this one was there before
    }
    if (before === null) return { changed: false, before, after: null, warnings: [] };
    await deleteEntry(on, byThePerson(author), "alias", mailbox.key);
    return { changed: true, before, after: null, warnings: [] };
  });

/** The tombstone of an entry that the same person had before wants a reason. */
const byThePerson = ({ actor, why }: Author): Author => ({ actor, why: why ?? "forwarding of one's own address" });
