import { replies } from "../mail/replies.ts";
import type { Reply } from "../mail/reply.ts";
import { isOutOfSpace } from "../queue/trouble.ts";

/** What a client hears of a fault of ours: never more than that it should come again. */
export function replyToTrouble(cause: unknown): Reply {
  return isOutOfSpace(cause) ? replies.noSpace : replies.localTrouble;
}
