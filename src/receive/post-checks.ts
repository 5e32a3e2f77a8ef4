/** What is asked of a message that is a post to lists, once its header is known. */
import type { Header } from "../mail/header.ts";
import { isAutomatic, isUnanswerable, listIdsOf, subjectOf } from "../mail/header-facts.ts";
import { listFields, listIdOf } from "../mail/list-fields.ts";
import { type Mailbox, mailboxText } from "../mail/mailbox.ts";
import { replies } from "../mail/replies.ts";
import type { Reply } from "../mail/reply.ts";
import type { BrakeAnswer } from "../queue/brake.ts";
import type { FieldsOfLists, HeldPost, NewRecipient } from "../queue/claim.ts";
import type { ListCopy } from "../resolve/resolution.ts";
import type { Transaction } from "./transaction.ts";

type Copy = Transaction["copies"][number];

/**
 * The copies as the header lets them go. What no list takes is refused if it is all there is (RFC 3834 §2, RFC 2919 §6: no answers to
 * lists, no loops); where the message also goes to people they get theirs, and an owner sees the rest.
 */
export function checkPost(copies: readonly Copy[], header: Header): readonly Copy[] | Reply {
  if (copies.every(({ list }) => list === null)) return copies;
  const ids = new Set(listIdsOf(header));
  const looped = keepBack(copies, ({ address }) => ids.has(listIdOf(address)), "has been on the list before");
  if (looped === null) return replies.wasOnList;
  if (!isAutomatic(header)) return looped;
  return (
    keepBack(looped, ({ answersForAnother }) => !answersForAnother, "automatic mail, which lists do not take") ?? replies.automaticToList
  );
}

/** Holds the copies of such lists. Null: there are no others. */
function keepBack(copies: readonly Copy[], isSuch: (list: ListCopy) => boolean, reason: string): readonly Copy[] | null {
  const barred = new Set(copies.filter(({ list }) => list !== null && isSuch(list)));
  if (barred.size === 0) return copies;
  return barred.size === copies.length
    ? null
    : copies.map((copy) => (barred.has(copy) ? held(copy, reason, copy.list?.address ?? null) : copy));
}

/** What is held already stays so for its first reason. */
function held(copy: Copy, reason: string, by: Mailbox | null): Copy {
  const { recipient } = copy;
  return recipient.held === null ? { ...copy, recipient: { ...recipient, held: reason, heldBy: by?.key } } : copy;
}

/** The copies as the brakes let them go: what reaches people by lists alone that are in a storm waits. */
export function applyBrake(copies: readonly Copy[], answers: ReadonlyMap<string, BrakeAnswer>): readonly Copy[] | Reply {
  if ([...answers.values()].includes("tooFast")) return replies.postsTooFast;
  const storms = [...answers].filter(([, answer]) => answer === "storm").map(([list]) => list);
  if (storms.length === 0) return copies;
  return copies.map((copy) => {
    const { recipient } = copy;
    const list = storms.find((storm) => recipient.paths.every((path) => path.includes(storm)));
    if (list === undefined || recipient.held !== null) return copy;
    return { ...copy, recipient: { ...recipient, held: `too many posts to ${list} in ten minutes`, heldBy: list } };
  });
}

/** What the queue is told of lists: the fields of their copies, and the posts that wait for an owner. */
export function listParts(
  copies: readonly Copy[],
  header: Header,
  sender: Mailbox | null,
): { readonly listFields?: FieldsOfLists; readonly heldPosts?: readonly HeldPost[] } {
  const fields: Record<string, FieldsOfLists[string]> = {};
  for (const { list } of copies) if (list !== null) fields[list.address.key] ??= listFields(list.address, list.takesPosts, header);
  const posts = new Map<string, HeldPost>();
  const told = sender === null || isUnanswerable(header) ? null : mailboxText(sender);
  for (const { recipient } of copies) {
    const { held: reason, heldBy: list } = recipient as Pick<NewRecipient, "held" | "heldBy">;
    if (reason !== null && list !== undefined && !posts.has(list))
      posts.set(list, { list, reason, sender: told, subject: subjectOf(header) });
  }
  return {
    ...(Object.keys(fields).length > 0 && { listFields: fields }),
    ...(posts.size > 0 && { heldPosts: [...posts.values()] }),
  };
}
