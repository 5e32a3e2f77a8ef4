import type { MessageId } from "../mail/queue-id.ts";
import { GROUP_COLUMNS, type GroupKey } from "./group-key.ts";
import { copyInScope, type MailScope, mailScopeValues } from "./mail-scope.ts";

/** Which recipients of the queue a person means: of these messages, waiting for this reason, in this group, or all. */
export type Selection = (
  | { readonly kind: "ids"; readonly ids: readonly MessageId[] }
  /** Part of the last reply (any case), its enhanced status, or the reason they are held. */
  | { readonly kind: "reason"; readonly reason: string }
  | { readonly kind: "group"; readonly group: GroupKey }
  | { readonly kind: "all" }
) & {
  /** What lies outside is not meant, whatever else is said. Not given: the whole queue, for the command line. */
  readonly scope?: MailScope;
};

/** A condition on queued_recipients `q`, with its parameters from `$first` on. */
export type Condition = { readonly condition: string; readonly values: readonly unknown[] };

export function selectionCondition(selection: Selection, first: number): Condition {
  const chosen = chosenBy(selection, first);
  if (selection.scope === undefined || selection.scope.everything) return chosen;
  const { condition, values } = chosen;
  return {
    condition: `(${condition}) and ${copyInScope("q", first + values.length)}`,
    values: [...values, ...mailScopeValues(selection.scope)],
  };
}

function chosenBy(selection: Selection, first: number): Condition {
  switch (selection.kind) {
    case "ids":
      return { condition: `q.message_id = any($${first}::bigint[])`, values: [selection.ids.map(String)] };
    case "reason":
      return {
        condition: `(q.last_status = $${first} or strpos(lower(q.last_reply), lower($${first})) > 0 or strpos(lower(q.held_reason), lower($${first})) > 0)`,
        values: [selection.reason],
      };
    case "group": {
      const { state, party, status, shape } = selection.group;
      const columns = [GROUP_COLUMNS.state, GROUP_COLUMNS.status, GROUP_COLUMNS.party, GROUP_COLUMNS.shape];
      return { condition: columns.map((column, i) => `${column} = $${first + i}`).join(" and "), values: [state, status, party, shape] };
    }
    case "all":
      return { condition: "true", values: [] };
  }
}
