import { readHeader } from "../mail/header.ts";
import { messageIdOf } from "../mail/header-facts.ts";
import { type Mailbox, mailboxText } from "../mail/mailbox.ts";
import type { NewMessage, NewRecipient } from "../queue/claim.ts";
import type { Resolution } from "../resolve/resolution.ts";

/** What any mailbox means to the null sender, ours or not. */
export type ResolveAny = (mailbox: Mailbox) => Promise<Resolution>;

/** Where a notice goes. Null: the address leads nowhere, or takes no notices. Throws when nobody can tell now. */
export async function noticeRecipients(resolve: ResolveAny, to: Mailbox): Promise<NewRecipient[] | null> {
  const resolution = await resolve(to);
  if (resolution.kind === "unavailable") throw resolution.cause;
  if (resolution.kind !== "expanded") return null;
  return resolution.recipients.map((final) => ({
    finalRecipient: final.mailbox,
    originalRecipient: mailboxText(to),
    reversePath: null,
    lane: 2,
    paths: final.paths,
    dsn: { notify: null, orcpt: null },
    held: null,
    ...(final.discarded !== undefined && { discarded: final.discarded }),
  }));
}

/** A message of our own as it is queued: with the null reverse-path (RFC 5321 §4.5.5). */
export function noticeMessage(octets: Buffer, recipients: readonly NewRecipient[]): NewMessage {
  const headerSize = octets.indexOf("\r\n\r\n") + 4;
  const read = readHeader(octets.subarray(0, headerSize));
  return {
    envelope: {
      reversePath: null,
      smtputf8: false,
      body: octets.some((octet) => octet > 127) ? "8BITMIME" : "7BIT",
      ret: null,
      envid: null,
    },
    prefix: "",
    headerSize,
    headerMessageId: read.ok ? messageIdOf(read.header) : null,
    clientAddress: null,
    heloName: null,
    authenticatedAs: null,
    recipients,
  };
}
