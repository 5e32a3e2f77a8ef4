/** Which changes an undo can take back, and what to do instead about the others. */
import { Refusal } from "../refusal.ts";

/** What is known of a change set before it is undone. */
export type Candidate = {
  readonly change_no: number;
  readonly action: string;
  readonly has_history: boolean;
  readonly undone_by: number | null;
};

/** The next step where the change is not one of the directory, by the beginning of its action. */
const INSTEAD: readonly (readonly [start: string, hint: string])[] = [
  ["queue.hold", "To let the mail go: mailroom queue release."],
  ["queue.release", "To stop what still waits: mailroom queue hold."],
  ["queue.", "Mail that was sent, returned or deleted is gone. To see what became of it: mailroom trace."],
  ["held.", "A post that was sent or refused stays so. Its sender may post again."],
  ["account ", "To change it: mailroom account."],
  ["app-password ", "To make another or take one away: mailroom app-password."],
  ["sign-in", "It is on record that it happened."],
  ["members.read", "It is on record that somebody looked."],
  ["person.search", "It is on record that somebody looked."],
  ["token ", "To make another or take one away: mailroom token."],
  ["totp ", "To set it up anew, or take it away: mailroom user totp-reset."],
  ["forwarding ask", "A request that nobody proves ends by itself within a day."],
  ["user ", "To change it: mailroom user."],
  ["role ", "To give or take it: mailroom user."],
  ["send-as ", "To change it: mailroom send-as grant or revoke."],
  ["ldap ", "What the source says now counts. Mend it there, or see: mailroom ldap status."],
];

/** Why a change set cannot be undone; null: it can, as far as nobody stands in the way. */
export function whyNotUndoable({ change_no, action, has_history, undone_by }: Candidate): Refusal | null {
  const instead = INSTEAD.find(([start]) => action.startsWith(start));
  if (instead !== undefined)
    return new Refusal("refused", `change #${change_no} (${action}) is none of the directory's and cannot be undone`, instead[1]);
  if (!has_history)
    return new Refusal(
      "refused",
      `change #${change_no} was made before the directory's history began`,
      `What was before it stands in its records: mailroom changes show ${change_no}`,
    );
  if (undone_by !== null)
    return new Refusal(
      "refused",
      `change #${change_no} is undone already, by #${undone_by}`,
      `To make it again: mailroom undo ${undone_by}`,
    );
  return null;
}
