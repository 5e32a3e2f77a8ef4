import type { ReversePath } from "../mail/envelope.ts";
import type { Mailbox } from "../mail/mailbox.ts";
import type { ClaimedRecipient } from "../queue/claim.ts";
import type { Ending } from "../queue/settle.ts";

/** Recipients of one message that failed together and whose failure goes to the same mailbox: one DSN tells of all of them. */
export type FailureNotice = { readonly to: Mailbox; readonly endings: readonly Ending[] };

/**
 * Sorts endings into those nobody is told of and those that are due a DSN. RFC 5321 §4.5.5: none for a null reverse-path.
 * RFC 3461 §4.1: none when the sender asked not to hear of failures.
 */
export function sortByAudience(endings: readonly Ending[]): {
  readonly silent: readonly Ending[];
  readonly notices: readonly FailureNotice[];
} {
  const silent: Ending[] = [];
  const notices = new Map<string, { to: Mailbox; endings: Ending[] }>();
  for (const ending of endings) {
    const to = failed(ending) ? audience(ending.recipient) : null;
    if (to === null) {
      silent.push(ending);
      continue;
    }
    const key = `${ending.message.messageId} ${to.key}`;
    const notice = notices.get(key) ?? { to, endings: [] };
    notice.endings.push(ending);
    notices.set(key, notice);
  }
  return { silent, notices: [...notices.values()] };
}

const failed = (ending: Ending): boolean => ending.outcome === "bounced" || ending.outcome === "expired";

function audience({ reversePath, dsn }: ClaimedRecipient): ReversePath {
  if (dsn.notify !== null && !dsn.notify.includes("FAILURE")) return null;
  return reversePath;
}
