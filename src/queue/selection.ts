import type { MessageId } from "../mail/queue-id.ts";

/** Which recipients of the queue a person means: of these messages, waiting for this reason, or all. */
export type Selection =
  | { readonly kind: "ids"; readonly ids: readonly MessageId[] }
  /** Part of the last reply (any case), its enhanced status, or the reason they are held. */
  | { readonly kind: "reason"; readonly reason: string }
  | { readonly kind: "all" };

/** The selection as a condition on queued_recipients `q`, with its parameter as $1. */
export function selectionCondition(selection: Selection): { readonly condition: string; readonly parameter: unknown } {
  switch (selection.kind) {
    case "ids":
      return { condition: "q.message_id = any($1::bigint[])", parameter: selection.ids.map(String) };
    case "reason":
      return {
        condition: `(q.last_status = $1 or strpos(lower(q.last_reply), lower($1)) > 0 or strpos(lower(q.held_reason), lower($1)) > 0)`,
        parameter: selection.reason,
      };
    case "all":
      return { condition: "$1::text is null", parameter: null };
  }
}
