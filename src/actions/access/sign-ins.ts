import type { Db } from "../../db/client.ts";
import { recordChange } from "../change.ts";

/** Records that a local superadmin signed in, who passes every directory and provider. False: it is nobody of that kind, and nothing is recorded. */
export async function recordSignIn(db: Db, principal: string, clientAddress: string): Promise<boolean> {
  if (!principal.startsWith("local:")) return false;
  const { rows } = await db.query({
    text: "select from panel_grants where principal = $1 and role = 'superadmin' and (ends_at is null or ends_at > now())",
    values: [principal],
  });
  if (rows.length === 0) return false;
  const author = { actor: `${principal} via panel`, why: null };
  await recordChange(db, author, { action: "sign-in", object: principal, before: null, after: { client_address: clientAddress } });
  return true;
}
