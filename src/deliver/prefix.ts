import type { Leaving } from "../mail/leave-token.ts";
import { unsubscribeFields } from "../mail/list-fields.ts";
import type { Job } from "./lanes.ts";

/** Makes the link by which a member leaves a list; null: there are none. */
export type LeaveUrl = ((leaving: Leaving) => string) | null;

/** What stands in front of the content of a job's copies, the same for all of its recipients: our trace fields, then those of the list. */
export function prefixOf({ message, recipients: [first] }: Job, leaveUrl: LeaveUrl): string {
  const fields = first?.list === undefined ? undefined : message.listFields?.[first.list.address];
  if (first?.list === undefined || fields === undefined) return message.prefix;
  const { address: list, member } = first.list;
  if (fields.unsubscribe === null) return message.prefix + fields.fields;
  const url = member === null || leaveUrl === null ? null : leaveUrl({ list, member });
  return message.prefix + fields.fields + unsubscribeFields(fields.unsubscribe, url);
}
