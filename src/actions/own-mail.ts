/** What people change about their own addresses and lists. */
import type { Db } from "../db/client.ts";
import { expiryOf } from "./address.ts";
import { type Author, type Changed, changing } from "./change.ts";
import { type EntryView, readEntry } from "./entries.ts";
import { leaveList } from "./lists.ts";
import { patchEntry } from "./patch-entry.ts";
import { Refusal } from "./refusal.ts";
import { together } from "./rehearse.ts";
import { entryToChange, notThere } from "./scope.ts";

export type OwnAliasPatch = { readonly on?: boolean | undefined; readonly expires_at?: string | null | undefined };

/**
 * Turns an alias that somebody owns off or on, or ends it by a date. Their own address cannot be turned off: its mail would be refused. An end
 * that stands comes earlier only: who set it must say whether it may come later.
 */
export const steerOwnAlias = (
  db: Db,
  author: Author,
  owners: readonly string[],
  address: string,
  version: number,
  { on, expires_at }: OwnAliasPatch,
): Promise<Changed<EntryView>> =>
  together(db, async (within) => {
    const scope = { everything: false, domains: [], owners };
    const expected = { kind: "alias", version } as const;
    const { key } = await changing(within, (tx) => entryToChange(tx, scope, address, expected));
    const before = await readEntry(within, key);
    if (owners.includes(key) && (on === false || typeof expires_at === "string"))
      throw new Refusal("refused", `${key} is your own address: without it you get no mail`, "Set forwarding if mail shall go elsewhere.");
    if (expires_at !== undefined && before?.expires_at !== undefined && before.expires_at !== null) {
      const isLater = expires_at === null || expiryOf(expires_at, new Date()) > new Date(before.expires_at);
      if (isLater) throw new Refusal("refused", `${key} has an end already`, "Ask the mail administration for a later one.");
    }
    const disabled = on === undefined ? undefined : on ? null : ({ answer: "hard" } as const);
    return patchEntry(within, author, scope, key, expected, { disabled, expires_at });
  });

/** Takes somebody's addresses off a list that lets its members leave. Who is no member learns nothing of the list. */
export const leaveOwn = (
  db: Db,
  author: Author,
  owners: readonly string[],
  address: string,
): Promise<{ readonly changed: boolean; readonly warnings: readonly string[] }> =>
  together(db, async (within) => {
    const key = address.toLowerCase();
    const { rows } = await within.query<{ target: string; may_leave: boolean }>({
      text: `select t.target, e.may_leave from targets t join entries e using (address)
              where t.address = $1 and e.kind = 'list' and t.target = any($2::text[])`,
      values: [key, owners],
    });
    if (rows.length === 0) throw notThere(address, "list");
    for (const { target, may_leave } of rows) {
      if (!may_leave || !(await leaveList(within, author, key, target)))
        throw new Refusal("refused", `members cannot leave ${key} by themselves`, "Ask its owner.");
    }
    return { changed: true, warnings: [] };
  });
