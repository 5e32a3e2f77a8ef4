import type { Queryable } from "../../db/client.ts";
import { atOurs, type Mailbox } from "../../mail/mailbox.ts";
import { domainsOfOurs, readMailbox } from "../address.ts";

/** An address that a provider says is somebody's, where it lies at one of our domains: elsewhere it makes them the owner of nothing here. */
export async function addressesVouchedFor(db: Queryable, text: string | null): Promise<readonly Mailbox[]> {
  const mailbox = text === null ? "none" : readMailbox(text);
  if (typeof mailbox === "string") return [];
  const ours = await domainsOfOurs(db, [mailbox.domain]);
  return ours.has(mailbox.domain) ? [atOurs(mailbox)] : [];
}
