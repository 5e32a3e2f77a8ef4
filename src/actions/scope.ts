/** How far somebody's rights go, as a condition in SQL: what lies outside is not found, and nothing tells it from what does not exist. */
import type { Queryable } from "../db/client.ts";
import type { Mailbox } from "../mail/mailbox.ts";
import { ourAddress } from "./address.ts";
import { holdDirectory } from "./change.ts";
import { Refusal } from "./refusal.ts";

/** Everything, or what lies in one of the domains, or what belongs to one of the owners (Mailbox keys). */
export type Scope = { readonly everything: boolean; readonly domains: readonly string[]; readonly owners: readonly string[] };

export const EVERYTHING: Scope = { everything: true, domains: [], owners: [] };

/** The same as entryInScope, of an entry that is read already. */
export const reaches = (
  { everything, domains, owners }: Scope,
  { address, owner }: { readonly address: string; readonly owner: string | null },
) =>
  everything ||
  domains.includes(address.slice(address.lastIndexOf("@") + 1)) ||
  owners.includes(address) ||
  (owner !== null && owners.includes(owner));

/** The condition on an alias of `entries`; its three parameters begin at `$first`. Somebody's own address is theirs as well. */
export const entryInScope = (alias: string, first: number): string =>
  `($${first}::boolean or ${alias}.domain = any($${first + 1}::text[]) or ${alias}.owner = any($${first + 2}::text[]) or ${alias}.address = any($${first + 2}::text[]))`;

export const scopeValues = ({ everything, domains, owners }: Scope): readonly unknown[] => [everything, domains, owners];

/** True: an address of this domain that nobody owns yet lies in the scope. */
export const domainInScope = ({ everything, domains }: Scope, domain: string): boolean => everything || domains.includes(domain);

/** What is asked of an entry before it is changed. `version`: the one the author has seen; undefined: any. */
export type Expected = { readonly kind?: "alias" | "list"; readonly version?: number };

/** An entry was changed since its author looked. Carries what it is now. */
export class Stale extends Error {
  override readonly name = "Stale";
  readonly version: number;
  constructor(address: string, version: number) {
    super(`${address} was changed since you looked`);
    this.version = version;
  }
}

/**
 * The address of an entry in scope, which stays as it is until the transaction ends. Rejects with Refusal `notFound`, and with Stale where
 * another version is expected.
 */
export async function entryToChange(tx: Queryable, scope: Scope, text: string, expected: Expected = {}): Promise<Mailbox> {
  await holdDirectory(tx); // before the row: every other change takes them in this order
  const mailbox = await ourAddressInScope(tx, scope, text);
  const { rows } = await tx.query<{ version: number; kind: string }>({
    text: `select version, kind from entries e where address = $1 and ${entryInScope("e", 2)} for update`,
    values: [mailbox.key, ...scopeValues(scope)],
  });
  const [row] = rows;
  if (row === undefined || (expected.kind !== undefined && row.kind !== expected.kind)) throw notThere(mailbox.key, expected.kind);
  if (expected.version !== undefined && expected.version !== row.version) throw new Stale(mailbox.key, row.version);
  return mailbox;
}

/** That a domain is not ours tells nobody anything who may not see it. */
async function ourAddressInScope(tx: Queryable, scope: Scope, text: string): Promise<Mailbox> {
  try {
    return await ourAddress(tx, text);
  } catch (error) {
    if (error instanceof Refusal && error.kind === "refused" && !scope.everything) throw notThere(text);
    throw error;
  }
}

export const notThere = (address: string, kind: string = "address"): Refusal =>
  new Refusal("notFound", `there is no ${kind} ${address} that you may see`, "Look for it under Addresses.");
