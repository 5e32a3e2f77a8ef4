/** How far an address reaches, in numbers: what its page and every confirmation say of it. The picture is explain.ts. */
import { mailboxOfKey } from "../../mail/mailbox.ts";
import { explain } from "../../resolve/explain.ts";
import type { LeafState } from "../../resolve/explanation.ts";
import { type AdminDeps, panel } from "../context.ts";
import { may } from "../guard.ts";
import { addressParam, input } from "../input.ts";
import { entryInSight } from "./addresses.ts";

/** Ends of a way at which nobody gets the mail, and which do not mend by themselves. */
const DEAD = [
  "unknown",
  "expired",
  "notYet",
  "disabled",
  "disabledText",
  "moved",
  "notAllowed",
  "empty",
  "badTarget",
  "loop",
  "tooDeep",
  "tooWide",
  "refused",
] as const satisfies readonly LeafState[];

export function reachRoutes({ db, directory, limits, postmaster }: AdminDeps) {
  return panel.createApp().get("/:address/reach", may("addresses.see"), input("param", addressParam), async (c) => {
    const { address } = await entryInSight(db, c.get("scope"), c.req.valid("param").address);
    const parsed = mailboxOfKey(address);
    if (!parsed.ok) throw new Error(`the entry ${address} has an address that is none`);
    const { verdict, counts } = await explain(directory, parsed.mailbox, undefined, { limits, postmaster });
    const dead_ends = DEAD.reduce((sum, state) => sum + (counts[state] ?? 0), 0);
    return c.json(
      { address, verdict, mailboxes: counts["delivers"] ?? 0, dead_ends, unanswered: counts["lookupFailed"] ?? 0, counts },
      200,
    );
  });
}
