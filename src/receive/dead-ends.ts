import type { Log } from "../log/log.ts";
import { type Mailbox, mailboxText, textOfKey } from "../mail/mailbox.ts";
import type { DeadEnd } from "../resolve/resolution.ts";

/** Of the dead ends of one forward-path so many get a line of their own. */
const DEAD_ENDS_NAMED = 20;

/** The mail is taken for the others, so nobody outside hears of these: whoever looks after the alias must. */
export function logDeadEnds(log: Log, forwardPath: Mailbox, deadEnds: readonly DeadEnd[]): void {
  const recipient = mailboxText(forwardPath);
  for (const { from, address, why } of deadEnds.slice(0, DEAD_ENDS_NAMED)) {
    log.warn("a target leads nowhere", { recipient, alias: from && textOfKey(from), target: textOfKey(address), why });
  }
  const more = deadEnds.length - DEAD_ENDS_NAMED;
  if (more > 0) log.warn("more targets lead nowhere", { recipient, targets: more });
}
