/** Roles given by people who may not everything: in their own domains, nothing above themselves, and no longer than their own. */
import type { Db, Queryable } from "../../db/client.ts";
import { domainOf, expiryOf } from "../address.ts";
import { type Author, type Changed, changing } from "../change.ts";
import { Refusal } from "../refusal.ts";
import { together } from "../rehearse.ts";
import { domainInScope, type Scope } from "../scope.ts";
import type { GivenRole } from "./roles.ts";
import { type GrantInput, type GrantView, grantRole, principalOf, revokeRole } from "./users.ts";

/** Who gives or takes a role, and where they may. */
export type Granter = { readonly id: string; readonly scope: Scope };

/** Roles of one domain; the others reach everywhere. */
const OF_A_DOMAIN: ReadonlySet<GivenRole> = new Set(["department-admin", "helpdesk"]);

/** True: whoever gives it may everything themselves, or the role is one of a domain. */
export const mayGive = ({ everything }: Scope, role: GivenRole): boolean => everything || OF_A_DOMAIN.has(role);

/** Gives somebody a role as far as the granter may. */
export const grantWithin = (db: Db, author: Author, granter: Granter, who: string, input: GrantInput): Promise<Changed<GrantView>> =>
  together(db, async (on) => {
    mustLieWithin(granter.scope, input.domain);
    if (!granter.scope.everything) await refuseAboveSelf(on, granter, who, input);
    return grantRole(on, author, who, input);
  });

/** Takes a role back as far as the granter may. */
export async function revokeWithin(db: Db, author: Author, granter: Granter, who: string, role: GivenRole, domain: string | null) {
  mustLieWithin(granter.scope, domain);
  return revokeRole(db, author, who, role, domain);
}

/** A domain outside the scope is the same as one that does not exist. */
function mustLieWithin(scope: Scope, domain: string | null | undefined): void {
  if (scope.everything) return;
  if (domain != null && domainInScope(scope, domainOf(domain))) return;
  throw new Refusal("notFound", `there is no domain ${domain ?? "(none named)"} in which you may give roles`, "Choose one of yours.");
}

async function refuseAboveSelf(on: Db, granter: Granter, who: string, { domain, ends }: GrantInput): Promise<void> {
  if (principalOf(who) === granter.id)
    throw new Refusal("refused", "nobody changes their own role", "Ask somebody who runs this server, or another admin of the domain.");
  const own = await changing(on, (tx) => ownEnd(tx, granter.id, domain ?? ""));
  if (own === null) return;
  const end = typeof ends === "string" ? expiryOf(ends, new Date()) : null;
  if (end === null || end > own)
    throw new Refusal("refused", `your own role ends at ${own.toISOString()}, and none you give lasts longer`, "Choose an earlier end.");
}

/** When what the granter may there ends; null: never. */
async function ownEnd(tx: Queryable, principal: string, domain: string): Promise<Date | null> {
  const { rows } = await tx.query<{ ends_at: Date | null }>({
    text: `select ends_at from panel_grants
            where principal = $1 and (role = 'superadmin' or (role = 'department-admin' and domain = $2)) and (ends_at is null or ends_at > now())
            order by ends_at desc nulls first limit 1`,
    values: [principal, domainOf(domain)],
  });
  if (rows[0] === undefined) throw new Refusal("notFound", "you may give no role there any more");
  return rows[0].ends_at;
}
