import { fieldsNamed, type Header } from "./header.ts";
import { rfc5322Date } from "./trace-field.ts";

/** Complete lines, and the Message-ID among them. */
export type MissingFields = { readonly fields: string; readonly messageId: string | null };

export const NOTHING_MISSING: MissingFields = { fields: "", messageId: null };

/**
 * RFC 6409 §8.1, §8.2: Date and Message-ID, for the front of a message that a person sent without them. `id` must be unique. The message itself
 * stays as it is.
 */
export function missingFields(header: Header, { id, hostname, at }: { id: string; hostname: string; at: Date }): MissingFields {
  const has = (name: string) => fieldsNamed(header, name).length > 0;
  const messageId = has("message-id") ? null : `<${id}@${hostname}>`;
  const date = has("date") ? "" : `Date: ${rfc5322Date(at)}\r\n`;
  return { fields: date + (messageId === null ? "" : `Message-ID: ${messageId}\r\n`), messageId };
}
