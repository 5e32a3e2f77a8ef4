import { type Mailbox, parseMailbox } from "../../src/mail/mailbox.ts";

/** The mailbox that a test writes as text; what is none is a mistake in the test. */
export function mailbox(text: string): Mailbox {
  const parsed = parseMailbox(text, { smtputf8: true });
  if (!parsed.ok) throw new Error(`${text}: ${parsed.fault.detail}`);
  return parsed.mailbox;
}
