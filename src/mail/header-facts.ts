/** What the mail path wants to know of a header: its name, how far it came, whether a person wrote it. */
import { fieldsNamed, fieldText, type Header } from "./header.ts";

/** What the trace keeps of a Message-ID (RFC 5322 §3.6.4): at most this many characters, printable ASCII. */
const MESSAGE_ID_LIMIT = 255;

/** The first Message-ID with its brackets, or what stands in their place; null: none. Printable ASCII without blanks, bounded. */
export function messageIdOf(header: Header): string | null {
  const [field] = fieldsNamed(header, "message-id");
  if (field === undefined) return null;
  const text = fieldText(field);
  const id = (/<[^<>]*>/.exec(text)?.[0] ?? text).replace(/[^!-~]/g, "");
  return id === "" ? null : id.slice(0, MESSAGE_ID_LIMIT);
}

/** RFC 5321 §6.3: one for each server the message passed; too many are a loop. */
export const countReceived = (header: Header): number => fieldsNamed(header, "received").length;

/** Addresses this message was delivered for already, as their fields say; the same one twice is a loop. */
export const deliveredTo = (header: Header): readonly string[] => fieldsNamed(header, "delivered-to").map(fieldText);

/** Written by a program: Auto-Submitted other than `no` (RFC 3834 §5), or an old Precedence that says so. Lists do not take such mail. */
export function isAutomatic(header: Header): boolean {
  const submitted = fieldsNamed(header, "auto-submitted").map(firstWord);
  const precedence = fieldsNamed(header, "precedence").map(firstWord);
  return submitted.some((word) => word !== "no" && word !== "") || precedence.some((word) => /^(?:bulk|junk|auto_reply)$/.test(word));
}

/** Went through a list (RFC 2919), so nothing answers it automatically. */
export const cameFromList = (header: Header): boolean =>
  fieldsNamed(header, "list-id").length > 0 || fieldsNamed(header, "precedence").map(firstWord).includes("list");

/** In lower case; comments before it are skipped, parameters behind it are left. */
function firstWord(field: Parameters<typeof fieldText>[0]): string {
  return /^(?:\([^()]*\)\s*)*([^\s;(]*)/.exec(fieldText(field))?.[1]?.toLowerCase() ?? "";
}
