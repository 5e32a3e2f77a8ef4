/** Which entries a bulk change is about: those named, or all that a filter finds and somebody has counted. */
import type { Queryable } from "../db/client.ts";
import { counted } from "../mail/counted.ts";
import { domainOf, quoted, targetsOf } from "./address.ts";
import { Refusal } from "./refusal.ts";
import { EVERYTHING, entryInScope, type Scope, scopeValues } from "./scope.ts";
import { entriesFound } from "./search/find.ts";
import type { AddressQuery } from "./search/query.ts";

/** Entries that fulfil all that is said. `owner` null: without one. */
export type EntryFilter = {
  readonly kind?: "alias" | "list" | undefined;
  readonly domain?: string | undefined;
  readonly owner?: string | null | undefined;
  readonly target?: string | undefined;
  /** Switched off or retired, or neither. */
  readonly off?: boolean | undefined;
};

/** `expected`: how many there were when somebody looked. `query`: as the listing of addresses understands it; people and groups of LDAP are no entries. */
export type Selection =
  | { readonly addresses: readonly string[] }
  | { readonly filter: EntryFilter; readonly expected: number }
  | { readonly query: AddressQuery; readonly expected: number };

/** Keys in order, their rows locked. */
export type Entries = readonly string[];

/** More are no edit but an import. */
export const MOST_ENTRIES = 5_000;

/** The entries of a selection. Refuses too many, names without an entry, a filter that says nothing, and a count that has moved. */
export async function selectEntries(tx: Queryable, selection: Selection, scope: Scope): Promise<{ readonly addresses: Entries }> {
  if ("addresses" in selection) return { addresses: await named(tx, selection.addresses, scope) };
  const addresses = "query" in selection ? await found(tx, selection.query, scope) : await filtered(tx, selection.filter, scope);
  if (addresses.length > MOST_ENTRIES) throw tooMany("more than 5,000");
  if (addresses.length !== selection.expected)
    throw new Refusal(
      "refused",
      `${counted(addresses.length, "entry matches", "entries match")} now, and not ${selection.expected.toLocaleString("en-US")}`,
      "Somebody changed the directory meanwhile. Look at them again. Nothing was changed.",
      "count-changed",
    );
  return { addresses };
}

async function filtered(tx: Queryable, filter: EntryFilter, scope: Scope): Promise<Entries> {
  const { rows } = await matching(tx, filter, "e.address", ` order by e.address limit ${MOST_ENTRIES + 1} for update of e`, scope);
  return rows.map(({ address }) => address);
}

async function found(tx: Queryable, query: AddressQuery, scope: Scope): Promise<Entries> {
  const addresses = await entriesFound(tx, scope, query, MOST_ENTRIES + 1);
  await tx.query({ text: "select from entries where address = any($1) order by address for update", values: [addresses] });
  return addresses;
}

/** How many entries a filter finds now: what `expected` is compared with. */
export async function countEntries(db: Queryable, filter: EntryFilter): Promise<number> {
  const { rows } = await matching(db, filter, "count(*)::text as address");
  return Number(rows[0]?.address ?? 0);
}

const tooMany = (n: string): Refusal =>
  new Refusal("refused", `a bulk change may be of 5,000 entries, and these are ${n}`, "Narrow the selection, or use mailroom import csv.");

async function named(tx: Queryable, texts: readonly string[], scope: Scope): Promise<Entries> {
  if (texts.length === 0) throw new Refusal("badData", "no entry is named", "Name at least one.");
  if (texts.length > MOST_ENTRIES) throw tooMany(texts.length.toLocaleString("en-US"));
  const keys = new Set((await targetsOf(tx, texts, "the address")).map(({ key }) => key));
  const { rows } = await tx.query<{ address: string }>({
    text: `select address from entries e where address = any($1) and ${entryInScope("e", 2)} order by address for update`,
    values: [[...keys], ...scopeValues(scope)],
  });
  for (const { address } of rows) keys.delete(address);
  const [missing] = keys;
  if (missing !== undefined)
    throw new Refusal(
      "notFound",
      `there is no alias or list ${missing}${keys.size > 1 ? `, nor ${keys.size - 1} more` : ""}`,
      "Nothing was changed.",
    );
  return rows.map(({ address }) => address);
}

async function matching(
  tx: Queryable,
  { kind, domain, owner, target, off }: EntryFilter,
  columns: string,
  tail = "",
  scope: Scope = EVERYTHING,
) {
  const conditions: string[] = [];
  const values: unknown[] = [];
  const where = (condition: (place: string) => string, value: unknown) => {
    values.push(value);
    conditions.push(condition(`$${values.length}`));
  };
  if (kind !== undefined) where((place) => `e.kind = ${place}`, kind);
  if (domain !== undefined) where((place) => `e.domain = ${place}`, domainOf(domain));
  if (typeof owner === "string") where((place) => `e.owner = ${place}`, await keyOf(tx, owner));
  if (owner === null) conditions.push("e.owner is null");
  if (target !== undefined)
    where((place) => `exists (select from targets t where t.address = e.address and t.target = ${place})`, await keyOf(tx, target));
  if (off !== undefined) conditions.push(`${off ? "" : "not "}(e.disabled is not null or e.moved_to is not null)`);
  if (conditions.length === 0)
    throw new Refusal("badData", "a filter that says nothing would find every entry", "Name a domain, an owner or a target.");
  conditions.push(entryInScope("e", values.length + 1));
  values.push(...scopeValues(scope));
  return tx.query<{ address: string }>({ text: `select ${columns} from entries e where ${conditions.join(" and ")}${tail}`, values });
}

async function keyOf(tx: Queryable, text: string): Promise<string> {
  const [mailbox] = await targetsOf(tx, [text], "the address");
  if (mailbox === undefined) throw new Refusal("badData", `${quoted(text)} is no address`);
  return mailbox.key;
}
