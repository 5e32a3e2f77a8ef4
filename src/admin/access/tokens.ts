/** Tokens of programs, sent as `Authorization: Bearer mrt_…` (RFC 6750). */
import { secretHash } from "../../actions/access/secret-hash.ts";
import type { Queryable } from "../../db/client.ts";
import { parseNetworks } from "../../sending/networks.ts";
import type { Grant, Principal } from "./policy.ts";
import { GRANTS_OF } from "./sessions.ts";

type Row = {
  readonly token_no: bigint;
  readonly name: string;
  readonly principal: string;
  readonly scopes: string[];
  readonly domain: string | null;
  readonly networks: string[];
  readonly grants: Grant[];
  readonly is_old: boolean;
};

/** Whose token this is, used from there. A token never may more than its owner does now. Null: nobody's, or not from there. */
export async function tokenPrincipal(db: Queryable, token: string, clientAddress: string): Promise<Principal | null> {
  const { rows } = await db.query<Row>({
    name: "panel_token",
    text: `select token_no, name, principal, scopes, domain, networks, ${GRANTS_OF("t.principal")},
                  last_used_at is null or last_used_at < now() - interval '1 minute' as is_old
             from panel_tokens t where token_hash = $1 and ends_at > now() and revoked_at is null`,
    values: [secretHash(token)],
  });
  const [row] = rows;
  if (row === undefined || (row.networks.length > 0 && !parseNetworks(row.networks).contain(clientAddress))) return null;
  if (row.is_old) await db.query({ text: "update panel_tokens set last_used_at = now() where token_no = $1", values: [row.token_no] });
  const { name, scopes, domain } = row;
  return { id: row.principal, addresses: [], grants: row.grants, token: { name, scopes, domain } };
}
