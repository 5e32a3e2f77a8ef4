/** Values that verbs read themselves because no action does; what is none is bad data (exit-codes.ts). */
import { type Mailbox, parseMailbox } from "../mail/mailbox.ts";
import { parseQueueId } from "../mail/queue-id.ts";
import { BadValue } from "./exit-codes.ts";

/** An address anywhere. */
export function typedMailbox(text: string): Mailbox {
  const parsed = parseMailbox(text, { smtputf8: true });
  if (parsed.ok) return parsed.mailbox;
  throw new BadValue(`${JSON.stringify(text)} is not an address: ${parsed.fault.detail}`, "Write it as name@domain.");
}

/** A sender: null for bounces. */
export const typedSender = (text: string): Mailbox | null => (text === "<>" || text === "" ? null : typedMailbox(text));

export function typedQueueId(text: string): bigint {
  const id = parseQueueId(text);
  if (id !== null) return id;
  throw new BadValue(
    `${JSON.stringify(text)} is not a queue id`,
    'It has up to 12 digits and letters other than vowels, as in the reply "queued as".',
  );
}
