/** The fields that a list's copies have in front of their content: complete lines, CR LF at the end. */
import type { Header } from "./header.ts";
import { type Mailbox, mailboxOfKey } from "./mailbox.ts";

/** Of one list and one message. `unsubscribe` is not among `fields`: a copy may have one of its own (RFC 8058). Null: none is to be said. */
export type ListFields = { readonly fields: string; readonly unsubscribe: string | null };

/** RFC 2919 §2: the list's label and its domain, as one name. */
export const listIdOf = (list: Mailbox): string => `${list.localPart}.${list.domain}`.toLowerCase();

/**
 * RFC 2919 §3 and RFC 2369 §3. What the message says already, by another list that it passed, is not said again (RFC 2369 §2: no field
 * twice). `takesPosts`: members may write to it. Whatever a member wants is asked of LIST-request, which a person answers.
 */
export function listFields(list: Mailbox, takesPosts: boolean, header: Header): ListFields {
  const said = new Set(header.fields.map(({ name }) => name));
  const request = ownAddress(list, "-request");
  const owner = ownAddress(list, "-owner");
  const asked = (subject: string): string | null => request && `<${mailto(request)}?subject=${subject}>`;
  const fields: readonly (readonly [name: string, value: string | null])[] = [
    ["List-Id", `<${listIdOf(list)}>`],
    ["List-Post", takesPosts ? `<${mailto(list)}>` : "NO"],
    ["List-Help", asked("help")],
    ["List-Owner", owner && `<${mailto(owner)}>`],
    ["List-Subscribe", asked("subscribe")],
  ];
  const lines = fields
    .filter(([name, value]) => value !== null && !said.has(name.toLowerCase()))
    .map(([name, value]) => field(name, value ?? ""));
  return { fields: lines.join(""), unsubscribe: said.has("list-unsubscribe") ? null : asked("unsubscribe") };
}

/** RFC 8058 §3.1: with a URL that one POST to it suffices for; without, an address to write to. */
export function unsubscribeFields(byMail: string, url: string | null): string {
  if (url === null) return byMail === "" ? "" : field("List-Unsubscribe", byMail);
  const values = byMail === "" ? `<${url}>` : `<${url}>,\r\n\t${byMail}`;
  return `${field("List-Unsubscribe", values)}List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n`;
}

/** A field on one line where that has 78 characters at most (RFC 5322 §2.1.1), else its value on the next. */
const field = (name: string, value: string): string =>
  name.length + value.length + 2 <= 78 ? `${name}: ${value}\r\n` : `${name}:\r\n\t${value}\r\n`;

/** Null: too long to be an address. */
function ownAddress(list: Mailbox, behind: string): Mailbox | null {
  const read = mailboxOfKey(`${list.localPart}${behind}@${list.domain}`);
  return read.ok ? read.mailbox : null;
}

/** RFC 6068 §2. */
const mailto = ({ localPart, domain }: Mailbox): string => `mailto:${encodeURIComponent(localPart).replaceAll("'", "%27")}@${domain}`;
