/** Searches that are whole or nothing: an answer that was cut short, or sent elsewhere, is an error and never a short answer. */
import { AndFilter, type Filter, FilterParser } from "ldapts";
import type { Pool } from "./pool.ts";
import { type LdapRecord, recordOf, valuesOf } from "./record.ts";

/** Entries in a page: Active Directory gives 1,000 at most. */
const PAGE = 500;

export type Search = {
  readonly base: string;
  readonly scope: "base" | "one" | "sub";
  readonly filter: Filter;
  readonly attributes: readonly string[];
  /** It may find more than a server gives at once. Only then: slapd minds one search in pages on a connection. */
  readonly paged?: true;
};

/** The filter an admin wrote, and what is asked beside it. Throws when it is none. */
export function within(filter: Filter | string, asked: Filter): Filter {
  return new AndFilter({ filters: [typeof filter === "string" ? FilterParser.parseString(filter) : filter, asked] });
}

/** All entries. Throws for any error, any limit, and any referral: somebody else knows more then. */
export async function searchAll(pool: Pool, search: Search): Promise<LdapRecord[]> {
  return pool.run(async (connection) => {
    const records: LdapRecord[] = [];
    for await (const { entries, references } of connection.search(search.base, optionsOf(search))) {
      if (references.length > 0) throw new Error(`the directory refers to ${references[0]}, which is not followed`);
      for (const entry of entries) records.push(recordOf(entry));
    }
    for (const [i, record] of records.entries()) records[i] = await withAllValues(record, (again) => onePage(connection, again));
    return records;
  });
}

const optionsOf = ({ scope, filter, attributes, paged }: Search) => ({
  scope,
  filter,
  attributes: [...attributes],
  derefAliases: "never" as const,
  ...(paged && { paged: { pageSize: PAGE } }),
});

async function onePage(connection: Parameters<Parameters<Pool["run"]>[0]>[0], search: Search): Promise<LdapRecord | null> {
  for await (const { entries } of connection.search(search.base, optionsOf(search)))
    if (entries[0] !== undefined) return recordOf(entries[0]);
  return null;
}

/** Values that Active Directory gives in ranges (`member;range=0-1499`) are asked for until the last (`member;range=1500-*`). */
async function withAllValues(record: LdapRecord, ask: (search: Search) => Promise<LdapRecord | null>): Promise<LdapRecord> {
  const ranged = [...record.values.keys()].filter((name) => name.includes(";range="));
  if (ranged.length === 0) return record;
  const values = new Map(record.values);
  for (const name of ranged) {
    const attribute = name.slice(0, name.indexOf(";"));
    const all: string[] = [];
    for (let at: LdapRecord | null = record, key = name; ; ) {
      all.push(...valuesOf(at, key));
      const [, last] = /;range=\d+-(\d+|\*)$/.exec(key) ?? [];
      if (last === undefined) throw new Error(`the directory gave ${key}, which is no range`);
      if (last === "*") break;
      const from = Number(last) + 1;
      const filter = FilterParser.parseString("(objectClass=*)");
      at = await ask({ base: record.dn, scope: "base", filter, attributes: [`${attribute};range=${from}-*`] });
      const next: string | undefined =
        at === null ? undefined : [...at.values.keys()].find((one) => one.startsWith(`${attribute};range=${from}-`));
      if (at === null || next === undefined) throw new Error(`the directory gave only ${from} values of ${attribute} of ${record.dn}`);
      key = next;
    }
    values.delete(name);
    values.set(attribute, all);
  }
  return { dn: record.dn, values };
}
