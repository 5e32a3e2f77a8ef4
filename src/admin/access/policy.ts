/**
 * Who may do what: the matrix as data. A route names an action (guard.ts); the action and the principal give a scope, and every statement
 * takes the scope (actions/scope.ts). What the matrix does not name is not allowed.
 */
import type { GivenRole } from "../../actions/access/roles.ts";
import type { Scope } from "../../actions/scope.ts";

/** Besides the roles that are given, everybody who signed in is an owner: of what names one of their addresses as owner, and of themselves. */
type Role = GivenRole | "owner";

/** `all`: everywhere; `scope`: in the domain of the grant; `own`: what the principal owns. */
export type Reach = "all" | "scope" | "own";

type Rule = Partial<Record<Role, Reach>> & { /** What a token must hold to do it. */ readonly token: string };

const SEE = { superadmin: "all", "department-admin": "scope", helpdesk: "scope", auditor: "all" } as const;
const EDIT = { superadmin: "all", "department-admin": "scope", owner: "own" } as const;
const SELF = { superadmin: "own", "department-admin": "own", helpdesk: "own", auditor: "own", owner: "own" } as const;

const MATRIX = {
  "addresses.see": { ...SEE, owner: "own", token: "addresses:read" },
  "aliases.create": { superadmin: "all", "department-admin": "scope", token: "aliases:write" },
  "aliases.edit": { ...EDIT, token: "aliases:write" },
  "aliases.delete": { ...EDIT, token: "aliases:write" },
  "aliases.bulk": { superadmin: "all", "department-admin": "scope", token: "aliases:write" },
  "lists.create": { superadmin: "all", "department-admin": "scope", token: "lists:write" },
  "lists.edit": { ...EDIT, token: "lists:write" },
  "members.see": { superadmin: "all", "department-admin": "scope", helpdesk: "scope", owner: "own", token: "lists:read" },
  "held.see": { ...EDIT, token: "lists:read" },
  "held.decide": { ...EDIT, token: "lists:write" },
  "imports.preview": { superadmin: "all", "department-admin": "scope", auditor: "all", token: "imports:write" },
  "imports.apply": { superadmin: "all", "department-admin": "scope", token: "imports:write" },
  "messages.see": { ...SEE, owner: "own", token: "messages:read" },
  "queue.see": { ...SEE, token: "queue:read" },
  "queue.retry": { superadmin: "all", "department-admin": "scope", helpdesk: "scope", token: "queue:write" },
  "queue.hold": { superadmin: "all", "department-admin": "scope", token: "queue:write" },
  "queue.end": { superadmin: "all", token: "queue:write" },
  "domains.see": { ...SEE, token: "domains:read" },
  "domains.edit": { superadmin: "all", token: "domains:write" },
  "directory.see": { superadmin: "all", "department-admin": "scope", helpdesk: "scope", auditor: "all", token: "directory:read" },
  "directory.edit": { superadmin: "all", token: "directory:write" },
  "changes.see": { ...SEE, owner: "own", token: "changes:read" },
  "changes.undo": { ...EDIT, token: "changes:write" },
  "access.see": { superadmin: "all", "department-admin": "scope", auditor: "all", token: "access:read" },
  "access.edit": { superadmin: "all", "department-admin": "scope", token: "access:write" },
  "accounts.edit": { superadmin: "all", token: "access:write" },
  "tokens.see": { ...SELF, superadmin: "all", auditor: "all", token: "access:read" },
  "tokens.edit": { ...SELF, superadmin: "all", token: "access:write" },
  "settings.see": { superadmin: "all", auditor: "all", token: "settings:read" },
  "flow.see": { ...SEE, token: "messages:read" },
  "destinations.see": { superadmin: "all", auditor: "all", token: "messages:read" },
  "events.see": { ...SEE, owner: "own", token: "events:read" },
  "captured.see": { superadmin: "all", token: "captured:read" },
  "captured.clear": { superadmin: "all", token: "captured:write" },
  "session.own": { ...SELF, token: "me:read" },
  "me.see": { ...SELF, token: "me:read" },
  "me.edit": { ...SELF, token: "me:write" },
} as const satisfies Readonly<Record<string, Rule>>;

export type Action = keyof typeof MATRIX;
/** @internal */
export const ACTIONS = Object.keys(MATRIX) as Action[];

/** What a token must hold to do it. */
export const tokenScopeOf = (action: Action): string => MATRIX[action].token;

/** Every scope a token can be given. */
export const TOKEN_SCOPES: readonly string[] = [...new Set(Object.values(MATRIX).map(({ token }) => token))].sort();

export type Grant = { readonly role: GivenRole; readonly domain: string | null };

/** Who asks. `id`: as in the tables. `addresses`: their own, as keys. `token`: what limits them besides; null: they came with a session. */
export type Principal = {
  readonly id: string;
  readonly addresses: readonly string[];
  readonly grants: readonly Grant[];
  readonly token: { readonly name: string; readonly scopes: readonly string[]; readonly domain: string | null } | null;
};

/** What an action reaches for a principal; null: it is not for them. */
export function scopeOf({ addresses, grants, token }: Principal, action: Action): Scope | null {
  const rule: Rule = MATRIX[action];
  if (token !== null && !token.scopes.includes(rule.token)) return null;
  const having = (wanted: Reach) => grants.filter(({ role }) => rule[role] === wanted);
  const everything = having("all").length > 0;
  const domains = having("scope").flatMap(({ domain }) => domain ?? []);
  const isOwner = rule.owner === "own";
  if (!everything && domains.length === 0 && !isOwner) return null;
  return within({ everything, domains, owners: isOwner ? addresses : [] }, token?.domain ?? null);
}

/**
 * The scopes a token of theirs can use. What somebody does as the owner of an address stays with people who signed in: only the directory says
 * at sign-in which addresses are theirs, and a token may be a year old.
 */
export function tokenScopesOf({ id, grants }: Pick<Principal, "id" | "grants">, domain: string | null): readonly string[] {
  const owner: Principal = { id, addresses: [], grants, token: null };
  const reaches = (action: Action): boolean => {
    if (isAboutThemselves(action)) return true;
    const whole = scopeOf(owner, action);
    const scope = whole === null ? null : within(whole, domain);
    return scope !== null && (scope.everything || scope.domains.length > 0);
  };
  return [...new Set(ACTIONS.filter(reaches).map((action) => MATRIX[action].token))].sort();
}

const isAboutThemselves = (action: Action): boolean => action.startsWith("me.") || action === "session.own";

/** A token for one domain reaches nothing elsewhere, and what its owner owns only there. */
function within(scope: Scope, domain: string | null): Scope | null {
  if (domain === null) return scope;
  if (scope.everything || scope.domains.includes(domain)) return { everything: false, domains: [domain], owners: [] };
  const owners = scope.owners.filter((address) => address.endsWith(`@${domain}`));
  return owners.length > 0 ? { everything: false, domains: [], owners } : null;
}

/** How far each action goes for a principal, for the panel: it leaves out what would be refused. */
export function reachOf(principal: Principal): Partial<Record<Action, Reach>> {
  return Object.fromEntries(
    ACTIONS.flatMap((action) => {
      const scope = scopeOf(principal, action);
      if (scope === null) return [];
      return [[action, scope.everything ? "all" : scope.domains.length > 0 ? "scope" : "own"]];
    }),
  );
}
