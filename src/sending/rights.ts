import type { Queryable } from "../db/client.ts";
import { found, type Lookup, unavailable } from "../mail/lookup.ts";
import { atOurs, type Mailbox } from "../mail/mailbox.ts";
import type { Person } from "../mail/person.ts";

/** From which addresses a person may send now, in the envelope and as author. */
export type SenderRights = { readonly maySendAs: (address: Mailbox) => boolean };

/**
 * Their own addresses, and those granted to them until some day. To receive mail for an address is no right to send as it: an alias or a
 * list that leads to the person gives none. Local parts are compared without case, as our own domains do.
 */
export async function senderRights(db: Queryable, person: Person): Promise<Lookup<SenderRights>> {
  try {
    const { rows } = await db.query<{ address: string }>({
      name: "send_as_grants",
      text: "select address from send_as_grants where login = $1 and ends_at > now()",
      values: [person.login],
    });
    const allowed = new Set([...person.addresses.map((address) => atOurs(address).key), ...rows.map(({ address }) => address)]);
    return found({ maySendAs: (address) => allowed.has(atOurs(address).key) });
  } catch (cause) {
    return unavailable(cause);
  }
}
