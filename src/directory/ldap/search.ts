/** Searches that are whole or nothing: an answer that was cut short, or sent elsewhere, is an error and never a short answer. */
import { AndFilter, type Filter, FilterParser, PresenceFilter } from "ldapts";
import type { Pool } from "./pool.ts";
import type { Search } from "./question.ts";
import { type LdapRecord, recordOf, valuesOf } from "./record.ts";

/** Ranges of one attribute: at 1,500 values each, more than a million. */
const MOST_RANGES = 1000;

/** The filter an admin wrote, and what is asked beside it. Throws when it is none. */
export function within(filter: Filter, asked: Filter | string): Filter {
  return new AndFilter({ filters: [filter, typeof asked === "string" ? FilterParser.parseString(asked) : asked] });
}

/** All entries. Throws for any error, any limit, and any referral: somebody else knows more then. */
export async function searchAll(pool: Pool, search: Search): Promise<LdapRecord[]> {
  return pool.run(async (connection) => {
    const records: LdapRecord[] = [];
    for await (const { entries, references } of connection.search(search)) {
      if (references.length > 0) throw new Error(`the directory refers to ${references[0]}, which is not followed`);
      for (const entry of entries) records.push(recordOf(entry));
    }
    for (const [i, record] of records.entries()) records[i] = await withAllValues(record, (again) => onePage(connection, again));
    return records;
  });
}

async function onePage(connection: Parameters<Parameters<Pool["run"]>[0]>[0], search: Search): Promise<LdapRecord | null> {
  for await (const { entries } of connection.search(search)) if (entries[0] !== undefined) return recordOf(entries[0]);
  return null;
}

const RANGE = /^([^;]+);range=(\d+)-(\d+|\*)$/;

/** Values that Active Directory gives in ranges (`member;range=0-1499`) are asked for until the last (`member;range=1500-*`). */
async function withAllValues(record: LdapRecord, ask: (search: Search) => Promise<LdapRecord | null>): Promise<LdapRecord> {
  const ranged = [...record.values.keys()].filter((name) => name.includes(";range="));
  if (ranged.length === 0) return record;
  const values = new Map(record.values);
  for (const name of ranged) {
    const attribute = name.slice(0, name.indexOf(";"));
    values.delete(name);
    values.set(attribute, await rangesOf(attribute, record, ask));
  }
  return { dn: record.dn, values };
}

/** Each range begins where the one before ended, and has values: whatever else comes is no answer. */
async function rangesOf(
  attribute: string,
  record: LdapRecord,
  ask: (search: Search) => Promise<LdapRecord | null>,
): Promise<readonly string[]> {
  const all: string[] = [];
  let at: LdapRecord | null = record;
  for (let from = 0, i = 0; i < MOST_RANGES; i++) {
    const key: string | undefined = [...(at?.values.keys() ?? [])].find((name) => RANGE.exec(name)?.[1] === attribute);
    const [, , first, last] = RANGE.exec(key ?? "") ?? [];
    const some = at === null || key === undefined ? [] : valuesOf(at, key);
    if (Number(first) !== from || some.length === 0)
      throw new Error(`the directory gave only ${from} values of ${attribute} of ${record.dn}, and said that there are more`);
    all.push(...some);
    if (last === "*") return all;
    from = Number(last) + 1;
    at = await ask({ base: record.dn, scope: "base", filter: ANYTHING, attributes: [`${attribute};range=${from}-*`] });
  }
  throw new Error(`the directory gave ${MOST_RANGES} ranges of ${attribute} of ${record.dn}, and no end`);
}

const ANYTHING: Filter = new PresenceFilter({ attribute: "objectClass" });
