import type { Entry as LdapEntry } from "ldapts";

/** An entry of the directory, its attributes by name in lower case, each with all its values. Octets that are no text are left out. */
export type LdapRecord = { readonly dn: string; readonly values: ReadonlyMap<string, readonly string[]> };

/** Absent attributes have no values here; ldapts says one value, many, or octets. */
export function recordOf({ dn, ...attributes }: LdapEntry): LdapRecord {
  const values = new Map<string, readonly string[]>();
  for (const [name, given] of Object.entries(attributes)) {
    const texts = (Array.isArray(given) ? given : [given]).filter((value) => typeof value === "string");
    if (texts.length > 0) values.set(name.toLowerCase(), texts);
  }
  return { dn, values };
}

export const valuesOf = (record: LdapRecord, attribute: string): readonly string[] => record.values.get(attribute.toLowerCase()) ?? [];
