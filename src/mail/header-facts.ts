/** What the mail path wants to know of a header: what the message is called and how far it came. */

import { fieldsNamed, fieldText, type Header } from "./header.ts";
import { atOurs, parseMailbox } from "./mailbox.ts";

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
