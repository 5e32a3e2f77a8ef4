/** What the mail path wants to know of a header: what the message is called, how far it came, whether a person wrote it. */

import { fieldsNamed, fieldText, type Header } from "./header.ts";
import { atOurs, parseMailbox } from "./mailbox.ts";

/** What the trace keeps of a Message-ID (RFC 5322 §3.6.4): at most this many characters, printable ASCII. */
const MESSAGE_ID_LIMIT = 255;
const SUBJECT_LIMIT = 200;

/** The first Message-ID with its brackets, or what stands in their place; null: none. Printable ASCII without blanks, bounded. */
export function messageIdOf(header: Header): string | null {
  const [field] = fieldsNamed(header, "message-id");
  if (field === undefined) return null;
  const text = fieldText(field);
  const id = (/<[^<>]*>/.exec(text)?.[0] ?? text).replace(/[^!-~]/g, "");
  return id === "" ? null : id.slice(0, MESSAGE_ID_LIMIT);
}

/** Keys of the addresses the message says it has passed (RFC 9228 §3), in lower case as at our domains; what is no address is left out. */
export function deliveredTo(header: Header): ReadonlySet<string> {
  const passed = new Set<string>();
  for (const field of fieldsNamed(header, "delivered-to")) {
    const text = fieldText(field).trim();
    const parsed = parseMailbox(text.replace(/^<(.*)>$/, "$1"), { smtputf8: true }); // some write brackets
    if (parsed.ok) passed.add(atOurs(parsed.mailbox).key);
  }
  return passed;
}

/** RFC 5321 §6.3: one for each server the message passed; too many are a loop. */
export const countReceived = (header: Header): number => fieldsNamed(header, "received").length;

/** Written by a program: Auto-Submitted other than `no` (RFC 3834 §5), or an old Precedence that says so. Lists do not take such mail. */
export function isAutomatic(header: Header): boolean {
  const submitted = fieldsNamed(header, "auto-submitted").map(firstWord);
  const precedence = fieldsNamed(header, "precedence").map(firstWord);
  return submitted.some((word) => word !== "no" && word !== "") || precedence.some((word) => /^(?:bulk|junk|auto_reply)$/.test(word));
}

/**
 * Nobody may answer it by machine: it was written by one (RFC 3834 §2), went through a list (RFC 2919 §3), or asks for none in the way that
 * Exchange does.
 */
export const isUnanswerable = (header: Header): boolean =>
  isAutomatic(header) ||
  header.fields.some(({ name }) => name.startsWith("list-") || name === "x-auto-response-suppress") ||
  fieldsNamed(header, "precedence").map(firstWord).includes("list");

/** The ids of the lists that the message has passed (RFC 2919 §3), in lower case. */
export const listIdsOf = (header: Header): readonly string[] =>
  fieldsNamed(header, "list-id").flatMap(
    (field) => /(?:^|<)([^<>\s]+)>?\s*(?:\([^()]*\)\s*)*$/.exec(fieldText(field))?.[1]?.toLowerCase() ?? [],
  );

/** What a person is shown of a Subject: one line, printable, bounded; encoded words stay encoded. */
export function subjectOf(header: Header): string {
  const [field] = fieldsNamed(header, "subject");
  return field === undefined
    ? ""
    : fieldText(field)
        .replace(/\p{C}+/gu, " ")
        .slice(0, SUBJECT_LIMIT);
}

/** In lower case; comments before it are skipped, parameters behind it are left. */
function firstWord(field: Parameters<typeof fieldText>[0]): string {
  return /^(?:\([^()]*\)\s*)*([^\s;(]*)/.exec(fieldText(field))?.[1]?.toLowerCase() ?? "";
}
