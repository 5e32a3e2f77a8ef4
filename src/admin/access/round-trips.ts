/** Sign-ins that went to the OpenID provider: what must be the same when somebody comes back. A row is used once, by the browser that began. */
import { secretHash } from "../../actions/access/secret-hash.ts";
import type { Queryable } from "../../db/client.ts";
import type { Checks } from "./oidc.ts";

/** `browser`: a cookie made for this. `returnTo`: a path of ours. `source`: whose sign-ins are counted together. */
export type RoundTrip = Checks & { readonly browser: string; readonly returnTo: string; readonly source: string };

const LONGEST = "interval '10 minutes'";
/** Under way at once from one address: a lecture hall behind one, and still no way to fill the table. */
const EACH_SOURCE = 500;

/** False: too many are under way from there. */
export async function keepRoundTrip(db: Queryable, { state, browser, nonce, verifier, returnTo, source }: RoundTrip): Promise<boolean> {
  const { rowCount } = await db.query({
    text: `insert into panel_sign_ins (state_hash, browser_hash, nonce, verifier, return_to, source, ends_at)
           select $1, $2, $3, $4, $5, $6, now() + ${LONGEST}
            where (select count(*) from panel_sign_ins where source = $6 and ends_at > now()) < ${EACH_SOURCE}`,
    values: [secretHash(state), secretHash(browser), nonce, verifier, returnTo, source],
  });
  return rowCount === 1;
}

/** What was kept, once; null: nothing, or another browser's, or too long ago. */
export async function takeRoundTrip(
  db: Queryable,
  state: string,
  browser: string,
): Promise<(Checks & { readonly returnTo: string }) | null> {
  const { rows } = await db.query<{ nonce: string; verifier: string; return_to: string; is_late: boolean }>({
    text: `delete from panel_sign_ins where state_hash = $1 and browser_hash = $2 returning nonce, verifier, return_to, ends_at <= now() as is_late`,
    values: [secretHash(state), secretHash(browser)],
  });
  const [row] = rows;
  if (row === undefined || row.is_late) return null;
  return { state, nonce: row.nonce, verifier: row.verifier, returnTo: row.return_to };
}
